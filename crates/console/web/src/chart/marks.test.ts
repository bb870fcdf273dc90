import { expect, it } from "vitest";
import { labels, type Mark } from "./marks";

const mark = (at_ms: number): Mark => ({ at_ms, text: "name", tone: "plain" });
const lines = (times: number[]) => labels(times.map(mark), (at) => at, () => 40, 3).map((label) => label.line);

it("keeps names on one line where there is room", () => {
  expect(lines([0, 50, 100])).toEqual([0, 0, 0]);
});

it("moves a name down that would run into its neighbour", () => {
  expect(lines([0, 10, 20, 45])).toEqual([0, 1, 2, 0]);
});

it("leaves a name away rather than write it over another", () => {
  expect(lines([0, 1, 2, 3, 60])).toEqual([0, 1, 2, null, 0]);
});
