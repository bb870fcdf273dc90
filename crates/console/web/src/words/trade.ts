// The words of the trade, the same everywhere: classes, the life of an alert, devices, channels, metrics.

import type {
  Bilingual,
  Class,
  Condition,
  DeliveryState,
  DeviceState,
  FalseCause,
  Handling,
  Severity,
  Step,
  VerdictKind,
} from "../contract";

const w = (zh: string, en: string): Bilingual => ({ zh, en });

export const CLASS: Record<Class, Bilingual> = {
  fire: w("火警", "Fire"),
  gas: w("燃气", "Gas"),
  co: w("一氧化碳", "CO"),
  early_warning: w("预警", "Early warning"),
  water: w("水", "Water"),
  electrical: w("电气", "Electrical"),
  supervisory: w("监管", "Supervisory"),
  fault: w("故障", "Fault"),
  offline: w("离线", "Offline"),
  security: w("安全", "Security"),
  information: w("信息", "Information"),
};

export const SEVERITY: Record<Severity, Bilingual> = {
  critical: w("危急", "Critical"),
  major: w("严重", "Major"),
  minor: w("一般", "Minor"),
  info: w("提示", "Info"),
};

export const CONDITION: Record<Condition, Bilingual> = {
  active: w("持续中", "Active"),
  cleared: w("已恢复", "Cleared"),
};

export const HANDLING: Record<Handling, Bilingual> = {
  open: w("未确认", "Not acknowledged"),
  acknowledged: w("已确认，待核实", "Acknowledged, to verify"),
  verified: w("已核实", "Verified"),
  forwarded: w("已转报", "Forwarded"),
  closed: w("已结案", "Closed"),
};

export const STEP: Record<Step, Bilingual> = {
  raised: w("报警", "Raised"),
  escalated: w("升级", "Escalated"),
  cleared: w("恢复", "Cleared"),
  acknowledged: w("确认", "Acknowledged"),
  verified: w("核实", "Verified"),
  forwarded: w("转报", "Forwarded"),
  closed: w("结案", "Closed"),
  reopened: w("重新打开", "Reopened"),
};

export const VERDICT: Record<VerdictKind, Bilingual> = {
  real: w("真实", "Real"),
  false: w("误报", "False alarm"),
  test: w("测试 / 演练", "Test / drill"),
  unreachable: w("联系不上", "Nobody reached"),
};

export const CAUSE: Record<FalseCause, Bilingual> = {
  cooking: w("烹饪", "Cooking"),
  steam: w("蒸汽", "Steam"),
  dust: w("灰尘", "Dust"),
  insects: w("昆虫", "Insects"),
  construction: w("施工", "Building work"),
  fault: w("设备故障", "Device fault"),
  malicious: w("恶意", "Malicious"),
  unknown: w("原因不明", "Unknown"),
};

export const DEVICE_STATE: Record<DeviceState, Bilingual> = {
  online: w("在线", "Online"),
  offline: w("离线", "Offline"),
  never_seen: w("从未上线", "Never seen"),
};

export const DELIVERY_STATE: Record<DeliveryState, Bilingual> = {
  sending: w("发送中", "Sending"),
  delivered: w("已送达", "Delivered"),
  failed: w("失败", "Failed"),
};

const CHANNEL: Record<string, Bilingual> = {
  sms: w("短信", "SMS"),
  email: w("邮件", "E-mail"),
  webhook: w("接口推送", "Webhook"),
};

const METRIC: Record<string, Bilingual> = {
  smoke_alarm: w("烟雾报警", "Smoke alarm"),
  heat_alarm: w("感温报警", "Heat alarm"),
  gas_alarm: w("燃气报警", "Gas alarm"),
  co_alarm: w("一氧化碳报警", "CO alarm"),
  flame_alarm: w("火焰报警", "Flame alarm"),
  water_leak: w("漏水", "Water leak"),
  manual_alarm: w("手动报警", "Manual alarm"),
  flow_switch: w("水流指示", "Flow switch"),
  tamper: w("拆动", "Tamper"),
  test: w("测试", "Test"),
  silenced: w("已消音", "Silenced"),
  fault: w("故障", "Fault"),
  lane_blocked: w("消防通道占用", "Fire lane blocked"),
  valve_open: w("阀门开", "Valve open"),
  pump_running: w("水泵运行", "Pump running"),
  door_open: w("门开", "Door open"),
  mains_lost: w("主电故障", "Mains lost"),
  fall: w("跌倒", "Fall"),
  presence: w("有人", "Presence"),
  battery_low: w("电量低", "Battery low"),
  temperature: w("温度", "Temperature"),
  cable_temperature: w("线缆温度", "Cable temperature"),
  humidity: w("湿度", "Humidity"),
  gas: w("可燃气体", "Gas"),
  voltage: w("电压", "Voltage"),
  power: w("功率", "Power"),
  water_pressure: w("水压", "Water pressure"),
  water_flow: w("水流量", "Water flow"),
  battery: w("电量", "Battery"),
  pressure: w("压力", "Pressure"),
  air_speed: w("风速", "Air speed"),
  duration: w("时长", "Duration"),
  smoke_obscuration: w("烟雾减光率", "Smoke obscuration"),
  smoke_density: w("烟雾浓度", "Smoke density"),
  co: w("一氧化碳", "CO"),
  co2: w("二氧化碳", "CO₂"),
  residual_current: w("剩余电流", "Residual current"),
  current: w("电流", "Current"),
  energy: w("电能", "Energy"),
  water_level: w("水位", "Water level"),
  oxygen: w("氧气", "Oxygen"),
  battery_voltage: w("电池电压", "Battery voltage"),
  signal: w("信号", "Signal"),
  air_flow: w("风量", "Air flow"),
  count: w("计数", "Count"),
  fire_alarm: w("火警", "Fire alarm"),
  shielded: w("屏蔽", "Shielded"),
  supervisory: w("监管", "Supervisory signal"),
  started: w("启动（开启）", "Started (opened)"),
  feedback: w("反馈", "Feedback"),
  delay: w("延时", "In delay"),
  manual_mode: w("手动状态", "Manual mode"),
  foreign_dialect: w("私有协议扩展", "Speaks a dialect"),
};

/** The unit as people write it; codes that people do not write are replaced. */
const UNIT: Record<string, string> = { Cel: "°C", "m3/min": "m³/min", "1": "" };

/** A metric's name; a maker's own quantity keeps the maker's name. */
export function metricName(metric: string): Bilingual {
  const own = metric.startsWith("vendor.") ? metric.slice("vendor.".length) : metric;
  return METRIC[metric] ?? w(own, own);
}

export function channelName(channel: string): Bilingual {
  return CHANNEL[channel] ?? w(channel, channel);
}

export function unitText(unit: string | null): string {
  return unit === null ? "" : (UNIT[unit] ?? unit);
}

export const YES = w("是", "yes");
export const NO = w("否", "no");
