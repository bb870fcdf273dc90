import { expect, it } from "vitest";
import type { Bilingual } from "../contract";
import { ALERT, CHART, ORDER } from "./alert";
import { BOARD, NEXT, STRIP } from "./board";
import { fill, inTongue } from "./fill";
import { DEVICES, HISTORY, STATUS } from "./list";
import { ASKED_OUTCOME, DUTY, DUTY_FIGURE, DUTY_OUTCOME, PANEL_ORDER, PANELS, stateName } from "./panel";
import { HELP, LINK, LOGIN, PAGE, SOUND } from "./page";
import { ACTION, actionName, AUDIT, INCIDENTS, INSPECTIONS, LOOK_BACK, ROUND_KIND, STOOD } from "./past";
import { PERIOD, REPORTS } from "./reports";
import { SHADOW } from "./shadow";
import { TESTS } from "./tests";
import * as trade from "./trade";

const { CLASS, SEVERITY, CONDITION, HANDLING, STEP, VERDICT, CAUSE, DEVICE_STATE, DELIVERY_STATE } = trade;
const books: Record<string, Bilingual>[] = [
  ...[ALERT, CHART, ORDER, BOARD, NEXT, STRIP, DEVICES, HISTORY, STATUS, PERIOD, REPORTS, SHADOW, TESTS, HELP, LINK],
  ...[LOGIN, PAGE, SOUND],
  ...[LOOK_BACK, INCIDENTS, INSPECTIONS, ROUND_KIND, AUDIT, ACTION, STOOD],
  ...[PANELS, PANEL_ORDER, DUTY, ASKED_OUTCOME, DUTY_OUTCOME, DUTY_FIGURE],
  ...[CLASS, SEVERITY, CONDITION, HANDLING, STEP, VERDICT, CAUSE, DEVICE_STATE, DELIVERY_STATE],
];
const figures = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(String).sort();

it("says everything in both languages, with the same figures", () => {
  for (const book of books) {
    for (const [name, text] of Object.entries(book)) {
      expect(text.zh, name).not.toBe("");
      expect(text.en, name).not.toBe("");
      expect(figures(text.en), name).toEqual(figures(text.zh));
    }
  }
});

it("fills figures and leaves one that is missing in sight", () => {
  expect(fill("{n} of {all}", { n: 0 })).toBe("0 of {all}");
});

it("falls back to the other language rather than show nothing", () => {
  expect(inTongue({ zh: "", en: "Hall" }, "zh")).toBe("Hall");
  expect(inTongue({ zh: "大厅", en: "" }, "en")).toBe("大厅");
});

it("names metrics of makers by the maker's word and writes units as people do", () => {
  expect(trade.metricName("vendor.lux")).toEqual({ zh: "lux", en: "lux" });
  expect(trade.metricName("temperature").zh).toBe("温度");
  expect([trade.unitText("Cel"), trade.unitText("1"), trade.unitText("%LEL"), trade.unitText(null)]).toEqual(["°C", "", "%LEL", ""]);
});

it("names what people did, and what it does not know by its own name", () => {
  expect(actionName("close").zh).toBe("结案");
  expect(actionName("new_deed")).toEqual({ zh: "new_deed", en: "new_deed" });
});

it("names the states of panels, and one that no standard knows by its own name", () => {
  expect(stateName("mains_fault").zh).toBe("主电故障");
  expect(stateName("bit9")).toEqual({ zh: "bit9", en: "bit9" });
});
