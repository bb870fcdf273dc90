// Contrast, computed from the style sheet itself: AA for all text, in both themes.

import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { CLASSES } from "./contract";

const sheet = readFileSync(new URL("./page.css", import.meta.url), "utf8");

function colours(block: string): Map<string, string> {
  const at = sheet.indexOf(block);
  const body = sheet.slice(at, sheet.indexOf("}", at));
  return new Map([...body.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6})/g)].map((found) => [found[1] ?? "", found[2] ?? ""]));
}

const light = colours(":root {");
const dark = new Map([...light, ...colours(':root[data-theme="dark"] {')]);

function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(theme: Map<string, string>, ink: string, ground: string): number {
  const [a = 0, b = 0] = [ink, ground].map((name) => luminance(theme.get(name) ?? ""));
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

it.each([
  ["light", light],
  ["dark", dark],
])("has AA contrast in the %s theme", (_, theme) => {
  for (const ground of ["bg", "surface", "raised"]) {
    for (const ink of ["text", "dim", "accent", "good", "bad"]) {
      expect(contrast(theme, ink, ground), `${ink} on ${ground}`).toBeGreaterThanOrEqual(4.5);
    }
  }
  for (const name of CLASSES) {
    expect(contrast(theme, `${name}-ink`, name), name).toBeGreaterThanOrEqual(4.5);
  }
  expect(contrast(theme, "good", "good-bg")).toBeGreaterThanOrEqual(4.5);
  expect(contrast(theme, "warn-ink", "warn-bg")).toBeGreaterThanOrEqual(4.5);
  expect(contrast(theme, "accent-ink", "accent")).toBeGreaterThanOrEqual(4.5);
});

it("says the dark theme twice in the same words: chosen, and as the system has it", () => {
  expect(colours(':root:not([data-theme="light"]) {')).toEqual(colours(':root[data-theme="dark"] {'));
});
