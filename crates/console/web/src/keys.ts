// The keys of the console. Letters alone, so that one hand finds them in the dark; never while somebody writes.

/** What was pressed, as far as it matters here. */
export interface Pressed {
  key: string;
  /** The key's place on the board, whatever an input method makes of it. */
  code: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  repeat: boolean;
}

/** The name of the pressed key: a small letter, `?`, `Enter`, `Escape`, `ArrowUp`…; null for what is not ours. */
export function keyOf(pressed: Pressed): string | null {
  if (pressed.ctrlKey || pressed.metaKey || pressed.altKey) return null;
  if (pressed.key === "?" || pressed.key === "？") return "?";
  // With a Chinese input method on, the browser reports `Process` and only the place tells the letter.
  const letter = /^Key([A-Z])$/.exec(pressed.code)?.[1];
  if (pressed.key === "Process" || pressed.key === "Unidentified") return letter?.toLowerCase() ?? null;
  if (/^[a-zA-Z0-9]$/.test(pressed.key)) return pressed.key.toLowerCase();
  return ["Enter", "Escape", "ArrowUp", "ArrowDown"].includes(pressed.key) ? pressed.key : null;
}

/** Whether the place where the keyboard is takes letters (or, for Enter, acts by itself). */
export function isTakenBy(place: { tagName: string; isContentEditable?: boolean } | null, key: string): boolean {
  if (place === null) return false;
  const writes = ["INPUT", "TEXTAREA", "SELECT"].includes(place.tagName) || place.isContentEditable === true;
  if (writes) return key !== "Escape";
  return key === "Enter" && ["BUTTON", "A", "SUMMARY"].includes(place.tagName);
}
