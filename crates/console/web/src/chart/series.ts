// Readings as the charts draw them: series of `[unix ms, value]`, oldest first, appended to as the station tells more.

import type { LastValue, Series } from "../contract";

/** Boolean metrics have no unit and only ever 0 and 1: they are drawn as steps with yes and no. */
export function isSwitch(series: Series): boolean {
  return series.unit === null && series.points.every(([, value]) => value === 0 || value === 1);
}

/** The same name for the same line whatever answer it comes from. */
export function seriesKey(one: { point: string; metric: string }): string {
  return `${one.metric}\n${one.point}`;
}

/**
 * The series with a device's newest values at their ends. What is not newer than a series' end is known already;
 * what has left the time shown is let go, so that a page that stays open does not grow.
 */
export function appended(series: readonly Series[], values: readonly LastValue[], from_ms: number, to_ms: number): Series[] {
  const next = new Map(series.map((one) => [seriesKey(one), trimmed(one, from_ms)]));
  for (const value of values) {
    const at_ms = Date.parse(value.at);
    if (!(at_ms >= from_ms && at_ms <= to_ms)) continue;
    const key = seriesKey(value);
    const known = next.get(key) ?? { point: value.point, metric: value.metric, unit: value.unit, points: [] };
    const last = known.points.at(-1);
    if (last && last[0] >= at_ms) continue;
    next.set(key, { ...known, points: [...known.points, [at_ms, Number(value.value)]] });
  }
  return [...next.values()];
}

/** One point before the time shown stays: the line comes from somewhere. */
function trimmed(series: Series, from_ms: number): Series {
  const first = series.points.findIndex(([at_ms]) => at_ms >= from_ms);
  return first > 1 ? { ...series, points: series.points.slice(first - 1) } : series;
}

/** Measured quantities first, then switches, each by name; the metrics that decided an alert before all others. */
export function inOrder(series: readonly Series[], decisive: ReadonlySet<string>): Series[] {
  const rank = (one: Series) => (decisive.has(seriesKey(one)) ? 0 : 2) + (isSwitch(one) ? 1 : 0);
  return [...series].sort((a, b) => rank(a) - rank(b) || (seriesKey(a) < seriesKey(b) ? -1 : 1));
}

/** The lowest and highest value drawn, with some air, so that a flat line is in the middle and noise is not a mountain. */
export function scaleOf(values: readonly number[], min_span: number): [number, number] {
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0) return [0, 1];
  const low = finite.reduce((a, b) => Math.min(a, b));
  const high = finite.reduce((a, b) => Math.max(a, b));
  const missing = Math.max(0, min_span - (high - low)) / 2;
  const air = Math.max(high - low, min_span) * 0.08;
  return [low - missing - air, high + missing + air];
}

/** A figure with as many digits as say something. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  return String(Number(value.toFixed(digits)));
}
