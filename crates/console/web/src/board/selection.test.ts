import { expect, it } from "vitest";
import { arrange } from "./arrangement";
import { boardOf } from "./board";
import { sampleAlert } from "./sample_alert";
import { chosen, mayAct, moved, nextUnacknowledged, NO_SELECTION, OFFER_MS_MIN, reselect } from "./selection";

const fire = sampleAlert({ id: "fire", class: "fire" });
const gas = sampleAlert({ id: "gas", class: "gas", handling: "acknowledged" });
const fault = sampleAlert({ id: "fault" });
const rows = (...alerts: ReturnType<typeof sampleAlert>[]) => arrange([], boardOf(alerts), false);

it("offers the most urgent alert that nobody has looked at", () => {
  expect(reselect(NO_SELECTION, rows(gas, fault), 0).id).toBe("fault");
  expect(reselect(NO_SELECTION, rows(gas), 0).id).toBe("gas");
  expect(reselect(NO_SELECTION, [], 0).id).toBeNull();
});

it("never lets a key hit an offer that has just appeared", () => {
  const before = reselect(NO_SELECTION, rows(fault), 0);
  expect(mayAct(before, 5_000)).toBe(true);
  const after = reselect(before, rows(fault, fire), 5_000);
  expect(after.id).toBe("fire");
  expect(mayAct(after, 5_000)).toBe(false);
  expect(mayAct(after, 5_000 + OFFER_MS_MIN)).toBe(true);
});

it("keeps a person's choice when a fire comes", () => {
  expect(reselect(chosen("fault", 0), rows(fault, fire), 9).id).toBe("fault");
  expect(mayAct(chosen("fault", 0), 0)).toBe(true);
});

it("offers again when the chosen alert is gone", () => {
  const next = reselect(chosen("fault", 0), rows(fire), 9);
  expect(next).toEqual({ id: "fire", by: "program", since_ms: 9 });
});

it("moves by rows and stays inside, and jumps round to what nobody has looked at", () => {
  const list = rows(fire, gas, fault);
  expect(moved(chosen("fire", 0), list, -1, 0).id).toBe("fire");
  expect(moved(chosen("fire", 0), list, 1, 0).id).toBe("fault");
  expect(nextUnacknowledged(chosen("fault", 0), list, 0).id).toBe("fire");
  expect(nextUnacknowledged(chosen("gas", 0), rows(gas), 0).id).toBe("gas");
});
