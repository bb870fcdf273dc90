import { expect, it } from "vitest";
import { instantOf } from "./instant";

it("takes a time by the clock of the site", () => {
  expect(instantOf("2026-03-01T08:30", "Asia/Shanghai")).toBe("2026-03-01T00:30:00.000Z");
  expect(instantOf("2026-03-01T08:30:15", "UTC")).toBe("2026-03-01T08:30:15.000Z");
});

it("knows when the clocks were moved", () => {
  expect(instantOf("2026-03-29T01:59", "Europe/Berlin")).toBe("2026-03-29T00:59:00.000Z");
  expect(instantOf("2026-03-29T03:00", "Europe/Berlin")).toBe("2026-03-29T01:00:00.000Z");
  expect(instantOf("2026-07-01T12:00", "America/New_York")).toBe("2026-07-01T16:00:00.000Z");
});

it("refuses what is no time", () => {
  for (const text of ["", "2026-03-01", "2026-13-01T08:30", "yesterday"]) expect(instantOf(text, "UTC")).toBeNull();
});
