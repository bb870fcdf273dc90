// Sends an order until the station has answered. Every try carries the same order id, so it never counts twice.

import { post, type Answer } from "../api";
import type { AlertView, OrderBody, OrderVerb } from "../contract";

/** A person's order. Sending the same value again is safe; a new intention needs a new one. */
export interface Order {
  readonly alert: string;
  readonly verb: OrderVerb;
  readonly body: OrderBody;
}

/** Waits between the tries; after the last the person decides. */
const AGAIN_MS = [500, 2_000];

export function newOrder(alert: string, verb: OrderVerb, parts: Omit<OrderBody, "order_id"> = {}): Order {
  return { alert, verb, body: { order_id: orderId(), ...parts } };
}

export function send(order: Order): Promise<Answer<{ alert: AlertView }>> {
  return sendTo(`/alerts/${encodeURIComponent(order.alert)}/${order.verb}`, order.body);
}

/** Sends a body with its `order_id` until there is an answer. */
export async function sendTo<T>(path: string, body: { order_id: string }): Promise<Answer<T>> {
  for (const wait_ms of AGAIN_MS) {
    const answer = await post<T>(path, body);
    if (answer.ok || answer.failure.kind !== "later") return answer;
    await new Promise((done) => setTimeout(done, wait_ms));
  }
  return post<T>(path, body);
}

/** `crypto.randomUUID` is there only on https and localhost; a station in a machine room may be neither. */
export function orderId(): string {
  if (typeof crypto.randomUUID === "function") return crypto.randomUUID();
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
