import { expect, it } from "vitest";
import { PATTERNS } from "./pattern";

it("ends every pattern before it begins again", () => {
  for (const pattern of Object.values(PATTERNS)) {
    expect(Math.max(...pattern.notes.map((note) => note.at_s + note.for_s))).toBeLessThan(pattern.every_s);
  }
});

it("gives every voice its own rhythm and pitch, and fire the loudest", () => {
  const shapes = Object.values(PATTERNS).map((pattern) =>
    pattern.notes.map((note) => `${note.at_s}/${note.from_hz}/${note.to_hz}`).join(" "),
  );
  expect(new Set(shapes).size).toBe(shapes.length);
  const loudest = (name: keyof typeof PATTERNS) => Math.max(...PATTERNS[name].notes.map((note) => note.loudness));
  for (const name of ["gas", "warning", "lost", "chirp"] as const) expect(loudest("fire")).toBeGreaterThan(loudest(name));
});
