import { describe, expect, it } from "vitest";
import { age, clockTime, day, dayTime, millis, shortTime, span, zoneLabel } from "./format";

const at = millis("2026-11-22T19:12:45.123456Z");

describe("times in the site's zone", () => {
  it("shows the zone's clock, not the browser's", () => {
    expect(dayTime(at, "Asia/Shanghai")).toBe("2026-11-23 03:12:45");
    expect(dayTime(at, "Europe/Berlin")).toBe("2026-11-22 20:12:45");
    expect(zoneLabel(at, "Asia/Shanghai")).toBe("GMT+8");
  });

  it("writes midnight as 00, never 24", () => {
    expect(clockTime(millis("2026-11-22T16:00:00Z"), "Asia/Shanghai")).toBe("00:00:00");
  });

  it("reads times with an offset", () => {
    expect(day(millis("2026-11-23T03:12:45+08:00"), "Asia/Shanghai")).toBe("2026-11-23");
  });

  it("names the date only when it is another day there", () => {
    expect(shortTime(at, millis("2026-11-23T10:00:00Z"), "Asia/Shanghai")).toBe("03:12:45");
    expect(shortTime(at, millis("2026-11-23T16:00:01Z"), "Asia/Shanghai")).toBe("11-23 03:12:45");
  });

  it("falls back to UTC for a zone it does not know, and shows something for no time", () => {
    expect(clockTime(at, "Mars/Olympus")).toBe("19:12:45");
    expect(clockTime(millis("soon"), "Asia/Shanghai")).toBe("--:--:--");
  });
});

describe("ages", () => {
  it.each([
    [-5_000, "00:00"],
    [13_900, "00:13"],
    [133_000, "02:13"],
    [3_600_000 * 3 + 309_000, "3:05:09"],
    [86_400_000 * 2 + 3_600_000 * 4, "2 天 4 小时"],
  ])("%d ms is %s", (ms, text) => expect(age(ms, "zh")).toBe(text));

  it("speaks both languages", () => {
    expect(age(86_400_000, "en")).toBe("1 d 0 h");
    expect(span(8_400, "zh")).toBe("8 秒");
    expect(span(400_000, "en")).toBe("6 min");
    expect(span(3 * 86_400_000, "zh")).toBe("3 天");
  });
});
