import { expect, it } from "vitest";
import { arrange, isOutOfPlace } from "./arrangement";
import { boardOf, withAlert } from "./board";
import { sampleAlert } from "./sample_alert";

const fault = sampleAlert({ id: "fault" });
const water = sampleAlert({ id: "water", class: "water" });
const fire = sampleAlert({ id: "fire", class: "fire" });
const two = boardOf([fault, water]);
const ids = (rows: ReturnType<typeof arrange>) => rows.map((row) => row.alert.id);

it("sorts when nobody points at the list", () => {
  expect(ids(arrange([], withAlert(two, fire), false))).toEqual(["fire", "water", "fault"]);
});

it("moves nothing under the cursor: a new alert lines up at the end and is marked", () => {
  const rows = arrange(arrange([], two, false), withAlert(two, fire), true);
  expect(ids(rows)).toEqual(["water", "fault", "fire"]);
  expect(rows.map((row) => row.fresh)).toEqual([false, false, true]);
  expect(isOutOfPlace(rows, withAlert(two, fire))).toBe(true);
});

it("shows changes in place and keeps a finished alert as a shadow", () => {
  const over = { ...water, handling: "closed", condition: "cleared", changed_at: "2026-11-23T03:09:00Z" } as const;
  const seen = { ...fault, handling: "acknowledged", changed_at: "2026-11-23T03:09:00Z" } as const;
  const rows = arrange(arrange([], two, false), withAlert(withAlert(two, over), seen), true);
  expect(rows.map((row) => [row.alert.id, row.gone, row.alert.handling])).toEqual([
    ["water", true, "open"],
    ["fault", false, "acknowledged"],
  ]);
});

it("keeps the mark of a new alert until the list is let go, then everything is in its place", () => {
  const board = withAlert(two, fire);
  const held = arrange(arrange(arrange([], two, false), board, true), board, true);
  expect(held[2]?.fresh).toBe(true);
  const free = arrange(held, board, false);
  expect(free.some((row) => row.fresh || row.gone)).toBe(false);
  expect(isOutOfPlace(free, board)).toBe(false);
});
