// Plays a voice until it is told another. Browsers keep a page silent until somebody has touched it; `isOn` says so.

import { PATTERNS, type Note } from "./pattern";
import type { Voice } from "./policy";

export class Player {
  #context: AudioContext | null = null;
  #playing: Voice | null = null;
  #timer: ReturnType<typeof setInterval> | null = null;
  #output: GainNode | null = null;
  readonly #changed: (is_on: boolean) => void;

  constructor(changed: (is_on: boolean) => void) {
    this.#changed = changed;
  }

  /** Call from within a click or a key: only then the browser allows sound. */
  enable(): void {
    if (!this.#context) {
      this.#context = new AudioContext();
      this.#context.onstatechange = () => this.#tell();
    }
    void this.#context.resume().then(() => this.#tell());
  }

  isOn(): boolean {
    return this.#context?.state === "running";
  }

  play(voice: Voice | null): void {
    if (voice === this.#playing) return;
    this.#playing = voice;
    this.#restart();
  }

  /** One round of a voice, to hear that the loudspeaker works. */
  test(voice: Voice): void {
    const context = this.#context;
    if (!context) return;
    for (const note of PATTERNS[voice].notes) sound(context, context.destination, note);
  }

  #tell(): void {
    this.#restart();
    this.#changed(this.isOn());
  }

  #restart(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    // Notes already scheduled fall silent with their output.
    this.#output?.disconnect();
    this.#output = null;
    const context = this.#context;
    if (this.#playing === null || context === null || !this.isOn()) return;

    const pattern = PATTERNS[this.#playing];
    const output = context.createGain();
    output.connect(context.destination);
    this.#output = output;
    const round = () => pattern.notes.forEach((note) => sound(context, output, note));
    round();
    this.#timer = setInterval(round, pattern.every_s * 1_000);
  }
}

const EDGE_S = 0.012;

function sound(context: AudioContext, output: AudioNode, note: Note): void {
  const begin = context.currentTime + 0.02 + note.at_s;
  const end = begin + note.for_s;
  const tone = context.createOscillator();
  tone.type = note.shape;
  tone.frequency.setValueAtTime(note.from_hz, begin);
  tone.frequency.linearRampToValueAtTime(note.to_hz, end);
  const gain = context.createGain();
  // Short ramps instead of steps: a step clicks.
  gain.gain.setValueAtTime(0, begin);
  gain.gain.linearRampToValueAtTime(note.loudness, begin + EDGE_S);
  gain.gain.setValueAtTime(note.loudness, end - EDGE_S);
  gain.gain.linearRampToValueAtTime(0, end);
  tone.connect(gain).connect(output);
  tone.start(begin);
  tone.stop(end);
}
