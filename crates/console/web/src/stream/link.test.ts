import { expect, it } from "vitest";
import { broken, connecting, heard, judged, lostFor, QUIET_MS_MAX } from "./link";

it("is live while the station talks", () => {
  expect(judged(heard(1_000), 1_000 + QUIET_MS_MAX).state).toBe("live");
});

it("is lost since the last word, not since somebody noticed", () => {
  const lost = judged(heard(1_000), 1_001 + QUIET_MS_MAX);
  expect(lost).toEqual({ state: "lost", since_ms: 1_000, heard_ms: 1_000 });
  expect(lostFor(lost, 31_000)).toBe(30_000);
});

it("keeps the first moment of a loss through failing reconnects", () => {
  const lost = broken(heard(1_000), 2_000);
  expect(broken(lost, 9_000)).toBe(lost);
  expect(judged(lost, 99_000)).toBe(lost);
});

it("gives up on a first connection that never answers", () => {
  expect(judged(connecting(0), QUIET_MS_MAX + 1).state).toBe("lost");
  expect(lostFor(connecting(0), 5_000)).toBe(0);
});
