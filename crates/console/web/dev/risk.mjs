// Made-up risk of the fixture's sites.

import { SITES } from "./world.mjs";

/** @import {Band, Bilingual, PartName, RiskAreaPage, RiskHistory, RiskPage, RiskPartView, RiskRankView, RiskSiteView, RiskUnitView} from "../src/contract" */

const HOUR_MS = 3_600_000;

/** @type {(zh: string, en: string) => Bilingual} */
const text = (zh, en) => ({ zh, en });

/** Name, words, points and most of each part; the first site, the second, the third. @type {[PartName, Bilingual, number[], number][]} */
const PARTS = [
  ["live", text("未处置告警", "open alerts"), [31.2, 0, 0], 0],
  ["faults", text("故障与离线", "faults and offline time"), [6.1, 11.4, 1.1], 20],
  ["hazards", text("隐患", "hazards"), [7.2, 5.5, 3.1], 16],
  ["occupants", text("人员", "occupants"), [4.4, 1.2, 0], 9],
  ["premises", text("建筑", "premises"), [5.1, 2.9, 1.2], 12],
];
const DISTRICTS = ["江城市/青山区", "江城市/江岸区", "江城市/武昌区"];

/** @type {(score: number) => Band} */
const bandOf = (score) => (score >= 60 ? "red" : score >= 40 ? "orange" : score >= 20 ? "yellow" : "blue");

/** @type {(now_ms: number, score: number) => RiskHistory} */
function history(now_ms, score) {
  const span = (/** @type {number} */ count, /** @type {number} */ step_ms) =>
    Array.from({ length: count }, (_, index) => {
      const last = index === count - 1 ? score : Math.round(score * (0.55 + 0.3 * Math.abs(Math.sin(index * 1.7))));
      const at = new Date((Math.floor(now_ms / step_ms) - (count - 1 - index) * 3) * step_ms).toISOString();
      return { at, peak: index % 5 === 3 ? 100 : last, last };
    });
  return { hours: span(20, HOUR_MS), days: span(90, 24 * HOUR_MS) };
}

/** @type {(index: number) => RiskPartView[]} */
function partsOf(index) {
  return PARTS.map(([part, label, points, points_max]) => ({
    part,
    label,
    points: points[index] ?? 0,
    points_max,
    why: text("预警 1 条", "open: 1 early warning"),
    factors:
      points_max === 0
        ? []
        : [
            { name: `${part}-1`, label, points: points[index] ?? 0, points_max: points_max - 4, missing: false, why: text("3 项", "3 of them") },
            { name: `${part}-2`, label: text("另一项", "another one"), points: 0, points_max: 4, missing: true, why: text("未知", "not known") },
          ],
  }));
}

/** @type {(now_ms: number, index: number) => RiskUnitView} */
function unitOf(now_ms, index) {
  const parts = partsOf(index);
  const total = parts.reduce((sum, part) => sum + part.points, 0);
  const score = Math.floor(total);
  return {
    zone: null,
    name: SITES[index]?.name ?? text("", ""),
    score,
    standing: total - (parts[0]?.points ?? 0),
    band: bandOf(score),
    fires: 0,
    known_percent: [78, 46, 63][index] ?? 0,
    settings_version: 1,
    inspected_at: index === 1 ? null : new Date(now_ms - 40 * 24 * HOUR_MS).toISOString(),
    why: text(`风险 ${score} 分：隐患（逾期未整改隐患：3）；故障与离线`, `risk ${score}: hazards (overdue hazards: 3); faults and offline time`),
    parts,
    history: history(now_ms, score),
  };
}

/** The answer to a question below `/risk`; null when there is none. @type {(now_ms: number, path: string, query: URLSearchParams) => RiskPage | RiskAreaPage | RiskSiteView | null} */
export function risk(now_ms, path, query) {
  const units = SITES.map((site, index) => ({ site, index, unit: unitOf(now_ms, index) })).sort((a, b) => b.unit.score - a.unit.score);
  if (path === "/risk") {
    /** @type {RiskRankView[]} */
    const all = units.map(({ site, index, unit }, place) => ({
      ...unit,
      rank: place + 1,
      site: site.id,
      kind: site.kind,
      district: DISTRICTS[index] ?? null,
      building: null,
      listed: true,
    }));
    const found = all.filter((one) => (!query.get("band") || one.band === query.get("band")) && (one.district ?? "").startsWith(query.get("district") ?? ""));
    const bands = { red: 0, orange: 0, yellow: 0, blue: 0 };
    all.forEach((one) => (bands[one.band] += 1));
    return { settings_version: 1, at: new Date(now_ms).toISOString(), total: found.length, bands, units: found };
  }
  if (path === "/risk/areas") {
    const areas = DISTRICTS.map((district, index) => {
      const { score, band, why } = unitOf(now_ms, index);
      return { district, building: null, score, band, units: 1, fires: 0, why };
    });
    return query.get("kind") === "building" ? { total: 0, areas: [] } : { total: areas.length, areas };
  }
  const wanted = units.find(({ site }) => path === `/risk/sites/${site.id}`);
  return wanted ? { site: wanted.site.id, unit: wanted.unit, zones: [] } : null;
}
