// How a score went, as a line to be drawn: it keeps its value until the next hour or day in which it changed.

import type { RiskHistoryPoint } from "../contract";

export interface Step {
  from_ms: number;
  to_ms: number;
  score: number;
  peak: number;
}

/** The steps between two times, oldest first; what was before the first known point is not known, and not drawn. */
export function steps(points: readonly RiskHistoryPoint[], from_ms: number, to_ms: number): Step[] {
  return points.flatMap((point, index) => {
    const next = points[index + 1];
    const begins = Date.parse(point.at);
    const ends = Math.min(next ? Date.parse(next.at) : to_ms, to_ms);
    if (ends <= from_ms || begins >= to_ms || ends <= begins) return [];
    // A peak before the time shown is not drawn at its edge.
    const peak = begins < from_ms ? point.last : point.peak;
    return [{ from_ms: Math.max(begins, from_ms), to_ms: ends, score: point.last, peak }];
  });
}

/** Where a chart begins: at what is known, so that a young score is not a dot at its right edge; an hour at least. */
export function begin(points: readonly RiskHistoryPoint[], from_ms: number, to_ms: number): number {
  const first_ms = Date.parse(points[0]?.at ?? "");
  return Number.isNaN(first_ms) ? from_ms : Math.min(Math.max(first_ms, from_ms), to_ms - 3_600_000);
}

/** The steps as the path of an SVG whose width is `width` and whose height of 100 points is `height`. */
export function path(line: readonly Step[], from_ms: number, to_ms: number, width: number, height: number): string {
  const x = (at_ms: number) => (((at_ms - from_ms) / (to_ms - from_ms)) * width).toFixed(1);
  const y = (score: number) => (height - (score / 100) * height).toFixed(1);
  return line
    .map((step, index) => `${index === 0 ? "M" : "L"}${x(step.from_ms)} ${y(step.score)}H${x(step.to_ms)}`)
    .join("");
}
