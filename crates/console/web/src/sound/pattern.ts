// The sounds, as notes. Each voice differs in rhythm and in pitch, so that a person tells them apart half asleep and
// through a wall: fire is the three-pulse evacuation rhythm (three half-second tones, a pause), the others are not.

import type { Voice } from "./policy";

export interface Note {
  /** Seconds from the start of the pattern. */
  readonly at_s: number;
  readonly for_s: number;
  readonly from_hz: number;
  /** The pitch slides to this. */
  readonly to_hz: number;
  /** 0 to 1. */
  readonly loudness: number;
  readonly shape: "sine" | "square" | "sawtooth" | "triangle";
}

export interface Pattern {
  readonly notes: readonly Note[];
  /** After this long it begins again. */
  readonly every_s: number;
}

const note = (at_s: number, for_s: number, from_hz: number, to_hz: number, shape: Note["shape"]): Note => ({
  at_s,
  for_s,
  from_hz,
  to_hz,
  loudness: 0.5,
  shape,
});

export const PATTERNS: Record<Voice, Pattern> = {
  fire: {
    notes: [0, 1, 2].map((at_s) => ({ ...note(at_s, 0.55, 560, 1_180, "sawtooth"), loudness: 0.9 })),
    every_s: 4,
  },
  gas: {
    notes: [0, 0.22, 0.44, 0.66].map((at_s) => ({ ...note(at_s, 0.12, 1_560, 1_560, "square"), loudness: 0.6 })),
    every_s: 2.4,
  },
  warning: { notes: [note(0, 0.35, 784, 784, "triangle"), note(0.4, 0.5, 587, 587, "triangle")], every_s: 3.5 },
  lost: {
    notes: [note(0, 0.25, 440, 440, "triangle"), note(0.3, 0.25, 330, 330, "triangle"), note(0.6, 0.5, 220, 220, "triangle")],
    every_s: 12,
  },
  chirp: { notes: [{ ...note(0, 0.09, 2_400, 2_900, "sine"), loudness: 0.35 }], every_s: 20 },
};
