// The rim towards the station: one request, one answer, and what the answer says about its clock.

import type { Bilingual } from "./contract";
import { failureOf, type Failure } from "./problem";
import { skewFrom } from "./time/clock";

export type Answer<T> = { ok: true; value: T } | { ok: false; failure: Failure };

/** The station promises a refusal or an answer within 5 s; more means that the way to it is broken. */
const ANSWER_MS_MAX = 8_000;

const UNREACHABLE: Bilingual = { en: "the station does not answer", zh: "监控站没有回应" };

/** Told after every answer how far this computer's clock is off, in milliseconds. */
let onSkew: (skew_ms: number) => void = () => undefined;

export function watchSkew(listener: (skew_ms: number) => void): void {
  onSkew = listener;
}

export function get<T>(path: string, query: Record<string, string | number | undefined> = {}): Promise<Answer<T>> {
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === undefined || value === "" ? [] : [[name, String(value)]],
  );
  const text = new URLSearchParams(given).toString();
  return request<T>("GET", text === "" ? path : `${path}?${text}`);
}

export function post<T>(path: string, body: unknown): Promise<Answer<T>> {
  return request<T>("POST", path, body);
}

export function remove(path: string): Promise<Answer<unknown>> {
  return request("DELETE", path, {});
}

async function request<T>(method: string, path: string, body?: unknown): Promise<Answer<T>> {
  const init: RequestInit = { method, signal: AbortSignal.timeout(ANSWER_MS_MAX), cache: "no-store" };
  if (body !== undefined) {
    init.headers = { "Content-Type": "application/json" };
    init.body = JSON.stringify(body);
  }
  const sent_ms = Date.now();
  let response: Response;
  try {
    response = await fetch(`/api/v1${path}`, init);
  } catch {
    return { ok: false, failure: { kind: "later", reason: UNREACHABLE } };
  }
  const skew_ms = skewFrom(response.headers.get("date"), sent_ms, Date.now());
  if (skew_ms !== null) onSkew(skew_ms);
  const value: unknown = await response.json().catch(() => null);
  if (response.ok) return { ok: true, value: value as T };
  return { ok: false, failure: failureOf(response.status, value) };
}
