// The page's sound: what the policy wants, played; what a person muted; whether the browser lets us.

import { station } from "../station.svelte";
import { lostFor } from "../stream/link";
import { Player } from "./player";
import { muted, voice, type Mutes, type Voice } from "./policy";

class Sounder {
  is_on = $state(false);
  mutes = $state.raw<Mutes>(new Map());
  playing = $state<Voice | null>(null);
  readonly #player = new Player((is_on) => (this.is_on = is_on));

  /** Call from within a click or a key. */
  enable(): void {
    if (!this.#player.isOn()) this.#player.enable();
  }

  mute(): void {
    this.mutes = muted(station.board.alerts.values(), this.mutes, station.time());
    this.follow();
  }

  test(): void {
    this.enable();
    this.#player.test("warning");
  }

  /** Plays what the policy wants now. */
  follow(): void {
    const lost_ms = station.session || station.expired ? lostFor(station.link, station.now_ms) : 0;
    this.playing = voice(station.board.alerts.values(), this.mutes, lost_ms, station.now_ms);
    this.#player.play(this.playing);
  }
}

export const sounder = new Sounder();
