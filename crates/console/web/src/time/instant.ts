// From what a clock on a wall shows to the moment that is meant.

import { dayTime } from "./format";

/** The moment at which the clocks of a zone show `2026-03-01T08:30`, as RFC 3339; null when that is no time. Of an hour
 * that comes twice either, of one that is left out a moment beside it. */
export function instantOf(shown: string, zone: string): string | null {
  const as_utc_ms = Date.parse(`${shown}Z`);
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?$/.test(shown) || !Number.isFinite(as_utc_ms)) return null;
  const offset_ms = (at_ms: number): number => Date.parse(`${dayTime(at_ms, zone).replace(" ", "T")}Z`) - at_ms;
  const near_ms = as_utc_ms - offset_ms(as_utc_ms);
  return new Date(as_utc_ms - offset_ms(near_ms)).toISOString();
}
