// What the live board and the alarm strip say.

import type { Bilingual } from "../contract";

const w = (zh: string, en: string): Bilingual => ({ zh, en });

export const BOARD = {
  title: w("实时警情", "Live board"),
  count: w("{open} 条未完结，{unacknowledged} 条未确认", "{open} open, {unacknowledged} not acknowledged"),
  empty: w("没有未完结的警情", "No open alerts"),
  empty_hint: w("监控站在线，新的警情会立即出现在这里并鸣响。", "The station is connected; a new alert appears here at once, with sound."),
  empty_lost: w("连接中断，不知道现在有没有警情。", "Not connected: nobody knows whether there are alerts."),
  waiting: w("正在读取警情…", "Reading alerts…"),
  acknowledge: w("确认", "Acknowledge"),
  open: w("打开", "Open"),
  raised: w("报警", "raised"),
  age: w("已过", "age"),
  fresh: w("新", "new"),
  gone: w("已完结", "finished"),
  late: w("补报", "late"),
  late_hint: w("设备时间比接收时间早很多：补传的数据", "The device's time is much older than the receive time: a late report"),
  test: w("测试", "test"),
  test_hint: w("测试期间产生，不通知任何人", "Raised in a test: nobody is told"),
  test_real: w("测试期间产生，不通知任何人。如属真实，请核实为“真实”并转报。", "Raised in a test: nobody is told. If it is real, verify it as real and forward it."),
  incident: w("同一警情，{n} 个探测点", "one incident, {n} detectors"),
  incident_waiting: w("{n} 条未确认", "{n} not acknowledged"),
  incident_more: w("另有 {n} 条", "and {n} more"),
  unclaimed: w("未登记设备", "unclaimed device"),
  no_device: w("整个单位", "whole site"),
  muted: w("已静音", "muted"),
  by: w("{user} 于 {time} 确认", "acknowledged by {user} at {time}"),
  held: w("鼠标或键盘在列表中，顺序已锁定", "Order held while you point at the list"),
  out_of_place: w("{n} 条新警情在列表末尾", "{n} new at the end of the list"),
  sort_now: w("立即排序", "Sort now"),
  next_step: w("下一步", "Next"),
  already: w("这条已确认。已选中下一条未确认的警情。", "Already acknowledged. The next one is now selected."),
  offer_moved: w("选中的警情刚刚改变，请看清后再按一次。", "The selection has just changed: look, then press again."),
  nothing_selected: w("没有可确认的警情。", "There is nothing to acknowledge."),
  acknowledged: w("已确认：{what}", "Acknowledged: {what}"),
  announce: w("新警情：{class}，{where}", "New alert: {class}, {where}"),
  announce_fire: w("火警！{where}", "Fire! {where}"),
} satisfies Record<string, Bilingual>;

export const STRIP = {
  quiet: w("没有未确认的火警", "No unacknowledged fire"),
  unknown: w("不知道有没有火警", "Fires unknown"),
  fire: w("火警", "FIRE"),
  others: w("另有 {n} 起火警未确认", "{n} more fires not acknowledged"),
  others_waiting: w("{n} 条其他警情未确认", "{n} other alerts not acknowledged"),
  open: w("打开", "Open"),
  title_fire: w("▲ {n} 起火警未确认", "▲ {n} FIRE not acknowledged"),
  title_lost: w("✕ 连接中断", "✕ connection lost"),
  title_alerts: w("({n}) 未确认", "({n}) not acknowledged"),
} satisfies Record<string, Bilingual>;

/** The next step by where the alert stands; see `alert/next_step.ts`. */
export const NEXT = {
  acknowledge: w("确认：表示有人在处理", "Acknowledge: say that somebody is on it"),
  verify_fire: w("立即致电现场核实；90 秒内联系不上，按真实火警处理", "Call the site now; nobody reached within 90 s: treat it as real"),
  verify: w("致电现场核实", "Call the site and verify"),
  forward: w("立即转报 119", "Forward to the fire brigade now"),
  inspect: w("派人到现场查看；预警不转报 119", "Send somebody to look; an early warning is never forwarded"),
  repair: w("安排现场处理，完成后结案", "Have it seen to on site, then close"),
  wait_clear: w("跟进现场；恢复后结案", "Follow the site; close when it is over"),
  close: w("结案", "Close"),
  still_active: w("已结案，但原因仍在", "Closed, but the cause still holds"),
  done: w("已完结", "Finished"),
} satisfies Record<string, Bilingual>;
