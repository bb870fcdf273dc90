// The language of the pages: Chinese first, English by a switch, remembered in this browser.

import type { Bilingual } from "../contract";
import type { Tongue } from "../time/format";
import { fill, inTongue, type Figures } from "./fill";

const KEY = "watchfire.tongue";

function remembered(): Tongue {
  return localStorage.getItem(KEY) === "en" ? "en" : "zh";
}

class Speech {
  tongue = $state<Tongue>(remembered());

  switchTo(tongue: Tongue): void {
    this.tongue = tongue;
    localStorage.setItem(KEY, tongue);
    document.documentElement.lang = tongue === "zh" ? "zh-CN" : "en";
  }
}

export const speech = new Speech();

/** A word or sentence in the language of the pages, its `{figures}` filled in. */
export function say(text: Bilingual, figures?: Figures): string {
  return fill(inTongue(text, speech.tongue), figures);
}

/** The other language's side, for what stands there in both. */
export function sayOther(text: Bilingual): string {
  return inTongue(text, speech.tongue === "zh" ? "en" : "zh");
}
