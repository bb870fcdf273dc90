import { expect, it } from "vitest";
import { alertHref, deviceHref, incidentHref, riskHref, routeOf } from "./route";

it("reads every page's address", () => {
  expect(routeOf("")).toEqual({ page: "board" });
  expect(routeOf("#/")).toEqual({ page: "board" });
  expect(routeOf("#/devices")).toEqual({ page: "devices" });
  expect(routeOf("#/panels")).toEqual({ page: "panels" });
  expect(routeOf("#/duty")).toEqual({ page: "duty" });
  expect(routeOf("#/duty/x")).toEqual({ page: "unknown" });
  expect(routeOf("#/reports")).toEqual({ page: "reports" });
  expect(routeOf("#/risk")).toEqual({ page: "risk" });
  expect(routeOf(riskHref("sunshine"))).toEqual({ page: "risk_site", site: "sunshine" });
  expect(routeOf("#/history")).toEqual({ page: "history" });
  expect(routeOf("#/incidents")).toEqual({ page: "incidents" });
  expect(routeOf(incidentHref("07ab-12-0"))).toEqual({ page: "incident", id: "07ab-12-0" });
  expect(routeOf("#/inspections")).toEqual({ page: "inspections" });
  expect(routeOf("#/audit")).toEqual({ page: "audit" });
  expect(routeOf("#/shadow")).toEqual({ page: "shadow" });
  expect(routeOf("#/tests")).toEqual({ page: "tests" });
  expect(routeOf("#/status")).toEqual({ page: "status" });
  expect(routeOf("#/nowhere")).toEqual({ page: "unknown" });
  expect(routeOf("#/alerts/%E0")).toEqual({ page: "alert", id: "%E0" });
});

it("reads back what it wrote, whatever a maker calls a device", () => {
  expect(routeOf(alertHref("07ab-12-0"))).toEqual({ page: "alert", id: "07ab-12-0" });
  const name = "三楼走廊 / smoke #2?%";
  expect(routeOf(deviceHref("sunshine", "zigbee2mqtt", name))).toEqual({
    page: "device",
    site: "sunshine",
    source: "zigbee2mqtt",
    name,
  });
});
