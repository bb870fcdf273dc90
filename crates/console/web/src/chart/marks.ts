// Moments marked across the charts, and where their names find room.

import type { Class } from "../contract";

export interface Mark {
  readonly at_ms: number;
  readonly text: string;
  /** The class's colour, or none of its own. */
  readonly tone: Class | "plain";
}

export interface Label {
  readonly mark: Mark;
  readonly x: number;
  /** 0 is the top line; a label that would run into its neighbour goes one lower; null where there is no room. */
  readonly line: number | null;
}

/** Lays the names of marks out from left to right in at most `lines` lines. */
export function labels(
  marks: readonly Mark[],
  x_of: (at_ms: number) => number,
  width_of: (text: string) => number,
  lines: number,
): Label[] {
  const ends = new Array<number>(lines).fill(Number.NEGATIVE_INFINITY);
  return [...marks]
    .sort((a, b) => a.at_ms - b.at_ms)
    .map((mark) => {
      const x = x_of(mark.at_ms);
      const free = ends.findIndex((end) => end <= x);
      if (free < 0) return { mark, x, line: null };
      ends[free] = x + width_of(mark.text);
      return { mark, x, line: free };
    });
}
