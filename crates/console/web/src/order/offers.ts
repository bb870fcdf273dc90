// What may be ordered for an alert, and what comes next. The station's rules decide in the end; here stands what is
// worth offering, so that a person is not led into a refusal. An early warning is never forwarded to the fire brigade.

import type { AlertView, Bilingual, OrderVerb } from "../contract";
import { isOver } from "../board/board";
import { NEXT } from "../words/board";

/** A fire that nobody could verify within this is treated as real (requirements §7.4). */
export const VERIFY_MS_MAX = 90_000;

export interface NextStep {
  text: Bilingual;
  /** The order that does it; null when the step is done elsewhere, or nothing is left to do. */
  verb: OrderVerb | null;
}

export function offers(alert: AlertView): OrderVerb[] {
  const handling = alert.handling;
  if (handling === "closed") return ["reopen"];
  const is_found_out = handling === "verified" || handling === "forwarded";
  const all: OrderVerb[] = [];
  if (handling === "open") all.push("acknowledge");
  all.push("verify");
  if (mayForward(alert)) all.push("forward");
  if (is_found_out || !endangersLife(alert)) all.push("close");
  return all;
}

/** Such an alert is closed only when somebody found out what it was. */
export function endangersLife(alert: AlertView): boolean {
  return alert.class === "fire" || alert.class === "gas" || alert.class === "co";
}

/** Only what is verified as real, or could not be verified, and never an early warning. */
export function mayForward(alert: AlertView): boolean {
  if (alert.class === "early_warning") return false;
  if (alert.handling !== "verified" && alert.handling !== "forwarded") return false;
  return alert.verdict?.kind === "real" || alert.verdict?.kind === "unreachable";
}

export function nextStep(alert: AlertView): NextStep {
  switch (alert.handling) {
    case "open":
      return { text: NEXT.acknowledge, verb: "acknowledge" };
    case "acknowledged":
      return { text: alert.class === "fire" ? NEXT.verify_fire : NEXT.verify, verb: "verify" };
    case "verified":
      return afterFinding(alert);
    case "forwarded":
      return alert.condition === "active" && alert.class !== "fire"
        ? { text: NEXT.wait_clear, verb: null }
        : { text: NEXT.wait_clear, verb: "close" };
    case "closed":
      return { text: isOver(alert) ? NEXT.done : NEXT.still_active, verb: null };
  }
}

function afterFinding(alert: AlertView): NextStep {
  const kind = alert.verdict?.kind;
  if (kind === "false" || kind === "test") return { text: NEXT.close, verb: "close" };
  if (alert.class === "early_warning") return { text: NEXT.inspect, verb: "close" };
  if (endangersLife(alert)) return { text: NEXT.forward, verb: "forward" };
  return { text: NEXT.repair, verb: "close" };
}

/** How much is left of the time in which a fire must be verified; null when no clock runs. */
export function verificationLeft(alert: AlertView, now_ms: number): number | null {
  const waits = alert.handling === "open" || alert.handling === "acknowledged";
  if (alert.class !== "fire" || !waits) return null;
  return Date.parse(alert.raised_at) + VERIFY_MS_MAX - now_ms;
}
