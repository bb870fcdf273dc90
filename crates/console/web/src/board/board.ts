// The live board: every alert that still needs somebody, folded from the station's events and from answers to orders.
// Pure: a board is never changed, a new one is made.

import { CLASSES, type AlertView } from "../contract";

/** How many finished alerts are remembered, so that a late answer about one cannot bring it back. */
const FINISHED_MAX = 256;

export interface Board {
  readonly alerts: ReadonlyMap<string, AlertView>;
  /** When the alerts that left the board last changed, oldest entry first. */
  readonly finished: ReadonlyMap<string, number>;
}

export const EMPTY_BOARD: Board = { alerts: new Map(), finished: new Map() };

/** The board as the station sends it whole. */
export function boardOf(alerts: readonly AlertView[]): Board {
  const open = alerts.filter((alert) => !isOver(alert));
  return { alerts: new Map(open.map((alert) => [alert.id, alert])), finished: new Map() };
}

/** The board after news of one alert. News older than what is known changes nothing. */
export function withAlert(board: Board, alert: AlertView): Board {
  const changed_ms = Date.parse(alert.changed_at);
  const known = board.alerts.get(alert.id);
  if (known && Date.parse(known.changed_at) > changed_ms) return board;
  const finished_ms = board.finished.get(alert.id);
  if (finished_ms !== undefined && finished_ms > changed_ms) return board;

  const alerts = new Map(board.alerts);
  const finished = new Map(board.finished);
  finished.delete(alert.id);
  if (isOver(alert)) {
    alerts.delete(alert.id);
    finished.set(alert.id, changed_ms);
    const oldest = finished.keys().next().value;
    if (finished.size > FINISHED_MAX && oldest !== undefined) finished.delete(oldest);
  } else {
    alerts.set(alert.id, alert);
  }
  return { alerts, finished };
}

/** Closed, and its cause is over: it needs nobody any more. */
export function isOver(alert: AlertView): boolean {
  return alert.handling === "closed" && alert.condition === "cleared";
}

/** Nobody has looked yet. What belongs to a test waits for nobody. */
export function isUnacknowledged(alert: AlertView): boolean {
  return alert.handling === "open" && !alert.test;
}

/** A fire that nobody has looked at yet: the one thing that may never be quiet. */
export function isLoudFire(alert: AlertView): boolean {
  return alert.class === "fire" && isUnacknowledged(alert);
}

/** What belongs to a test last. Fire first, always; then what nobody has looked at; then class; then age, oldest first. */
export function sorted(board: Board): AlertView[] {
  return [...board.alerts.values()].sort(byUrgency);
}

export function byUrgency(a: AlertView, b: AlertView): number {
  return (
    Number(a.test) - Number(b.test) ||
    Number(b.class === "fire") - Number(a.class === "fire") ||
    attention(a) - attention(b) ||
    CLASSES.indexOf(a.class) - CLASSES.indexOf(b.class) ||
    Date.parse(a.raised_at) - Date.parse(b.raised_at) ||
    (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
  );
}

function attention(alert: AlertView): number {
  if (alert.handling === "open") return 0;
  return alert.handling === "closed" ? 2 : 1;
}

export interface Counts {
  loud_fires: number;
  unacknowledged: number;
  open: number;
}

export function counts(board: Board): Counts {
  const all = [...board.alerts.values()];
  return {
    loud_fires: all.filter(isLoudFire).length,
    unacknowledged: all.filter(isUnacknowledged).length,
    open: all.length,
  };
}
