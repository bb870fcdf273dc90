// The station's time as this page knows it. Workstation clocks are wrong more often than one thinks, and an age of
// "-04:59" at 3 a.m. helps nobody: every answer's `Date` header corrects ours, to its own precision of a second.

/** Beyond this the workstation's clock is worth a word: requirements R7, one system clock, 5 seconds. */
export const SKEW_MS_MAX = 5_000;

/** Station minus workstation, judged from one answer. A difference within the header's precision and the way is none. */
export function skewFrom(date_header: string | null, sent_ms: number, received_ms: number): number | null {
  if (date_header === null) return null;
  const station_ms = Date.parse(date_header);
  if (!Number.isFinite(station_ms)) return null;
  // The header is cut to the second: the answer was made somewhere in [station, station + 1 s).
  const earliest = station_ms - received_ms;
  const latest = station_ms + 1_000 - sent_ms;
  if (earliest <= 0 && latest >= 0) return 0;
  return Math.round((earliest + latest) / 2);
}
