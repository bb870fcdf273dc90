// What the alert page says.

import type { Bilingual } from "../contract";

const w = (zh: string, en: string): Bilingual => ({ zh, en });

export const ALERT = {
  where: w("地点", "Where"),
  site: w("单位", "Site"),
  address: w("地址", "Address"),
  device: w("设备", "Device"),
  point: w("部位", "Point"),
  rule: w("规则", "Rule"),
  raised: w("报警时间", "Raised"),
  id: w("编号", "Number"),
  why: w("原因", "Why"),
  evidence: w("依据读数", "Evidence"),
  readings: w("前后读数", "Readings around it"),
  no_readings: w("这段时间没有读数。", "No readings in this time."),
  no_readings_device: w("这条警情没有对应的设备。", "No device belongs to this alert."),
  timeline: w("经过", "What happened"),
  deliveries: w("通知", "Who was told"),
  no_deliveries: w("还没有通知任何人。", "Nobody has been told yet."),
  delivery_head: w("第 {n} 次", "attempt {n}"),
  same_site: w("同单位", "Same site"),
  same_site_none: w("同一单位没有其他未完结的警情。", "Nothing else is open at this site."),
  incomplete: w("历史库没有回应，以上可能不完整。", "The archive does not answer: older entries may be missing."),
  not_found: w("没有这条警情。", "There is no such alert."),
  unavailable: w("读取失败：{why}", "Could not be read: {why}"),
  verification_clock: w("核实计时", "To verify"),
  verification_over: w("已超过 90 秒未核实：按真实火警处理", "Not verified within 90 s: treat it as real"),
  by: w("{user}", "by {user}"),
  to: w("至 {to}", "to {to}"),
  battery: w("电量 {n}%", "battery {n}%"),
  last_seen: w("最后上报 {age}前", "last seen {age} ago"),
} satisfies Record<string, Bilingual>;

export const ORDER = {
  title: w("处置", "Handling"),
  next: w("下一步", "Next step"),
  acknowledge: w("确认", "Acknowledge"),
  verify: w("核实", "Verify"),
  forward: w("转报", "Forward"),
  close: w("结案", "Close"),
  reopen: w("重新打开", "Reopen"),
  finding: w("核实结果", "Finding"),
  cause: w("误报原因", "Cause of the false alarm"),
  note: w("备注", "Note"),
  note_hint: w("谁说的、看到了什么", "who said so, what was seen"),
  to: w("转报给", "Forward to"),
  to_brigade: w("119 消防救援", "119 fire brigade"),
  send: w("提交", "Send"),
  cancel: w("取消", "Cancel"),
  sending: w("正在提交…", "Sending…"),
  refused: w("监控站拒绝了这个操作：{why}", "The station refused: {why}"),
  later: w("监控站没有回应，不确定是否已记录。再试一次不会重复。", "No answer: it may or may not be recorded. Trying again is safe, it never counts twice."),
  no_answer: w("监控站没有回应", "the station did not answer"),
  signed_out: w("登录已过期。", "You have been signed out."),
  never_forward: w("预警不转报 119。", "An early warning is never forwarded to the fire brigade."),
  viewer: w("您的账号只能查看，不能处置。", "Your account sees everything and gives no orders."),
  choose_finding: w("请选择核实结果。", "Choose a finding."),
  choose_cause: w("请选择误报原因。", "Choose the cause."),
} satisfies Record<string, Bilingual>;

export const CHART = {
  loading: w("正在读取曲线…", "Reading the chart…"),
  failed: w("曲线读取失败：{why}", "The chart could not be read: {why}"),
  label: w("{metric} 的曲线", "Chart of {metric}"),
  latest: w("最新", "latest"),
  range: w("范围", "range"),
  hours: w("{n} 小时", "{n} h"),
  days: w("{n} 天", "{n} d"),
} satisfies Record<string, Bilingual>;
