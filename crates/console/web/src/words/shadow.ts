// What the page of the draft rules says.

import type { Bilingual } from "../contract";

const w = (zh: string, en: string): Bilingual => ({ zh, en });

export const SHADOW = {
  title: w("规则试运行", "Draft rules"),
  what: w(
    "草案规则与生效规则并行运行，不通知任何人；这里显示它本来会发出的警情，并与实际发出的对比。",
    "A draft of rules runs beside those in force and tells nobody; here is what it would have told, held against what was told.",
  ),
  none: w("没有试运行的规则。在 watchfire.toml 中设置 shadow_rules 并重新加载即可开始。", "There is no draft. Set shadow_rules in watchfire.toml and reload to begin."),
  since: w("自 {time} 起对比，{n} 条规则", "compared since {time}, {n} rules"),
  behind: w("还需读取 {n} 条记录", "{n} entries still to read"),
  same: w("一致", "same"),
  new: w("新增", "new"),
  missing: w("缺失", "missing"),
  earlier: w("提前", "earlier"),
  later: w("延后", "later"),
  waiting: w("等待对应（1 小时内）", "waiting for their counterpart (within an hour)"),
  calls: w("草案会发出的警情", "What the draft would have told"),
  differences: w("与实际的差异", "Differences"),
  no_calls: w("草案还没有发出警情。", "The draft has told nothing yet."),
  no_differences: w("没有差异。", "No differences."),
  time: w("时间", "Time"),
  told: w("实际通知", "Told at"),
  by: w("相差", "By"),
  kind: w("类型", "Class"),
  place: w("位置", "Place"),
  rule: w("规则", "Rule"),
  reason: w("原因", "Reason"),
  seconds: w("{n} 秒", "{n} s"),
  link: w("规则试运行", "Draft rules"),
} satisfies Record<string, Bilingual>;
