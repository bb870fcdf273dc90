import { expect, it } from "vitest";
import { daysOf, moved, spanOf } from "./period";

it("takes days, weeks from Monday and months in the zone of the site", () => {
  expect(spanOf("day", "2026-03-01", "Asia/Shanghai")).toEqual({
    from: "2026-02-28T16:00:00.000Z",
    to: "2026-03-01T16:00:00.000Z",
    first: "2026-03-01",
    last: "2026-03-01",
  });
  expect(spanOf("week", "2026-03-01", "Etc/UTC")).toMatchObject({ first: "2026-02-23", last: "2026-03-01" });
  expect(spanOf("week", "2026-03-02", "Etc/UTC")).toMatchObject({ first: "2026-03-02", last: "2026-03-08" });
  expect(spanOf("month", "2026-02-11", "America/St_Johns")).toMatchObject({
    from: "2026-02-01T03:30:00.000Z",
    to: "2026-03-01T03:30:00.000Z",
    last: "2026-02-28",
  });
});

it("makes days of 23 and 25 hours where clocks are turned", () => {
  const hours = (date: string) => {
    const span = spanOf("day", date, "Europe/Berlin");
    return span && (Date.parse(span.to) - Date.parse(span.from)) / 3_600_000;
  };
  expect([hours("2026-03-28"), hours("2026-03-29"), hours("2026-10-25")]).toEqual([24, 23, 25]);
});

it("moves by periods and refuses what is no date", () => {
  expect([moved("day", "2026-03-01", -1), moved("week", "2026-03-01", 1)]).toEqual(["2026-02-28", "2026-03-08"]);
  expect([moved("month", "2026-03-31", -1), moved("month", "2026-12-05", 1)]).toEqual(["2026-02-01", "2027-01-01"]);
  expect([spanOf("day", "", "Etc/UTC"), spanOf("day", "2026-13-45", "Etc/UTC")]).toEqual([null, null]);
});

it("takes whole days of a site's calendar, and leaves an end open", () => {
  expect(daysOf("2026-03-01", "2026-03-02", "Asia/Shanghai")).toEqual({ from: "2026-02-28T16:00:00.000Z", to: "2026-03-02T16:00:00.000Z" });
  expect(daysOf("", "2026-03-02", "UTC")).toEqual({ from: "", to: "2026-03-03T00:00:00.000Z" });
  expect(daysOf("2026-03-01", "", "UTC").to).toBe("");
});
