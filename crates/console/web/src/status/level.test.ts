import { expect, it } from "vitest";
import { archiveLevel, diskLevel, rulesLevel } from "./level";

it("turns at the bars the station promises", () => {
  expect([0.9, 1, 9.9, 10].map(rulesLevel)).toEqual(["good", "warn", "warn", "bad"]);
  expect([9, 10, 60].map(archiveLevel)).toEqual(["good", "warn", "bad"]);
  expect([0.84, 0.85, 0.95].map(diskLevel)).toEqual(["good", "warn", "bad"]);
});
