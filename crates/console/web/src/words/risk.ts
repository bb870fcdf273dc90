// What the risk pages say.

import type { Band, Bilingual } from "../contract";

const w = (zh: string, en: string): Bilingual => ({ zh, en });

export const BAND: Record<Band, Bilingual> = {
  red: w("红", "Red"),
  orange: w("橙", "Orange"),
  yellow: w("黄", "Yellow"),
  blue: w("蓝", "Blue"),
};

export const BAND_MEANS: Record<Band, Bilingual> = {
  red: w("立即检查", "inspect now"),
  orange: w("尽快检查", "inspect soon"),
  yellow: w("按计划检查", "inspect in its turn"),
  blue: w("常规", "as usual"),
};

export const RISK = {
  title: w("风险", "Risk"),
  hint: w("起火之前先查谁。评分只用于排序，不产生也不隐藏任何警情。", "Whom to inspect first, before anything burns. A score only ranks: it raises no alert and hides none."),
  units: w("单位", "Units"),
  buildings: w("建筑", "Buildings"),
  districts: w("区域", "Districts"),
  show: w("查看", "Show"),
  district: w("区域", "District"),
  all_districts: w("全部区域", "All districts"),
  count: w("{shown} / {all} 个单位", "{shown} of {all} units"),
  rank: w("名次", "Rank"),
  unit: w("单位", "Unit"),
  score: w("评分", "Score"),
  made_of: w("构成", "Made of"),
  known: w("已知", "Known"),
  known_hint: w("评分中有依据的部分；其余按中性计", "how much of the points rests on what is known; the rest counts as neutral"),
  inspected: w("上次检查", "Last inspected"),
  never: w("无记录", "not told"),
  why: w("原因", "Why"),
  fires: w("火警 {n}", "{n} on fire"),
  unlisted: w("未登记", "Unlisted"),
  standing: w("不计未处置告警：{n}", "without open alerts: {n}"),
  none: w("没有符合条件的单位。", "No unit matches."),
  no_areas: w("尚未在 sites.toml 的 premises 中登记区域或建筑。", "No district or building is given in the premises of sites.toml yet."),
  points: w("{n} / {max} 分", "{n} of {max}"),
  points_open: w("{n} 分", "{n}"),
  missing: w("未知，按中性计", "not known, neutral"),
  parts: w("构成与原因", "Parts and why"),
  history: w("评分变化", "How it went"),
  no_history: w("还没有变化记录。", "No change yet."),
  last_days: w("近 3 天", "3 days"),
  last_year: w("近一年", "A year"),
  peak: w("峰值 {n}", "peak {n}"),
  chart: w("{name} 的评分变化：从 {from} 到 {to}", "Score of {name} from {from} to {to}"),
  zones: w("分区", "Zones"),
  settings: w("配置版本 {n}", "settings version {n}"),
  as_of: w("正在补算，目前截至 {time}。", "Still being worked out: as of {time}."),
  not_found: w("没有这个单位。", "There is no such unit."),
} satisfies Record<string, Bilingual>;
