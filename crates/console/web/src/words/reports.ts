// What the page of reports says.

import type { Bilingual } from "../contract";
import type { Period } from "../reports/period";

const w = (zh: string, en: string): Bilingual => ({ zh, en });

export const PERIOD: Record<Period, Bilingual> = {
  day: w("日报", "Daily"),
  week: w("周报", "Weekly"),
  month: w("月报", "Monthly"),
};

export const REPORTS = {
  title: w("报表", "Reports"),
  period: w("周期", "Period"),
  date: w("日期", "Date"),
  earlier: w("上一期", "Earlier"),
  later: w("下一期", "Later"),
  span: w("{first} 至 {last}（{zone}）", "{first} to {last} ({zone})"),
  print: w("打印版", "Page to print"),
  figures_xlsx: w("导出统计 Excel", "Figures as Excel"),
  alerts_xlsx: w("导出警情 Excel", "Alerts as Excel"),
  table_csv: w("此表 CSV", "This table as CSV"),
  csv: w("导出警情 CSV", "Alerts as CSV"),
  alerts: w("警情与误报", "Alerts and false alarms"),
  raised: w("警情", "Alerts"),
  real: w("真实", "Real"),
  false_alarms: w("误报", "False"),
  false_ratio: w("误报率", "False ratio"),
  false_hint: w("误报率 = 误报 /（真实 + 误报 + 无法联系）", "False ratio = false / (real + false + nobody reached)"),
  drills: w("演练", "Drills"),
  unreachable: w("无法联系", "Nobody reached"),
  unjudged: w("未核实", "Not verified"),
  unclosed: w("未结案", "Not closed"),
  tests: w("另有 {n} 条属于测试，未计入。", "{n} more belong to tests and are not counted."),
  none: w("这段时间没有警情。", "No alerts in this span."),
  response: w("响应时间（自报警起：中位 / 九成 / 最长）", "Response times (from the alarm: median / 90 % / longest)"),
  acknowledged: w("确认", "Acknowledged"),
  verified: w("核实", "Verified"),
  forwarded: w("转报", "Forwarded"),
  closed: w("结案", "Closed"),
  times: w("{median} / {p90} / {max}（{count} 条）", "{median} / {p90} / {max} ({count})"),
  causes: w("误报原因", "Causes of false alarms"),
  offenders: w("报警最多的设备", "Devices that raise most"),
  availability: w("设备在线率", "Availability of devices"),
  ratio: w("在线率", "Availability"),
  devices: w("设备数", "Devices"),
  unheard: w("未上报", "Not heard"),
  unheard_hint: w("整段时间没有上报、也没有离线警情的设备不计入在线率。", "Devices that sent nothing and have no offline alert do not count."),
  outages: w("离线次数", "Outages"),
  offline: w("离线时长", "Offline for"),
  away: w("离线最久的设备", "Devices that were away longest"),
  duty: w("查岗", "Duty checks"),
  count: w("次数", "Count"),
  made: w("制表时间 {time}", "Made at {time}"),
} satisfies Record<string, Bilingual>;
