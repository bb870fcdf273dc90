// What stands where in the list. While a person points at it or has the keyboard in it the rows keep their places:
// nothing may slide under a finger that is about to acknowledge. New alerts then line up at the end, marked, and
// finished ones stay as shadows; the alarm strip above the list shows every new fire at once all the same.

import type { AlertView } from "../contract";
import { sorted, type Board } from "./board";

/** After this long without a movement or key in the list nobody is aiming any more. */
export const HOLD_MS_MAX = 20_000;

export interface Row {
  readonly alert: AlertView;
  /** It came while the list was held. */
  readonly fresh: boolean;
  /** It left the board while the list was held. */
  readonly gone: boolean;
}

export function arrange(shown: readonly Row[], board: Board, held: boolean): Row[] {
  if (!held) return sorted(board).map((alert) => ({ alert, fresh: false, gone: false }));
  const kept = shown.map((row): Row => {
    const alert = board.alerts.get(row.alert.id);
    return alert ? { ...row, alert, gone: false } : { ...row, gone: true };
  });
  const there = new Set(shown.map((row) => row.alert.id));
  const fresh = sorted(board).filter((alert) => !there.has(alert.id));
  return [...kept, ...fresh.map((alert): Row => ({ alert, fresh: true, gone: false }))];
}

/** Whether letting go would move anything. */
export function isOutOfPlace(rows: readonly Row[], board: Board): boolean {
  const right = sorted(board);
  return right.length !== rows.length || right.some((alert, place) => rows[place]?.alert.id !== alert.id);
}
