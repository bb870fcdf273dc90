import { expect, it } from "vitest";
import { skewFrom } from "./clock";

const noon = Date.parse("2026-11-23T12:00:00Z");
const header = "Mon, 23 Nov 2026 12:00:00 GMT";

it("sees no skew within the header's second and the way there and back", () => {
  expect(skewFrom(header, noon + 990, noon + 1_020)).toBe(0);
  expect(skewFrom(header, noon - 20, noon + 10)).toBe(0);
});

it("sees a workstation that is five minutes slow", () => {
  expect(skewFrom(header, noon - 300_000, noon - 299_980)).toBe(300_490);
});

it("sees nothing without a readable header", () => {
  expect(skewFrom(null, noon, noon)).toBeNull();
  expect(skewFrom("today", noon, noon)).toBeNull();
});
