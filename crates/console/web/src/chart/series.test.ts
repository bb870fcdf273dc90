import { expect, it } from "vitest";
import type { LastValue, Series } from "../contract";
import { appended, figure, inOrder, isSwitch, scaleOf, seriesKey } from "./series";

const temperature: Series = { point: "t", metric: "temperature", unit: "Cel", points: [[1_000, 20], [2_000, 21]] };
const smoke: Series = { point: "s", metric: "smoke_alarm", unit: null, points: [[1_000, 0], [2_000, 1]] };
const value = (parts: Partial<LastValue>): LastValue => ({
  point: "t",
  metric: "temperature",
  unit: "Cel",
  value: 25,
  at: new Date(3_000).toISOString(),
  ...parts,
});

it("appends what is new and nothing twice", () => {
  const once = appended([temperature], [value({})], 0, 9_000);
  expect(once[0]?.points.at(-1)).toEqual([3_000, 25]);
  expect(appended(once, [value({})], 0, 9_000)).toEqual(once);
  expect(appended(once, [value({ at: new Date(1_500).toISOString() })], 0, 9_000)).toEqual(once);
  expect(temperature.points).toHaveLength(2);
});

it("begins a series for a metric that was not there, and takes booleans as 0 and 1", () => {
  const more = appended([temperature], [value({ point: "s", metric: "smoke_alarm", unit: null, value: true })], 0, 9_000);
  expect(more[1]?.points).toEqual([[3_000, 1]]);
});

it("keeps to the time shown", () => {
  expect(appended([temperature], [value({})], 0, 2_500)).toEqual([temperature]);
  expect(appended([temperature], [value({ at: "soon" })], 0, 9_000)).toEqual([temperature]);
});

it("lets go of what has left the time shown, but for the point the line comes from", () => {
  const long: Series = { ...temperature, points: [1, 2, 3, 4].map((at) => [at * 1_000, at]) };
  expect(appended([long], [], 2_500, 9_000)[0]?.points.map((point) => point[1])).toEqual([2, 3, 4]);
});

it("draws what decided first, measured quantities before switches", () => {
  const humidity: Series = { point: "h", metric: "humidity", unit: "%RH", points: [] };
  const names = (decisive: string[]) => inOrder([smoke, temperature, humidity], new Set(decisive)).map((one) => one.metric);
  expect(names([])).toEqual(["humidity", "temperature", "smoke_alarm"]);
  expect(names([seriesKey(smoke)])).toEqual(["smoke_alarm", "humidity", "temperature"]);
});

it("knows a switch from a quantity", () => {
  expect([isSwitch(smoke), isSwitch(temperature)]).toEqual([true, false]);
});

it("does not blow noise up into a mountain", () => {
  expect(scaleOf([20, 20], 2)).toEqual([18.84, 21.16]);
  expect(scaleOf([], 2)).toEqual([0, 1]);
  const [low, high] = scaleOf([0, 100], 2);
  expect([low, high]).toEqual([-8, 108]);
});

it("writes figures without digits that say nothing", () => {
  expect([0.1234, 3.14159, 24.06, 1234.5, Number.NaN].map(figure)).toEqual(["0.123", "3.14", "24.1", "1235", "–"]);
});
