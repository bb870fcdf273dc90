// Made-up figures of the fixture's sites, for the page of reports.

/** @import {Class, DeviceView, FiguresView, ResponseTimesView} from "../src/contract" */

/** @type {(count: number, median_s: number | null, p90_s: number | null, max_s: number | null) => ResponseTimesView} */
const times = (count, median_s, p90_s, max_s) => ({ count, median_s, p90_s, max_s });
const never = times(0, null, null, null);

/** Class, raised, real, false. @type {[Class, number, number, number][]} */
const CLASSES = [
  ["fire", 14, 2, 9],
  ["gas", 3, 1, 1],
  ["fault", 21, 0, 0],
  ["offline", 6, 0, 0],
];

/** @type {(devices: DeviceView[], from: string, to: string, site: string) => FiguresView} */
export function figuresOf(devices, from, to, site) {
  const chosen = devices.filter((one) => site === "" || one.site.id === site);
  const sites = [...new Map(chosen.map((one) => [one.site.id, one.site])).values()];
  const deviceOf = (/** @type {DeviceView} */ one) => ({ source: one.source, name: one.name, label: one.label, claimed: one.claimed });
  return {
    from,
    to,
    classes: CLASSES.map(([name, raised, real, false_alarms]) => ({
      class: name,
      raised,
      real,
      false_alarms,
      drills: name === "fire" ? 1 : 0,
      unreachable: name === "fire" ? 1 : 0,
      unjudged: raised - real - false_alarms - (name === "fire" ? 2 : 0),
      unclosed: name === "fault" ? 4 : 0,
      false_ratio: real + false_alarms > 0 ? false_alarms / (real + false_alarms + (name === "fire" ? 1 : 0)) : null,
      acknowledged: times(raised, 14.2, 41, 96.5),
      verified: real + false_alarms > 0 ? times(real + false_alarms, 118, 305, 811) : never,
      forwarded: name === "fire" ? times(2, 64, 71, 71) : never,
      closed: times(raised - 1, 1_860, 7_300, 86_000),
    })),
    causes: [
      { cause: "cooking", count: 6 },
      { cause: "steam", count: 3 },
      { cause: "dust", count: 1 },
    ],
    offenders: chosen.slice(0, 4).map((one, n) => ({ site: one.site, device: deviceOf(one), raised: 11 - 2 * n, false_alarms: 6 - n })),
    tests: 5,
    sites: sites.map((one, n) => ({ site: one, devices: 40 + n, unheard: n, ratio: 0.9987 - n / 100, offline_s: 4_310 * (n + 1), outages: 2 + n })),
    away: chosen.slice(2, 5).map((one, n) => ({ site: one.site, device: deviceOf(one), ratio: 0.91 + n / 100, offline_s: 7_700 - 900 * n, outages: 3 - n })),
    duty: chosen.slice(0, 1).map((one) => ({
      site: one.site,
      device: deviceOf(one),
      figures: { asked: 6, answered: 4, late: 1, missed: 1, unreachable: 0, denied: 0, interrupted: 0, median_s: 48, worst_s: 655 },
    })),
  };
}
