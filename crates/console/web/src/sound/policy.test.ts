import { expect, it } from "vitest";
import { sampleAlert } from "../board/sample_alert";
import { CLASSES } from "../contract";
import { isMuted, LOST_QUIET_MS, MUTE_MS, muted, voice } from "./policy";

const none = new Map<string, number>();
const fire = sampleAlert({ id: "fire", class: "fire" });
const gas = sampleAlert({ id: "gas", class: "gas" });
const fault = sampleAlert({ id: "fault", class: "fault" });

it("plays the most urgent class that nobody has acknowledged", () => {
  expect(voice([fault, gas, fire], none, 0, 0)).toBe("fire");
  expect(voice([fault, gas, { ...fire, handling: "acknowledged" }], none, 0, 0)).toBe("gas");
  expect(voice([fault], none, 0, 0)).toBe("chirp");
  expect(voice([{ ...fault, handling: "acknowledged" }], none, 0, 0)).toBeNull();
});

it("keeps sounding for an alert that cleared before anybody looked", () => {
  expect(voice([{ ...gas, condition: "cleared" }], none, 0, 0)).toBe("gas");
});

it("has a voice for every class but information", () => {
  const silent = CLASSES.filter((name) => voice([sampleAlert({ class: name })], none, 0, 0) === null);
  expect(silent).toEqual(["information"]);
});

it("never mutes a fire, not even one that was muted as an early warning before", () => {
  const warning = sampleAlert({ id: "w", class: "early_warning" });
  const mutes = muted([fire, warning], none, 0);
  expect(voice([fire], mutes, 0, 1)).toBe("fire");
  expect(voice([warning], mutes, 0, 1)).toBeNull();
  expect(voice([{ ...warning, class: "fire" }], mutes, 0, 1)).toBe("fire");
});

it("mutes for a time only, and not what comes later", () => {
  const mutes = muted([gas], none, 0);
  expect(isMuted(gas, mutes, MUTE_MS - 1)).toBe(true);
  expect(isMuted(gas, mutes, MUTE_MS)).toBe(false);
  expect(voice([gas, sampleAlert({ id: "co", class: "co" })], mutes, 0, 1)).toBe("gas");
});

it("speaks up when the station has been out of sight for long", () => {
  expect(voice([], none, LOST_QUIET_MS - 1, 0)).toBeNull();
  expect(voice([], none, LOST_QUIET_MS, 0)).toBe("lost");
  expect(voice([fire], none, LOST_QUIET_MS, 0)).toBe("fire");
});
