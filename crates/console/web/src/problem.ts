// Why the station did not do what was asked: RFC 9457 problem details, with the reason in both languages.

import type { Bilingual, DemoHint } from "./contract";

/** What the caller does next. */
export type Failure =
  /** Sign in again, with the demo's log-in where this station is a demo. */
  | { kind: "signed_out"; reason: Bilingual; demo: DemoHint | null }
  /** Do not repeat: show the reason. */
  | { kind: "refused"; status: number; reason: Bilingual }
  /** The same request may be sent again. */
  | { kind: "later"; reason: Bilingual };

/** The failure that an answer of this status and body stands for. */
export function failureOf(status: number, body: unknown): Failure {
  const reason = reasonOf(body) ?? { en: `HTTP ${status}`, zh: `HTTP ${status}` };
  if (status === 401) return { kind: "signed_out", reason, demo: demoOf(body) };
  // 408, 429 and every 5xx say "not now"; the rest says "not so".
  if (status === 408 || status === 429 || status >= 500) return { kind: "later", reason };
  return { kind: "refused", status, reason };
}

/** The reason in a problem: both languages beside or under `detail`, else its plain text for both. */
export function reasonOf(body: unknown): Bilingual | null {
  if (!isRecord(body)) return null;
  for (const place of [body["detail"], body]) {
    if (isRecord(place) && typeof place["en"] === "string" && typeof place["zh"] === "string") {
      return { en: place["en"], zh: place["zh"] };
    }
  }
  const text = [body["detail"], body["title"]].find((one) => typeof one === "string" && one !== "");
  return typeof text === "string" ? { en: text, zh: text } : null;
}

function demoOf(body: unknown): DemoHint | null {
  const demo = isRecord(body) ? body["demo"] : null;
  if (!isRecord(demo) || typeof demo["user"] !== "string" || typeof demo["password"] !== "string") return null;
  return { user: demo["user"], password: demo["password"] };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
