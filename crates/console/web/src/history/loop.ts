// The closed loop of an incident: what people did first, and how long after it began.

import type { Bilingual, PastIncident } from "../contract";
import { span } from "../time/format";
import { INCIDENTS } from "../words/past";
import { say, speech } from "../words/tongue.svelte";

type StepTime = "acknowledged_at" | "verified_at" | "forwarded_at" | "closed_at";

export const STEPS: { at: StepTime; name: Bilingual }[] = [
  { at: "acknowledged_at", name: INCIDENTS.acknowledged },
  { at: "verified_at", name: INCIDENTS.verified },
  { at: "forwarded_at", name: INCIDENTS.forwarded },
  { at: "closed_at", name: INCIDENTS.over },
];

/** How long after its beginning; that it is not over; or a dash. */
export function stepText(incident: PastIncident, step: StepTime): string {
  const at = incident[step];
  if (at !== null) return afterText(incident.opened_at, at);
  return step === "closed_at" ? say(INCIDENTS.open) : "–";
}

export function afterText(from: string, at: string | null): string {
  if (at === null) return "–";
  const after_ms = Date.parse(at) - Date.parse(from);
  return after_ms < 1_000 ? say(INCIDENTS.at_once) : say(INCIDENTS.after, { span: span(after_ms, speech.tongue) });
}
