import { expect, it } from "vitest";
import { sampleAlert } from "../board/sample_alert";
import { CLASSES, type Handling } from "../contract";
import { mayForward, nextStep, offers, verificationLeft, VERIFY_MS_MAX } from "./offers";

const handlings: Handling[] = ["open", "acknowledged", "verified", "forwarded", "closed"];

it("never offers to forward an early warning", () => {
  for (const handling of handlings) {
    const alert = sampleAlert({ class: "early_warning", handling, verdict: { kind: "real" } });
    expect(offers(alert)).not.toContain("forward");
    expect(nextStep(alert).verb).not.toBe("forward");
  }
});

it("forwards only what is real, or what nobody could be reached about", () => {
  const may = (kind: "real" | "false" | "test" | "unreachable") =>
    mayForward(sampleAlert({ class: "fire", handling: "verified", verdict: { kind } }));
  expect([may("real"), may("unreachable"), may("false"), may("test")]).toEqual([true, true, false, false]);
  expect(mayForward(sampleAlert({ class: "fire", handling: "acknowledged" }))).toBe(false);
});

it("never names a next order that it does not offer", () => {
  for (const name of CLASSES) {
    for (const handling of handlings) {
      for (const kind of ["real", "false", "test", "unreachable"] as const) {
        const alert = sampleAlert({ class: name, handling, verdict: { kind } });
        const { verb } = nextStep(alert);
        if (verb) expect(offers(alert), `${name} ${handling} ${kind}`).toContain(verb);
      }
    }
  }
});

it("leads a real fire from acknowledging to the brigade", () => {
  const fire = sampleAlert({ class: "fire" });
  expect(nextStep(fire).verb).toBe("acknowledge");
  expect(nextStep({ ...fire, handling: "acknowledged" }).verb).toBe("verify");
  expect(nextStep({ ...fire, handling: "verified", verdict: { kind: "real" } }).verb).toBe("forward");
  expect(nextStep({ ...fire, handling: "forwarded" }).verb).toBe("close");
});

it("offers to close at once what endangers nobody, and the rest only when it is found out", () => {
  expect(offers(sampleAlert({ class: "fault" }))).toContain("close");
  for (const name of ["fire", "gas", "co"] as const) {
    expect(offers(sampleAlert({ class: name, handling: "acknowledged" }))).not.toContain("close");
    expect(offers(sampleAlert({ class: name, handling: "verified", verdict: { kind: "false" } }))).toContain("close");
  }
});

it("runs the clock of verification for a fire until there is a finding", () => {
  const raised_ms = Date.parse("2026-11-23T03:00:00Z");
  const fire = sampleAlert({ class: "fire", handling: "acknowledged" });
  expect(verificationLeft(fire, raised_ms + 30_000)).toBe(VERIFY_MS_MAX - 30_000);
  expect(verificationLeft(fire, raised_ms + 100_000)).toBeLessThan(0);
  expect(verificationLeft({ ...fire, handling: "verified" }, raised_ms)).toBeNull();
  expect(verificationLeft(sampleAlert(), raised_ms)).toBeNull();
});
