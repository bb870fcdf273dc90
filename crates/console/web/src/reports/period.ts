// The span of a report: a day, a week from Monday on, or a month, as the calendar of the site has it.

import { day } from "../time/format";

export const PERIODS = ["day", "week", "month"] as const;
export type Period = (typeof PERIODS)[number];

/** From `from` on, up to before `to`; RFC 3339. `last` is the last day, as a date. */
export interface Span {
  from: string;
  to: string;
  first: string;
  last: string;
}

const DAY_MS = 86_400_000;

/** The span of that kind around a date `2026-03-01`; null when it is no date. */
export function spanOf(period: Period, date: string, zone: string): Span | null {
  const at = Date.parse(`${date}T00:00:00Z`);
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date) || !Number.isFinite(at)) return null;
  const [first, after] = edges(period, new Date(at));
  return {
    from: new Date(midnight(first, zone)).toISOString(),
    to: new Date(midnight(after, zone)).toISOString(),
    first: dateText(first),
    last: dateText(after - DAY_MS),
  };
}

/** From the beginning of a day to the end of another; empty where a date is. */
export function daysOf(first: string, last: string, zone: string): { from: string; to: string } {
  return { from: spanOf("day", first, zone)?.from ?? "", to: spanOf("day", last, zone)?.to ?? "" };
}

/** The date so many periods later (earlier when negative). */
export function moved(period: Period, date: string, count: number): string {
  const at = new Date(`${date}T00:00:00Z`);
  if (!Number.isFinite(at.getTime())) return date;
  if (period === "month") return dateText(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + count, 1));
  return dateText(at.getTime() + count * (period === "week" ? 7 : 1) * DAY_MS);
}

function edges(period: Period, at: Date): [number, number] {
  const [year, month] = [at.getUTCFullYear(), at.getUTCMonth()];
  if (period === "month") return [Date.UTC(year, month, 1), Date.UTC(year, month + 1, 1)];
  if (period === "day") return [at.getTime(), at.getTime() + DAY_MS];
  const monday = at.getTime() - ((at.getUTCDay() + 6) % 7) * DAY_MS;
  return [monday, monday + 7 * DAY_MS];
}

function dateText(at_ms: number): string {
  return new Date(at_ms).toISOString().slice(0, 10);
}

/** The first moment of a date there; `date_ms` is the same date's midnight in UTC. */
function midnight(date_ms: number, zone: string): number {
  const wanted = dateText(date_ms);
  // No zone is further than 14 h from UTC; the date changes once between, on a quarter of an hour.
  const QUARTER_MS = 900_000;
  let [before, after] = [Math.floor((date_ms - 15 * 3_600_000) / QUARTER_MS), Math.ceil((date_ms + 15 * 3_600_000) / QUARTER_MS)];
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (day(middle * QUARTER_MS, zone) < wanted) before = middle;
    else after = middle;
  }
  return after * QUARTER_MS;
}
