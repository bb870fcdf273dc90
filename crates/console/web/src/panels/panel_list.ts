// Transmission devices and duty checks as the pages show them: order, targets, lateness, rates.

import type { DutyCheckView, DutyFigures, PanelName, PanelTargets, PanelView } from "../contract";

/** The columns of figures of duty checks: how many, and how long. */
export const DUTY_COUNTS = ["asked", "answered", "late", "missed", "unreachable", "denied", "interrupted"] as const;
export const DUTY_SPANS = ["median_s", "worst_s"] as const;

/** Whom an order is for: the chosen devices, a site's, or all. */
export type Whom = { kind: "chosen" } | { kind: "site"; site: string } | { kind: "all" };

export function panelKey(panel: PanelName): string {
  return `${panel.site}\n${panel.name}`;
}

/** Those that need a person first: not connected or not answering, then in fire or fault, then by place. */
export function byNeed(a: PanelView, b: PanelView): number {
  return rank(a) - rank(b) || compare(panelKey(a), panelKey(b));
}

function rank(panel: PanelView): number {
  if (panel.state?.includes("fire") || panel.systems.some((system) => system.state.includes("fire"))) return 0;
  if (panel.connected === false || isUnanswered(panel)) return 1;
  if (hasTrouble(panel)) return 2;
  return 3;
}

export function isUnanswered(panel: PanelView): boolean {
  const outcome = panel.inspection.outcome;
  return outcome === "unanswered" || outcome === "unreachable" || outcome === "denied";
}

/** Whether a state is neither rest nor a way of working. */
export function isTrouble(state: string): boolean {
  return !["normal", "started", "feedback", "delay", "manual", "reset"].includes(state);
}

function hasTrouble(panel: PanelView): boolean {
  return [panel.state ?? [], ...panel.systems.map((system) => system.state)].some((states) => states.some(isTrouble));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The order's targets; null when nobody is chosen. */
export function targetsOf(whom: Whom, panels: readonly PanelView[], chosen: ReadonlySet<string>): PanelTargets | null {
  if (whom.kind === "all") return panels.length > 0 ? { all: true } : null;
  if (whom.kind === "site") return { site: whom.site };
  const devices = panels.filter((panel) => chosen.has(panelKey(panel))).map(({ site, name }) => ({ site, name }));
  return devices.length > 0 ? { devices } : null;
}

/** `count` of them, each as likely as any other; `draw(n)` gives a number from 0 to n − 1. */
export function atRandom(panels: readonly PanelView[], count: number, draw: (n: number) => number): Set<string> {
  const left = panels.map(panelKey);
  const drawn = new Set<string>();
  while (drawn.size < count && left.length > 0) {
    const [key] = left.splice(draw(left.length), 1);
    if (key !== undefined) drawn.add(key);
  }
  return drawn;
}

/** How much time a guard has left, in milliseconds, below 0 when he is late; null when the check is over. */
export function answerLeft(check: DutyCheckView, now_ms: number): number | null {
  if (check.outcome !== "waiting") return null;
  return Date.parse(check.asked_at) + check.answer_min * 60_000 - now_ms;
}

/** From the question to the answer, in milliseconds. */
export function answeredAfter(check: DutyCheckView): number | null {
  if (check.answered_at === null) return null;
  return Date.parse(check.answered_at) - Date.parse(check.asked_at);
}

/** Of those whom the question reached, how many answered in time, 0 to 1. What is not over does not count. */
export function onDutyRate(figures: DutyFigures): number | null {
  const judged = figures.answered + figures.late + figures.missed;
  return judged === 0 ? null : figures.answered / judged;
}

/** All sites together; medians cannot be added, so there is none. */
export function totalOf(all: readonly DutyFigures[]): DutyFigures {
  const sum = (name: Exclude<keyof DutyFigures, "median_s" | "worst_s">): number => all.reduce((n, one) => n + one[name], 0);
  const worst = all.flatMap((one) => one.worst_s ?? []);
  return {
    asked: sum("asked"),
    answered: sum("answered"),
    late: sum("late"),
    missed: sum("missed"),
    unreachable: sum("unreachable"),
    denied: sum("denied"),
    interrupted: sum("interrupted"),
    median_s: null,
    worst_s: worst.length === 0 ? null : Math.max(...worst),
  };
}
