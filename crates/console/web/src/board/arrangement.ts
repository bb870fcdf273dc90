// What stands where in the list. While a person points at it or has the keyboard in it the rows keep their places:
// nothing may slide under a finger that is about to acknowledge. New alerts then line up at the end, marked, and
// finished ones stay as shadows; the alarm strip above the list shows every new fire at once all the same.

import type { Board } from "./board";
import { lines, type Line } from "./lines";

/** After this long without a movement or key in the list nobody is aiming any more. */
export const HOLD_MS_MAX = 20_000;

export interface Row extends Line {
  /** It came while the list was held. */
  readonly fresh: boolean;
  /** It left the board while the list was held. */
  readonly gone: boolean;
}

export function arrange(shown: readonly Row[], board: Board, held: boolean): Row[] {
  const now = lines(board);
  if (!held) return now.map((line) => ({ ...line, fresh: false, gone: false }));
  const by_id = new Map(now.map((line) => [line.id, line]));
  const kept = shown.map((row): Row => {
    const line = by_id.get(row.id);
    return line ? { ...row, ...line, gone: false } : { ...row, gone: true };
  });
  const there = new Set(shown.map((row) => row.id));
  const fresh = now.filter((line) => !there.has(line.id));
  return [...kept, ...fresh.map((line): Row => ({ ...line, fresh: true, gone: false }))];
}

/** Whether letting go would move anything. */
export function isOutOfPlace(rows: readonly Row[], board: Board): boolean {
  const right = lines(board);
  return right.length !== rows.length || right.some((line, place) => rows[place]?.id !== line.id);
}
