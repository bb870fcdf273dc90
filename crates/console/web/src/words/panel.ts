// What the pages of transmission devices and duty checks say.

import type { AskedOutcome, Bilingual, DutyFigures, DutyOutcome } from "../contract";

const w = (zh: string, en: string): Bilingual => ({ zh, en });

export const PANELS = {
  title: w("用户信息传输装置", "Transmission devices of fire panels"),
  count: w("{connected} / {all} 台已连接", "{connected} of {all} connected"),
  none: w("没有登记传输装置。请在 sites.toml 的 transmission_devices 中登记。", "No transmission device is listed. List them in sites.toml under transmission_devices."),
  device: w("装置", "Device"),
  address: w("地址 {n}", "address {n}"),
  no_address: w("无地址", "no address"),
  link: w("连接", "Link"),
  connected: w("已连接", "Connected"),
  not_connected: w("未连接", "Not connected"),
  heard: w("收到 {age}前", "heard {age} ago"),
  never_heard: w("从未收到", "never heard"),
  inspection: w("巡检", "Inspection"),
  never_inspected: w("尚未巡检", "not yet inspected"),
  period: w("每 {span}", "every {span}"),
  by_order_only: w("仅按指令", "only by order"),
  period_by_order: w("（指令设定）", "(by order)"),
  next: w("下次 {time}", "next {time}"),
  asking: w("正在询问：{what}（第 {attempt} 次）", "asking: {what} (attempt {attempt})"),
  waiting: w("另有 {n} 项待询问", "{n} more to ask"),
  unsupported: w("装置不应答：{what}", "not answered: {what}"),
  state: w("状态", "State"),
  state_unknown: w("未读取", "not read"),
  own: w("装置本身", "the device itself"),
  version: w("版本 {version}", "version {version}"),
  clock: w("时钟", "Clock"),
  clock_fine: w("准确", "right"),
  clock_ahead: w("快 {n} 秒", "{n} s fast"),
  clock_behind: w("慢 {n} 秒", "{n} s slow"),
  clock_unknown: w("未读取", "not read"),
  clock_set: w("校时", "set"),
  initialised: w("初始化", "initialised"),
  duty: w("查岗", "Duty check"),
  plan: w("每天 {from} 至 {until} 随机 {checks} 次", "{checks} a day at random, {from} to {until}"),
  no_plan: w("无查岗计划", "no plan"),
  by: w("{who} 指令", "by {who}"),
  select: w("选择", "Select"),
  select_all: w("全选", "All"),
  selected: w("已选 {n} 台", "{n} chosen"),
  to_duty: w("查岗记录与月度统计", "Duty checks and monthly figures"),
} satisfies Record<string, Bilingual>;

export const PANEL_ORDER = {
  title: w("指令", "Orders"),
  viewer: w("当前用户只能查看，不能下指令。", "You may look, and give no orders."),
  for_whom: w("对象", "To"),
  chosen: w("所选装置（{n} 台）", "the chosen devices ({n})"),
  of_site: w("单位：{site}", "site: {site}"),
  all: w("全部装置（{n} 台）", "all devices ({n})"),
  at_random: w("随机选", "Choose at random"),
  check_duty: w("查岗", "Check duty"),
  answer_min: w("应答时限（分钟）", "Answer within (min)"),
  inspect: w("立即巡检", "Inspect now"),
  sync_clock: w("校时", "Set clock"),
  set_inspection: w("设定巡检周期", "Set period"),
  period_min: w("巡检周期（分钟，不超过 120）", "Period (min, at most 120)"),
  as_set_up: w("留空：恢复配置值", "empty: as the set-up says"),
  initialise: w("初始化", "Initialise"),
  initialise_sure: w("初始化会清除装置的设置和记录。确定要初始化“{device}”吗？", "Initialising clears the device's settings and records. Initialise “{device}”?"),
  yes: w("确定初始化", "Yes, initialise"),
  no: w("取消", "Cancel"),
  choose_first: w("请先选择装置。", "Choose devices first."),
  one_only: w("初始化一次只能选一台装置。", "Initialise one device at a time."),
  sending: w("发送中…", "Sending…"),
  taken: w("已下达：{what}。结果显示在下表。", "Under way: {what}. What comes of it shows below."),
  refused: w("未执行：{why}", "Refused: {why}"),
  unsure: w("监控站没有回应，不知道是否已下达。", "The station did not answer; nobody knows whether it was taken."),
  send_again: w("再发一次（不会重复执行）", "Send again (counts once)"),
} satisfies Record<string, Bilingual>;

export const DUTY = {
  title: w("查岗", "Duty checks"),
  site: w("单位", "Site"),
  month: w("月份", "Month"),
  figures: w("月度统计", "The month's figures"),
  checks: w("查岗记录", "Checks"),
  by_device: w("按装置统计（历史库）", "By device (archive)"),
  checks_csv: w("导出该月查岗记录 CSV", "The month's checks as CSV"),
  rate: w("在岗率", "On duty"),
  total: w("合计", "Total"),
  none: w("该月没有查岗。", "No duty check in this month."),
  asked_at: w("查岗时间", "Asked"),
  guard: w("装置", "Device"),
  by: w("发起", "By"),
  plan: w("计划（随机）", "plan (random)"),
  outcome: w("结果", "Outcome"),
  answered_after: w("应答用时", "Answered after"),
  limit: w("时限 {n} 分钟", "limit {n} min"),
  operator: w("操作员 {n}", "operator {n}"),
  rang: w("装置已响铃 {time}", "the device rang at {time}"),
  not_rang: w("装置未确认收到", "the device did not confirm"),
  left: w("剩余 {span}", "{span} left"),
  overdue: w("超时 {span}，已报警", "overdue by {span}; alerted"),
  to_panels: w("下达查岗指令", "Give an order"),
  print: w("打印", "Print"),
} satisfies Record<string, Bilingual>;

export const ASKED_OUTCOME: Record<AskedOutcome, Bilingual> = {
  answered: w("已应答", "answered"),
  late: w("迟到的应答", "answered late"),
  denied: w("被否认", "denied"),
  unanswered: w("未应答", "unanswered"),
  unreachable: w("联系不上", "unreachable"),
  interrupted: w("中断", "interrupted"),
};

export const DUTY_OUTCOME: Record<DutyOutcome, Bilingual> = {
  waiting: w("等待应答", "Waiting"),
  answered: w("按时应答", "Answered"),
  late: w("迟到应答", "Late"),
  missed: w("未应答（脱岗）", "Missed"),
  unreachable: w("装置联系不上", "Unreachable"),
  denied: w("装置拒绝", "Denied"),
  interrupted: w("监控站中断", "Interrupted"),
};

export const DUTY_FIGURE: Record<keyof DutyFigures, Bilingual> = {
  asked: w("查岗次数", "Asked"),
  answered: w("按时", "In time"),
  late: w("迟到", "Late"),
  missed: w("未应答", "Missed"),
  unreachable: w("联系不上", "Unreachable"),
  denied: w("拒绝", "Denied"),
  interrupted: w("中断", "Interrupted"),
  median_s: w("应答用时中位数", "Median answer"),
  worst_s: w("最长应答", "Longest answer"),
};

const STATE: Record<string, Bilingual> = {
  normal: w("正常", "normal"),
  fire: w("火警", "fire"),
  fault: w("故障", "fault"),
  shielded: w("屏蔽", "shielded"),
  supervisory: w("监管", "supervisory"),
  started: w("启动", "started"),
  feedback: w("反馈", "feedback"),
  delay: w("延时", "delay"),
  mains_fault: w("主电故障", "mains fault"),
  standby_fault: w("备电故障", "standby battery fault"),
  power_fault: w("电源故障", "power fault"),
  bus_fault: w("总线故障", "bus fault"),
  manual: w("手动状态", "manual mode"),
  config_changed: w("配置改变", "configuration changed"),
  reset: w("复位", "reset"),
  channel_fault: w("通信信道故障", "channel fault"),
  line_fault: w("监测连接线路故障", "line to the panel faulty"),
};

/** A state bit's name; one that the standard does not know keeps its own. */
export function stateName(state: string): Bilingual {
  return STATE[state] ?? w(state, state);
}
