import { expect, it } from "vitest";
import { bodyOf, type Draft } from "./scope";

const DRAFT: Draft = { site: "home", whole: true, zones: [], devices: [], dangers: true, minutes: 60, reason: " monthly " };

it("orders a whole site only when that was chosen", () => {
  expect(bodyOf(DRAFT, "o1")).toEqual({
    order_id: "o1",
    site: "home",
    scope: "site",
    dangers: true,
    for_s: 3600,
    reason: "monthly",
  });
  expect(bodyOf({ ...DRAFT, whole: false }, "o1")).toBeNull();
  expect(bodyOf({ ...DRAFT, site: "" }, "o1")).toBeNull();
  expect(bodyOf({ ...DRAFT, reason: " " }, "o1")).toBeNull();
});

it("names devices by source and name, whatever a maker calls them", () => {
  const body = bodyOf({ ...DRAFT, whole: false, zones: ["east"], devices: ["zigbee2mqtt/hall/smoke 1"] }, "o1");
  expect(body?.scope).toEqual({ parts: { zones: ["east"], devices: [{ source: "zigbee2mqtt", name: "hall/smoke 1" }] } });
});
