// A list that is read from the archive page by page.

import type { Answer } from "../api";
import { station } from "../station.svelte";
import { say } from "../words/tongue.svelte";

export interface PageOf<T> {
  items: T[];
  /** Where the next page begins; null after the last. */
  next: string | null;
}

export class Pages<T> {
  items = $state.raw<T[]>([]);
  next = $state<string | null>(null);
  is_loading = $state(false);
  trouble = $state("");
  /** Answers to an older question are thrown away. */
  #question = 0;

  /** Reads the first page (`before` is null) or the one after those that are here. */
  async ask(before: string | null, page: (before: string | null) => Promise<Answer<PageOf<T>>>): Promise<void> {
    this.#question += 1;
    const mine = this.#question;
    this.is_loading = true;
    const answer = await page(before);
    if (mine !== this.#question) return;
    this.is_loading = false;
    if (answer.ok) {
      this.items = before === null ? answer.value.items : [...this.items, ...answer.value.items];
      this.next = answer.value.next;
      this.trouble = "";
    } else if (answer.failure.kind === "signed_out") {
      station.signedOut();
    } else {
      // What answers another question must not stand under this one's.
      if (before === null) [this.items, this.next] = [[], null];
      this.trouble = say(answer.failure.reason);
    }
  }
}

/** The same answer with its list under `items`. */
export function pageOf<A, T>(answer: Answer<A>, read: (value: A) => PageOf<T>): Answer<PageOf<T>> {
  return answer.ok ? { ok: true, value: read(answer.value) } : answer;
}
