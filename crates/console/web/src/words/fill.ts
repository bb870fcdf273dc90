import type { Bilingual } from "../contract";
import type { Tongue } from "../time/format";

export type Figures = Readonly<Record<string, string | number>>;

/** Fills `{name}` with the figure of that name; one that is not given stays visible rather than vanish. */
export function fill(text: string, figures: Figures = {}): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(figures[name] ?? whole));
}

/** One side of a text; an empty side falls back to the other. */
export function inTongue(text: Bilingual, tongue: Tongue): string {
  return tongue === "zh" ? text.zh || text.en : text.en || text.zh;
}
