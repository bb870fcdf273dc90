import { expect, it } from "vitest";
import { begin, path, steps } from "./steps";

const at = (hour: number) => new Date(hour * 3_600_000).toISOString();
const POINTS = [
  { at: at(1), peak: 100, last: 30 },
  { at: at(4), peak: 40, last: 10 },
];

it("keeps a score until it changes", () => {
  expect(steps(POINTS, 0, 6 * 3_600_000)).toEqual([
    { from_ms: 3_600_000, to_ms: 14_400_000, score: 30, peak: 100 },
    { from_ms: 14_400_000, to_ms: 21_600_000, score: 10, peak: 40 },
  ]);
});

it("begins with what was there before the time shown, without its old peak", () => {
  expect(steps(POINTS, 2 * 3_600_000, 3 * 3_600_000)).toEqual([
    { from_ms: 7_200_000, to_ms: 10_800_000, score: 30, peak: 30 },
  ]);
  expect(steps([], 0, 1)).toEqual([]);
});

it("begins where something is known", () => {
  const day = 24 * 3_600_000;
  expect(begin(POINTS, 0, day)).toBe(3_600_000);
  expect(begin(POINTS, 2 * day, 3 * day)).toBe(2 * day);
  expect(begin([], 0, day)).toBe(0);
  expect(begin(POINTS, 0, 2 * 3_600_000)).toBe(3_600_000);
});

it("draws a stair", () => {
  const drawn = path(steps(POINTS, 0, 6 * 3_600_000), 0, 6 * 3_600_000, 600, 100);
  expect(drawn).toBe("M100.0 70.0H400.0L400.0 90.0H600.0");
});
