// The lines of the board: an incident is one line, however many alerts belong to it. See `incidents.rs` of the rules.

import { CLASSES, type AlertView } from "../contract";
import { byUrgency, isUnacknowledged, sorted, type Board } from "./board";

/** An alert counts as seen on its line only when it has stood there so long. */
export const SEEN_MS_MIN = 1_000;

export interface Line {
  /** The incident's; the alert's own where it is in none. */
  readonly id: string;
  /** The one that the line tells of: the most urgent that nobody has looked at, else the most urgent. */
  readonly alert: AlertView;
  /** The other alerts of the incident, most urgent first. */
  readonly others: readonly AlertView[];
}

/** The lines in their order: what belongs to a test last, fire first, then what nobody has looked at, then class and age. */
export function lines(board: Board): Line[] {
  const by_incident = new Map<string, AlertView[]>();
  for (const alert of sorted(board)) {
    const id = lineId(alert);
    by_incident.set(id, [...(by_incident.get(id) ?? []), alert]);
  }
  return [...by_incident].map(([id, alerts]) => lineOf(id, alerts)).sort(byLine);
}

export function lineId(alert: AlertView): string {
  return alert.incident ?? alert.id;
}

/** Every alert of a line. */
export function members(line: Line): AlertView[] {
  return [line.alert, ...line.others];
}

export function isOpen(line: Line): boolean {
  return members(line).some(isUnacknowledged);
}

/** What a person who acknowledges a line has seen of it. */
export function seen(line: Line, now_ms: number): AlertView[] {
  return members(line).filter((one) => isUnacknowledged(one) && now_ms - Date.parse(one.changed_at) >= SEEN_MS_MIN);
}

/** How many devices tell of it. */
export function devices(line: Line): number {
  const named = members(line).map((one) => (one.device ? `${one.site.id}/${one.device.source}/${one.device.name}#${one.point}` : one.id));
  return new Set(named).size;
}

function lineOf(id: string, alerts: AlertView[]): Line {
  const lead = alerts.find(isUnacknowledged) ?? alerts[0];
  if (lead === undefined) throw new Error("a line has an alert");
  return { id, alert: lead, others: alerts.filter((one) => one !== lead) };
}

function byLine(a: Line, b: Line): number {
  const fires = (line: Line) => Number(members(line).some((one) => one.class === "fire"));
  const rank = (line: Line) => Math.min(...members(line).map((one) => CLASSES.indexOf(one.class)));
  const began = (line: Line) => Math.min(...members(line).map((one) => Date.parse(one.raised_at)));
  return (
    Number(a.alert.test) - Number(b.alert.test) ||
    fires(b) - fires(a) ||
    Number(isOpen(b)) - Number(isOpen(a)) ||
    rank(a) - rank(b) ||
    began(a) - began(b) ||
    byUrgency(a.alert, b.alert)
  );
}
