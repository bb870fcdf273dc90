// When a figure of the station's health is worth a colour. The bars are those the station promises to keep.

export type Level = "good" | "warn" | "bad";

function level(value: number, warn: number, bad: number): Level {
  return value >= bad ? "bad" : value >= warn ? "warn" : "good";
}

/** Rules at most a second behind; at ten an alarm is late for a person. */
export function rulesLevel(lag_s: number): Level {
  return level(lag_s, 1, 10);
}

/** The archive at most ten seconds behind; alarms do not wait for it. */
export function archiveLevel(lag_s: number): Level {
  return level(lag_s, 10, 60);
}

/** The station itself alerts at 85 and 95 %. */
export function diskLevel(used_ratio: number): Level {
  return level(used_ratio, 0.85, 0.95);
}
