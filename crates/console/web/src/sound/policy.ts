// Which sound plays. The most urgent alert that nobody has acknowledged decides; a fire cannot be muted.

import type { AlertView, Class } from "../contract";
import { isUnacknowledged } from "../board/board";

/** `lost` is our own trouble: the page cannot see the station, so whoever sits here must look up. */
export type Voice = "fire" | "gas" | "warning" | "chirp" | "lost";

/** How long a mute holds. A new alert sounds all the same. */
export const MUTE_MS = 10 * 60_000;

/** A connection may be lost this long (a station restarts) before it is heard. */
export const LOST_QUIET_MS = 20_000;

const URGENCY: readonly Voice[] = ["fire", "gas", "warning", "lost", "chirp"];

const VOICES: Record<Class, Voice | null> = {
  fire: "fire",
  gas: "gas",
  co: "gas",
  early_warning: "warning",
  water: "warning",
  electrical: "warning",
  supervisory: "chirp",
  fault: "chirp",
  offline: "chirp",
  security: "chirp",
  information: null,
};

/** Alerts that a person muted here, each with the end of its mute. */
export type Mutes = ReadonlyMap<string, number>;

export function voice(alerts: Iterable<AlertView>, mutes: Mutes, lost_ms: number, now_ms: number): Voice | null {
  const wanted = new Set<Voice>();
  if (lost_ms >= LOST_QUIET_MS) wanted.add("lost");
  for (const alert of alerts) {
    const own = VOICES[alert.class];
    if (own && isUnacknowledged(alert) && !isMuted(alert, mutes, now_ms)) wanted.add(own);
  }
  return URGENCY.find((one) => wanted.has(one)) ?? null;
}

/** Everything that sounds now and may be muted is muted until `now_ms + MUTE_MS`. */
export function muted(alerts: Iterable<AlertView>, mutes: Mutes, now_ms: number): Mutes {
  const next = new Map([...mutes].filter(([, until_ms]) => until_ms > now_ms));
  for (const alert of alerts) {
    if (isUnacknowledged(alert) && alert.class !== "fire" && VOICES[alert.class]) next.set(alert.id, now_ms + MUTE_MS);
  }
  return next;
}

export function isMuted(alert: AlertView, mutes: Mutes, now_ms: number): boolean {
  // An alert muted as something else may have become a fire since.
  return alert.class !== "fire" && (mutes.get(alert.id) ?? 0) > now_ms;
}
