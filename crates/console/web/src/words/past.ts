// What the pages that look back say: incidents, rounds of questions, the audit, how a device stood.

import type { Bilingual } from "../contract";

const w = (zh: string, en: string): Bilingual => ({ zh, en });

export const LOOK_BACK = {
  alerts: w("警情", "Alerts"),
  incidents: w("事件", "Incidents"),
  inspections: w("巡检记录", "Rounds"),
  audit: w("操作记录", "Audit"),
  first_day: w("从", "From"),
  last_day: w("到", "To"),
  csv: w("导出 CSV", "As CSV"),
  zone: w("时间为 {zone}", "times in {zone}"),
} satisfies Record<string, Bilingual>;

export const INCIDENTS = {
  began: w("开始", "Began"),
  class: w("类别", "Class"),
  where: w("地点", "Where"),
  alerts: w("警情数", "Alerts"),
  acknowledged: w("确认", "Acknowledged"),
  verified: w("核实", "Verified"),
  forwarded: w("转报", "Forwarded"),
  closed: w("结案", "Closed"),
  over: w("结束", "Over"),
  after: w("{span}后", "after {span}"),
  open: w("未结束", "Not over"),
  reopened: w("再次发生 {n} 次", "opened again {n} times"),
  none: w("没有符合条件的事件。", "No incident matches."),
  loop: w("处置闭环", "Closed loop"),
  its_alerts: w("警情（{n} 条）", "Alerts ({n})"),
  title: w("事件", "Incident"),
  not_found: w("历史库中没有这个事件。", "The archive has no such incident."),
  at_once: w("立即", "at once"),
} satisfies Record<string, Bilingual>;

export const INSPECTIONS = {
  asked: w("开始", "Began"),
  device: w("装置", "Device"),
  kind: w("种类", "Kind"),
  by: w("发起", "By"),
  schedule: w("按计划", "schedule"),
  took: w("用时", "Took"),
  answers: w("应答 / 否认", "Answered / denied"),
  outcome: w("结果", "Outcome"),
  none: w("这段时间没有巡检。", "No round in this time."),
  more: w("只显示最近 {n} 次；全部请导出 CSV。", "The newest {n} are shown; take the CSV for all."),
} satisfies Record<string, Bilingual>;

export const ROUND_KIND: Record<string, Bilingual> = {
  inspection: w("巡检", "Inspection"),
  clock: w("校时", "Clock"),
  initialisation: w("初始化", "Initialisation"),
};

export const AUDIT = {
  at: w("时间", "Time"),
  who: w("人员", "Who"),
  action: w("操作", "Action"),
  all_actions: w("全部操作", "All actions"),
  subject: w("对象", "Subject"),
  detail: w("说明", "Detail"),
  station: w("监控站", "the station"),
  none: w("没有符合条件的操作记录。", "No line matches."),
  viewer: w("查看员不能查看操作记录。", "A viewer does not see the audit."),
} satisfies Record<string, Bilingual>;

/** What people and the station do, as the audit has it. */
export const ACTION: Record<string, Bilingual> = {
  acknowledge: w("确认警情", "Acknowledged an alert"),
  verify: w("核实警情", "Verified an alert"),
  forward: w("转报警情", "Forwarded an alert"),
  close: w("结案", "Closed an alert"),
  reopen: w("重新打开警情", "Reopened an alert"),
  duty_check: w("查岗", "Checked duty"),
  inspect: w("巡检", "Inspected"),
  set_inspection: w("设定巡检周期", "Set the period of inspection"),
  sync_clock: w("校时", "Set clocks"),
  initialise: w("初始化装置", "Initialised a device"),
  start_test: w("开始测试", "Started a test"),
  approve_test: w("批准测试", "Approved a test"),
  end_test: w("结束测试", "Ended a test"),
  logged_in: w("登录", "Logged in"),
  log_in_refused: w("登录被拒", "Log-in refused"),
  logged_out: w("退出", "Logged out"),
  user_added: w("添加用户", "Added a user"),
  password_changed: w("修改密码", "Changed a password"),
  user_removed: w("删除用户", "Removed a user"),
  reloaded: w("重新加载配置", "Reloaded the set-up"),
  reload_refused: w("配置未通过检查", "Set-up refused"),
  set_up: w("配置生效", "Set-up in force"),
  started: w("监控站启动", "Station started"),
  restored: w("从备份恢复", "Restored from a backup"),
  entry_skipped: w("跳过日志条目", "Journal entry skipped"),
};

/** What an action is called; one that is not known here keeps its own name. */
export function actionName(action: string): Bilingual {
  return ACTION[action] ?? w(action, action);
}

export const STOOD = {
  title: w("某一时刻的状态", "As it stood"),
  at: w("时刻（{zone}）", "At ({zone})"),
  shown: w("{time}（{zone}）的状态：", "At {time} ({zone}):"),
  alerts: w("当时未完结的警情", "Alerts that were not over"),
  no_alerts: w("当时没有未完结的警情。", "No alert was open."),
  values: w("当时的最新读数", "Last values by then"),
  no_values: w("此前 100 天内没有读数。", "No reading in the 100 days before."),
  metric: w("指标", "Metric"),
  value: w("数值", "Value"),
  measured: w("测得时间", "Measured"),
  before: w("{age}前", "{age} before"),
} satisfies Record<string, Bilingual>;
