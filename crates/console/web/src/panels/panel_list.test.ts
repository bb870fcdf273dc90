import { expect, it } from "vitest";
import type { DutyCheckView, DutyFigures, PanelView } from "../contract";
import { answeredAfter, answerLeft, atRandom, byNeed, onDutyRate, panelKey, targetsOf, totalOf } from "./panel_list";

const asked = { asked_at: null, answered_at: null, outcome: null, by: null };

function panel(name: string, parts: Partial<PanelView> = {}): PanelView {
  return {
    site: "tower",
    name,
    label: { zh: name, en: name },
    zone: null,
    address: 1,
    connected: true,
    heard_at: null,
    period_s: 3600,
    period_by_order: false,
    next_inspection_at: null,
    inspection: { ...asked, outcome: "answered" },
    clock: asked,
    initialisation: asked,
    asking: null,
    waiting: 0,
    unsupported: [],
    state: ["normal"],
    systems: [],
    version: null,
    configuration: null,
    clock_ahead_s: 0,
    duty: null,
    duty_plan: null,
    ...parts,
  };
}

function check(parts: Partial<DutyCheckView>): DutyCheckView {
  return {
    site: "tower",
    device: "1",
    by: null,
    asked_at: "2026-03-01T08:00:00Z",
    answer_min: 5,
    confirmed_at: null,
    answered_at: null,
    operator: null,
    outcome: "waiting",
    ...parts,
  };
}

const none: DutyFigures = {
  asked: 0,
  answered: 0,
  late: 0,
  missed: 0,
  unreachable: 0,
  denied: 0,
  interrupted: 0,
  median_s: null,
  worst_s: null,
};

it("puts a fire first, then who cannot be reached, then who is in trouble", () => {
  const fire = { kind: 1, name: { zh: "", en: "" }, address: 1, state: ["normal", "fire"] };
  const all = [
    panel("1"),
    panel("2", { state: ["normal", "mains_fault"] }),
    panel("3", { inspection: { ...asked, outcome: "unreachable" } }),
    panel("4", { systems: [fire] }),
    panel("5", { connected: false }),
    panel("6", { state: ["normal", "manual"] }),
  ];
  expect(all.sort(byNeed).map((one) => one.name)).toEqual(["4", "3", "5", "2", "1", "6"]);
});

it("names whom an order is for, and nobody when nobody is chosen", () => {
  const all = [panel("1"), panel("2")];
  expect(targetsOf({ kind: "chosen" }, all, new Set([panelKey({ site: "tower", name: "2" }), "gone"]))).toEqual({
    devices: [{ site: "tower", name: "2" }],
  });
  expect(targetsOf({ kind: "chosen" }, all, new Set(["gone"]))).toBeNull();
  expect(targetsOf({ kind: "site", site: "tower" }, all, new Set())).toEqual({ site: "tower" });
  expect(targetsOf({ kind: "all" }, all, new Set())).toEqual({ all: true });
  expect(targetsOf({ kind: "all" }, [], new Set())).toBeNull();
});

it("draws as many as are wanted, none twice", () => {
  const all = ["1", "2", "3", "4"].map((name) => panel(name));
  const last = (n: number): number => n - 1;
  expect([...atRandom(all, 2, last)]).toEqual(["tower\n4", "tower\n3"]);
  expect(atRandom(all, 9, () => 0).size).toBe(4);
});

it("tells how late a guard is", () => {
  const at = (time: string): number => Date.parse(`2026-03-01T${time}Z`);
  expect(answerLeft(check({}), at("08:04:00"))).toBe(60_000);
  expect(answerLeft(check({}), at("08:06:00"))).toBe(-60_000);
  expect(answerLeft(check({ outcome: "answered" }), at("08:04:00"))).toBeNull();
  expect(answeredAfter(check({ answered_at: "2026-03-01T08:00:42Z" }))).toBe(42_000);
  expect(answeredAfter(check({}))).toBeNull();
});

it("blames nobody for a device that could not be reached", () => {
  expect(onDutyRate({ ...none, asked: 9, answered: 3, late: 1, unreachable: 5 })).toBe(0.75);
  expect(onDutyRate({ ...none, asked: 5, unreachable: 5 })).toBeNull();
});

it("adds sites up without a made-up median", () => {
  const total = totalOf([
    { ...none, asked: 2, answered: 2, median_s: 10, worst_s: 12 },
    { ...none, asked: 3, missed: 1, median_s: 30, worst_s: null },
  ]);
  expect(total).toEqual({ ...none, asked: 5, answered: 2, missed: 1, worst_s: 12 });
});
