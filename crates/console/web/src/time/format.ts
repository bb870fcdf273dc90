// Times as people at the site read them: in the site's zone, 24 hours, the same width for every value.

export type Tongue = "zh" | "en";

const formats = new Map<string, Intl.DateTimeFormat>();

function format(zone: string, options: Intl.DateTimeFormatOptions, key: string): Intl.DateTimeFormat {
  const name = `${zone} ${key}`;
  const known = formats.get(name);
  if (known) return known;
  let made: Intl.DateTimeFormat;
  try {
    made = new Intl.DateTimeFormat("en-GB", { ...options, timeZone: zone });
  } catch {
    // A zone the browser does not know must not hide the time: say it in UTC, `zoneLabel` shows that.
    made = new Intl.DateTimeFormat("en-GB", { ...options, timeZone: "UTC" });
  }
  formats.set(name, made);
  return made;
}

/** The zone, or UTC when the browser does not know it. */
export function knownZone(zone: string): string {
  return format(zone, { timeZoneName: "shortOffset" }, "offset").resolvedOptions().timeZone;
}

function part(parts: Intl.DateTimeFormatPart[], type: Intl.DateTimeFormatPartTypes): string {
  return parts.find((one) => one.type === type)?.value ?? "";
}

const ALL: Intl.DateTimeFormatOptions = {
  year: "numeric",
  month: "2-digit",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
};

function partsOf(at_ms: number, zone: string): Intl.DateTimeFormatPart[] {
  return format(zone, ALL, "all").formatToParts(at_ms);
}

/** Milliseconds since the epoch of an RFC 3339 time; `NaN` when it is none. */
export function millis(at: string): number {
  return Date.parse(at);
}

/** `03:12:45`. */
export function clockTime(at_ms: number, zone: string): string {
  if (!Number.isFinite(at_ms)) return "--:--:--";
  const parts = partsOf(at_ms, zone);
  return `${part(parts, "hour")}:${part(parts, "minute")}:${part(parts, "second")}`;
}

/** `03:12`. */
export function clockMinute(at_ms: number, zone: string): string {
  return clockTime(at_ms, zone).slice(0, 5);
}

/** `2026-11-23`. */
export function day(at_ms: number, zone: string): string {
  if (!Number.isFinite(at_ms)) return "----------";
  const parts = partsOf(at_ms, zone);
  return `${part(parts, "year")}-${part(parts, "month")}-${part(parts, "day")}`;
}

/** `2026-11-23 03:12:45`. */
export function dayTime(at_ms: number, zone: string): string {
  return `${day(at_ms, zone)} ${clockTime(at_ms, zone)}`;
}

/** The time alone when it is of the same day as `now_ms` there, else with its date. */
export function shortTime(at_ms: number, now_ms: number, zone: string): string {
  if (day(at_ms, zone) === day(now_ms, zone)) return clockTime(at_ms, zone);
  return `${day(at_ms, zone).slice(5)} ${clockTime(at_ms, zone)}`;
}

/** `11-23 03:12`. */
export function dayMinute(at_ms: number, zone: string): string {
  return `${day(at_ms, zone).slice(5)} ${clockMinute(at_ms, zone)}`;
}

/** `GMT+8`: which clock the times of a site are on. */
export function zoneLabel(at_ms: number, zone: string): string {
  const parts = format(zone, { timeZoneName: "shortOffset" }, "offset").formatToParts(
    Number.isFinite(at_ms) ? at_ms : 0,
  );
  return part(parts, "timeZoneName");
}

const two = (n: number): string => String(n).padStart(2, "0");

/** An age that ticks: `02:13`, `3:05:09`, then `2 天 4 小时` / `2 d 4 h`. Never negative. */
export function age(span_ms: number, tongue: Tongue): string {
  if (!Number.isFinite(span_ms)) return "--:--";
  const seconds = Math.max(0, Math.floor(span_ms / 1000));
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  if (hours < 1) return `${two(minutes)}:${two(seconds % 60)}`;
  if (hours < 24) return `${hours}:${two(minutes)}:${two(seconds % 60)}`;
  const days = Math.floor(hours / 24);
  return tongue === "zh" ? `${days} 天 ${hours % 24} 小时` : `${days} d ${hours % 24} h`;
}

/** A span in words: `8 秒`, `5 分钟`, `3 小时`, `2 天`. */
export function span(span_ms: number, tongue: Tongue): string {
  const seconds = Math.max(0, Math.floor(span_ms / 1000));
  const [count, zh, en] =
    seconds < 120
      ? [seconds, "秒", "s"]
      : seconds < 7200
        ? [Math.floor(seconds / 60), "分钟", "min"]
        : seconds < 172_800
          ? [Math.floor(seconds / 3600), "小时", "h"]
          : [Math.floor(seconds / 86_400), "天", "d"];
  return `${count} ${tongue === "zh" ? zh : en}`;
}
