import { expect, it } from "vitest";
import { boardOf, withAlert } from "./board";
import { devices, isOpen, lines, seen, SEEN_MS_MIN } from "./lines";
import { sampleAlert } from "./sample_alert";

const device = (name: string) => ({ source: "watchfire", name, label: { en: name, zh: name }, claimed: true });
const fire = (n: number, parts = {}) =>
  sampleAlert({ id: `f${n}`, class: "fire", incident: "i1", device: device(`s${n}`), raised_at: `2026-11-23T03:00:0${n}Z`, ...parts });
const ids = (board: ReturnType<typeof boardOf>) => lines(board).map((line) => [line.id, line.alert.id, line.others.length]);

it("shows two hundred alarms of a building as one line, and other things by themselves", () => {
  const storm = Array.from({ length: 200 }, (_, n) => fire(1, { id: `s${n}`, device: device(`s${n}`) }));
  const board = boardOf([...storm, sampleAlert({ id: "fault" }), sampleAlert({ id: "x", class: "fire", incident: "i2" })]);
  expect(lines(board).map((line) => [line.id, line.others.length])).toEqual([
    ["i2", 0],
    ["i1", 199],
    ["fault", 0],
  ]);
  expect(devices(lines(board)[1]!)).toBe(200);
});

it("tells of the first that nobody has looked at, and a new detector opens the line again", () => {
  const acknowledged = { handling: "acknowledged" } as const;
  const board = boardOf([fire(1, acknowledged), fire(2, acknowledged)]);
  expect(isOpen(lines(board)[0]!)).toBe(false);
  const more = withAlert(board, fire(3));
  expect(ids(more)).toEqual([["i1", "f3", 2]]);
  expect(isOpen(lines(more)[0]!)).toBe(true);
});

it("acknowledges only what has stood there long enough to be seen", () => {
  const line = lines(boardOf([fire(1, { changed_at: "2026-11-23T03:00:01Z" }), fire(2, { changed_at: "2026-11-23T03:00:09Z" })]))[0]!;
  const now_ms = Date.parse("2026-11-23T03:00:09Z");
  expect(seen(line, now_ms).map((one) => one.id)).toEqual(["f1"]);
  expect(seen(line, now_ms + SEEN_MS_MIN).map((one) => one.id)).toEqual(["f1", "f2"]);
});

it("puts an incident with a fire before everything else, and tests last", () => {
  const gas = sampleAlert({ id: "g", class: "gas", incident: "i2" });
  const tested = fire(5, { incident: "i9", test: true });
  const board = boardOf([tested, gas, fire(1, { handling: "acknowledged" }), sampleAlert({ id: "e", class: "early_warning", incident: "i1" })]);
  expect(lines(board).map((line) => line.id)).toEqual(["i1", "i2", "i9"]);
});
