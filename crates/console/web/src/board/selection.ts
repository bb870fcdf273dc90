// Which line of the board the keys act on. A person's choice stays; without one the program offers the most urgent alert that
// nobody has looked at. A key pressed for one alert must never hit another that took its place in that moment, so an
// offer does nothing until it has stood there long enough to be read.

import { isOpen } from "./lines";
import type { Row } from "./arrangement";

/** Longer than a person needs to press a key he has already decided to press. */
export const OFFER_MS_MIN = 1_000;

export interface Selection {
  readonly id: string | null;
  readonly by: "person" | "program";
  readonly since_ms: number;
}

export const NO_SELECTION: Selection = { id: null, by: "program", since_ms: 0 };

export function chosen(id: string, now_ms: number): Selection {
  return { id, by: "person", since_ms: now_ms };
}

/** The selection after the rows changed. */
export function reselect(selection: Selection, rows: readonly Row[], now_ms: number): Selection {
  const there = rows.some((row) => !row.gone && row.id === selection.id);
  if (selection.by === "person" && there) return selection;
  const live = rows.filter((row) => !row.gone);
  const offer = live.find((row) => isOpen(row)) ?? live[0];
  const id = offer?.id ?? null;
  if (selection.by === "program" && selection.id === id) return selection;
  return { id, by: "program", since_ms: now_ms };
}

/** Whether a key may act on it now. */
export function mayAct(selection: Selection, now_ms: number): boolean {
  if (selection.id === null) return false;
  return selection.by === "person" || now_ms - selection.since_ms >= OFFER_MS_MIN;
}

/** The alert `step` rows away, staying inside the list. */
export function moved(selection: Selection, rows: readonly Row[], step: number, now_ms: number): Selection {
  const live = rows.filter((row) => !row.gone);
  if (live.length === 0) return NO_SELECTION;
  const here = live.findIndex((row) => row.id === selection.id);
  const place = here < 0 ? 0 : Math.min(live.length - 1, Math.max(0, here + step));
  const row = live[place];
  return row ? chosen(row.id, now_ms) : selection;
}

/** The next alert after the selected one that nobody has looked at, from the top again at the end. */
export function nextUnacknowledged(selection: Selection, rows: readonly Row[], now_ms: number): Selection {
  const live = rows.filter((row) => !row.gone);
  const here = live.findIndex((row) => row.id === selection.id);
  const turned = [...live.slice(here + 1), ...live.slice(0, here + 1)];
  const row = turned.find((one) => isOpen(one));
  return row ? chosen(row.id, now_ms) : selection;
}
