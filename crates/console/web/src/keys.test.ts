import { expect, it } from "vitest";
import { isTakenBy, keyOf } from "./keys";

const pressed = (parts: object) =>
  keyOf({ key: "", code: "", ctrlKey: false, metaKey: false, altKey: false, repeat: false, ...parts });

it("hears letters, also with caps lock and with a Chinese input method on", () => {
  expect(pressed({ key: "a", code: "KeyA" })).toBe("a");
  expect(pressed({ key: "A", code: "KeyA" })).toBe("a");
  expect(pressed({ key: "Process", code: "KeyA" })).toBe("a");
  expect(pressed({ key: "？", code: "Slash" })).toBe("?");
  expect(pressed({ key: "Process", code: "Slash" })).toBeNull();
});

it("leaves the browser's own keys alone", () => {
  expect(pressed({ key: "a", code: "KeyA", ctrlKey: true })).toBeNull();
  expect(pressed({ key: "Tab", code: "Tab" })).toBeNull();
});

it("does not act while somebody writes, nor twice for Enter on a button", () => {
  expect(isTakenBy({ tagName: "TEXTAREA" }, "a")).toBe(true);
  expect(isTakenBy({ tagName: "INPUT" }, "Escape")).toBe(false);
  expect(isTakenBy({ tagName: "BUTTON" }, "Enter")).toBe(true);
  expect(isTakenBy({ tagName: "BUTTON" }, "a")).toBe(false);
  expect(isTakenBy(null, "a")).toBe(false);
});
