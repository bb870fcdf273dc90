// A made-up station for working on the pages: three sites, their devices, their alerts, and orders that change them.
// Nothing here is measured; the words `demo` and `fixture` stand in every place where it could be taken for real.

/** @import {AlertView, AskedView, Bilingual, Class, DeliveryView, DeviceView, DutyCheckView, DutyFigures, Evidence, LastValue, OrderBody, OrderVerb, PanelTargets, PanelView, Series, SiteView, StatusView, TestView, TransitionView} from "../src/contract" */

const JOURNAL = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";
const MINUTE = 60_000;

/** @type {(zh: string, en: string) => Bilingual} */
const text = (zh, en) => ({ zh, en });

const ZONES = {
  "corridor-2": text("二楼走廊", "Corridor, 2nd floor"),
  "room-204": text("204 室 3 床", "Room 204, bed 3"),
  kitchen: text("厨房", "Kitchen"),
  plant: text("地下泵房", "Pump room, basement"),
  "floor-7": text("七层东区", "7th floor, east"),
  garage: text("电动车棚", "E-bike shed"),
};

/** @type {(ids: (keyof typeof ZONES)[]) => {id: string, name: Bilingual}[]} */
const zonesOf = (ids) => ids.map((id) => ({ id, name: ZONES[id] }));

/** @type {SiteView[]} */
export const SITES = [
  {
    id: "sunshine",
    name: text("阳光敬老院", "Sunshine care home"),
    kind: "care_home",
    address: text("青山区建设路 18 号 2 号楼", "18 Jianshe Road, building 2, Qingshan"),
    time_zone: "Asia/Shanghai",
    zones: zonesOf(["corridor-2", "room-204", "kitchen"]),
  },
  {
    id: "mill",
    name: text("纺织大厦", "Mill building"),
    kind: "building",
    address: text("江岸区沿江大道 201 号", "201 Riverside Avenue, Jiang'an"),
    time_zone: "Asia/Shanghai",
    zones: zonesOf(["plant", "floor-7", "garage"]),
  },
  {
    id: "home-li",
    name: text("李奶奶家", "Mrs Li's home"),
    kind: "home",
    address: text("武昌区中山路 6 栋 302", "6-302 Zhongshan Road, Wuchang"),
    time_zone: "Asia/Shanghai",
    zones: zonesOf([]),
  },
];

/**
 * @typedef {object} Kind
 * @property {string} metric
 * @property {string | null} unit
 * @property {(t: number, hot: number) => number | boolean} at
 */

/** @type {Record<string, Kind[]>} */
const KINDS = {
  smoke: [
    { metric: "smoke_obscuration", unit: "dB/m", at: (t, hot) => 0.012 + 0.004 * Math.sin(t / 40) + hot * 0.31 },
    { metric: "temperature", unit: "Cel", at: (t, hot) => 23.4 + 0.5 * Math.sin(t / 90) + hot * 31 },
    { metric: "co", unit: "ppm", at: (t, hot) => 1.5 + Math.abs(Math.sin(t / 30)) + hot * 64 },
    { metric: "smoke_alarm", unit: null, at: (_, hot) => hot > 0.55 },
  ],
  gas: [
    { metric: "gas", unit: "%LEL", at: (t, hot) => 0.4 + 0.3 * Math.abs(Math.sin(t / 50)) + hot * 14 },
    { metric: "gas_alarm", unit: null, at: (_, hot) => hot > 0.5 },
  ],
  water: [
    { metric: "water_pressure", unit: "kPa", at: (t, hot) => 412 + 3 * Math.sin(t / 25) - hot * 170 },
    { metric: "pump_running", unit: null, at: (t) => Math.sin(t / 300) > 0.9 },
  ],
  cable: [
    { metric: "cable_temperature", unit: "Cel", at: (t, hot) => 41 + 2 * Math.sin(t / 400) + hot * 33 },
    { metric: "residual_current", unit: "mA", at: (t, hot) => 62 + 8 * Math.sin(t / 60) + hot * 190 },
  ],
};

/**
 * @typedef {object} Made
 * @property {DeviceView} view
 * @property {string} kind
 * @property {number | null} hot_from_ms when its quantity began to rise
 * @property {number} seen_ms
 */

/** @type {(at_ms: number | null, outcome: AskedView["outcome"], by?: string | null) => AskedView} */
const asked = (at_ms, outcome, by = null) => {
  const at = at_ms === null ? null : new Date(at_ms).toISOString();
  return { asked_at: at, answered_at: outcome === "answered" ? at : null, outcome, by };
};

/** What the station knows, and the changes that are to be told. */
export class World {
  constructor(/** @type {number} */ now_ms) {
    this.began_ms = now_ms;
    this.seq = 184_203;
    this.ordinal = 0;
    /** @type {Map<string, {alert: AlertView, transitions: TransitionView[], deliveries: DeliveryView[]}>} */
    this.alerts = new Map();
    /** @type {Made[]} */
    this.devices = [];
    /** @type {Set<string>} */
    this.order_ids = new Set();
    this.ready = true;
    /** @type {TestView[]} */
    this.tests = [];
    /** @type {PanelView[]} */
    this.panels = [];
    /** @type {DutyCheckView[]} */
    this.duty_checks = [];
    this.#furnish(now_ms);
    this.#furnishPanels(now_ms);
  }

  #furnish(/** @type {number} */ now) {
    const s = "sunshine";
    this.#device(s, "watchfire", "smoke-201", text("烟感 201", "Smoke 201"), "corridor-2", "smoke", now - 4_000, 88);
    this.#device(s, "watchfire", "smoke-204", text("烟感 204", "Smoke 204"), "room-204", "smoke", now - 9_000, 74);
    this.#device(s, "zigbee2mqtt", "kitchen_gas", text("厨房燃气探测器", "Kitchen gas detector"), "kitchen", "gas", now - 6_000, null);
    this.#device(s, "zigbee2mqtt", "0x00158d0001a2b3c4", text("", ""), null, "smoke", now - 12_000, 9);
    this.#device("mill", "gbt26875", "1-1/0a000200", text("7 层东区烟感 12", "7F east smoke 12"), "floor-7", "smoke", now - 20_000, null);
    this.#device("mill", "gbt26875", "1-3/hydrant", text("消火栓末端压力", "Hydrant end pressure"), "plant", "water", now - 3_000, null);
    this.#device("mill", "chirpstack", "24e124710c401234", text("车棚电缆测温", "Shed cable probe"), "garage", "cable", now - 15_000, 61);
    this.#device("home-li", "ctwing", "86 8411 0631", text("客厅烟感", "Living-room smoke"), null, "smoke", now - 5 * 3_600_000, 41);
    this.#device("home-li", "tuya", "kitchen gas", text("厨房燃气", "Kitchen gas"), null, "gas", 0, null);
    for (let n = 1; n <= 24; n += 1) {
      const name = `smoke-${300 + n}`;
      this.#device(s, "watchfire", name, text(`烟感 ${300 + n}`, `Smoke ${300 + n}`), "corridor-2", "smoke", now - 1_000 * n, 60 + n);
    }
    for (const made of this.devices) if (made.seen_ms > 0 && now - made.seen_ms > 3_600_000) made.view.state = "offline";

    this.#past(now);
    this.raise(now - 41 * MINUTE, "fault", "home-li", "86 8411 0631", text("电量低：9%，低于 10%", "battery low: 9 %, below 10 %"), {});
    this.raise(now - 5 * 3_600_000 + 3 * MINUTE, "offline", "home-li", "86 8411 0631", text("3 分钟没有上报（应 1 分钟一次）", "silent for 3 min (reports each minute)"), {});
    const water = this.raise(now - 26 * MINUTE, "water", "mill", "1-3/hydrant", text("末端压力 243 kPa，低于 250 kPa 已 60 秒", "end pressure 243 kPa, below 250 kPa for 60 s"), { hot: true });
    this.order(now - 24 * MINUTE, "wang", water, "acknowledge", { order_id: "1" });
    this.raise(now - 7 * MINUTE, "electrical", "mill", "24e124710c401234", text("电缆 71.3 °C，高于 70 °C 已 30 秒", "cable 71.3 °C, above 70 °C for 30 s"), { hot: true });
    this.raise(now - 3 * MINUTE, "gas", "sunshine", "kitchen_gas", text("可燃气体 12.4 %LEL，高于 10 %LEL", "gas 12.4 %LEL, above 10 %LEL"), { hot: true });
    this.#test(now);
    this.raise(now - 6 * MINUTE, "fire", s, "smoke-302", text("烟雾报警", "smoke alarm"), { test: true });
    this.raise(now - 2 * MINUTE, "supervisory", "sunshine", "0x00158d0001a2b3c4", text("设备被拆动", "the device was taken off its base"), {});
  }

  #test(/** @type {number} */ now) {
    const at = (/** @type {number} */ minutes) => new Date(now + minutes * MINUTE).toISOString();
    const devices = this.devices.filter((made) => made.view.name.startsWith("smoke-30")).map((made) => made.view);
    const device = (/** @type {DeviceView | undefined} */ view) => {
      if (!view) throw new Error("no such device");
      return { source: view.source, name: view.name, label: view.label, zone: view.zone };
    };
    const site = devices[0]?.site;
    if (!site) throw new Error("no site");
    const zone = { id: "corridor-2", name: text("二楼走廊", "Corridor, 2nd floor") };
    const alarmed = [1, 2].map((n) => ({ device: device(devices[n]), point: "smoke_alarm", class: /** @type {const} */ ("fire"), first_at: at(-n * 3), last_at: at(-n * 3), times: n }));
    const reason = "每月例行测试 / monthly test";
    const common = { site, zones: [zone], devices: [], dangers: true, reason, alarmed, more: 0 };
    this.tests = [
      { ...common, id: 184_301, by: "chen", from: at(-12), until: at(48), approved_by: null, approved_at: null, over: null, untested: [] },
      { ...common, id: 184_290, by: "wang", from: at(-14), until: at(46), approved_by: "chen", approved_at: at(-13), over: null, untested: devices.slice(3).map(device) },
      { ...common, id: 91_022, by: "wang", from: at(-43_200), until: at(-43_140), approved_by: "chen", approved_at: at(-43_199), over: { at: at(-43_160), by: "wang", note: "", closed: 2, told: 1 }, untested: devices.slice(8).map(device) },
    ];
  }

  #furnishPanels(/** @type {number} */ now) {
    const plan = { from: "22:00", until: "06:00", checks: 3, answer_min: 5 };
    const idle = asked(null, null);
    /** @type {PanelView} */
    const first = {
      site: "mill",
      name: "889",
      label: text("消控室主机", "Panel, control room"),
      zone: null,
      address: 889,
      connected: true,
      heard_at: new Date(now - 8_000).toISOString(),
      period_s: 3_600,
      period_by_order: false,
      next_inspection_at: new Date(now + 1_900_000).toISOString(),
      inspection: asked(now - 1_700_000, "answered"),
      clock: asked(now - 9_000_000, "answered"),
      initialisation: idle,
      asking: null,
      waiting: 0,
      unsupported: [],
      state: ["normal"],
      systems: [
        { kind: 1, name: text("火灾报警系统", "fire alarm system"), address: 1, state: ["normal", "shielded"] },
        { kind: 11, name: text("消火栓系统", "hydrant system"), address: 1, state: ["normal", "manual"] },
      ],
      version: "2.1",
      configuration: null,
      clock_ahead_s: 1,
      duty: null,
      duty_plan: plan,
    };
    const more = { label: text("地下车库主机", "Panel, garage"), address: 890, name: "890", state: ["normal", "mains_fault"], clock_ahead_s: -74 };
    const lost = { site: "sunshine", name: "4001", address: 4001, label: text("敬老院主机", "Care home panel"), connected: false, heard_at: new Date(now - 7_400_000).toISOString() };
    this.panels = [
      first,
      { ...first, ...more, systems: [], duty_plan: null, clock: asked(now - 60_000, "answered", "wang") },
      { ...first, ...lost, state: null, systems: [], version: null, clock_ahead_s: null, inspection: asked(now - 3_000_000, "unreachable"), period_s: 600, period_by_order: true },
    ];
    for (let n = 0; n < 14; n += 1) {
      const at = now - 30 * MINUTE - n * 5.2 * 3_600_000;
      const outcome = /** @type {const} */ (["answered", "answered", "late", "answered", "missed", "answered", "unreachable"])[n % 7] ?? "answered";
      const after_ms = outcome === "answered" ? 24_000 + n * 3_000 : outcome === "late" ? 540_000 : null;
      this.duty_checks.push({
        site: "mill",
        device: n % 3 === 0 ? "890" : "889",
        by: n % 4 === 0 ? "wang" : null,
        asked_at: new Date(at).toISOString(),
        answer_min: 5,
        confirmed_at: outcome === "unreachable" ? null : new Date(at + 400).toISOString(),
        answered_at: after_ms === null ? null : new Date(at + after_ms).toISOString(),
        operator: after_ms === null ? null : 3,
        outcome,
      });
    }
  }

  /** Asks guards; why not, when it is refused. @type {(now_ms: number, by: string, targets: PanelTargets, answer_min: number) => Bilingual | null} */
  checkDuty(now_ms, by, targets, answer_min) {
    const meant = this.#targets(targets).filter((panel) => panel.duty === null);
    if (meant.length === 0) return text("该处正在查岗，请等待应答", "a duty check is under way there already: wait for its answer");
    for (const panel of meant) {
      const at = new Date(now_ms).toISOString();
      const confirmed_at = panel.connected === true ? at : null;
      panel.duty = { site: panel.site, device: panel.name, by, asked_at: at, answer_min, confirmed_at, answered_at: null, operator: null, outcome: "waiting" };
      this.duty_checks.unshift(panel.duty);
    }
    return null;
  }

  /** @type {(now_ms: number, by: string, name: string, targets: PanelTargets, period_s: number | undefined) => void} */
  orderPanels(now_ms, by, name, targets, period_s) {
    for (const panel of this.#targets(targets)) {
      const done = asked(now_ms, panel.connected === true ? "answered" : "unreachable", by);
      if (name === "inspect") panel.inspection = done;
      if (name === "sync_clock") panel.clock = done;
      if (name === "initialise") panel.initialisation = done;
      if (name === "set_inspection") Object.assign(panel, { period_s: period_s ?? 3_600, period_by_order: period_s !== undefined });
    }
  }

  /** @type {(targets: PanelTargets) => PanelView[]} */
  #targets(targets) {
    if ("all" in targets) return this.panels;
    if ("site" in targets) return this.panels.filter((panel) => panel.site === targets.site);
    return this.panels.filter((panel) => targets.devices.some((one) => one.site === panel.site && one.name === panel.name));
  }

  /** @type {(site: string) => DutyFigures} */
  dutyFigures(site) {
    const checks = this.duty_checks.filter((one) => one.site === site);
    const count = (/** @type {DutyCheckView["outcome"]} */ outcome) => checks.filter((one) => one.outcome === outcome).length;
    const spans = checks.flatMap((one) => (one.answered_at ? [(Date.parse(one.answered_at) - Date.parse(one.asked_at)) / 1_000] : [])).sort((a, b) => a - b);
    return {
      asked: checks.length,
      answered: count("answered"),
      late: count("late"),
      missed: count("missed"),
      unreachable: count("unreachable"),
      denied: count("denied"),
      interrupted: count("interrupted"),
      median_s: spans[Math.floor((spans.length - 1) / 2)] ?? null,
      worst_s: spans.at(-1) ?? null,
    };
  }

  #past(/** @type {number} */ now) {
    const causes = /** @type {const} */ (["cooking", "steam", "dust", "unknown"]);
    for (let n = 1; n <= 130; n += 1) {
      const at = now - n * 7.3 * 3_600_000;
      const fire = n % 3 === 0;
      const id = this.raise(at, fire ? "fire" : "fault", "sunshine", "smoke-204", fire ? text("烟感报警", "smoke alarm") : text("探测器脏污", "detector dirty"), { past: true });
      this.order(at + 21_000 + n * 300, "wang", id, "acknowledge", { order_id: `p${n}a` });
      const verdict = fire ? { kind: /** @type {const} */ ("false"), cause: causes[n % 4] ?? "unknown" } : { kind: /** @type {const} */ ("real") };
      this.order(at + 80_000, "wang", id, "verify", { order_id: `p${n}v`, verdict, note: "" });
      this.order(at + 300_000, "wang", id, "close", { order_id: `p${n}c`, note: "" });
      this.#step(id, at + 320_000, "cleared", { condition: "cleared" }, {});
    }
  }

  /** @type {(site: string, source: string, name: string, label: Bilingual, zone: string | null, kind: string, seen_ms: number, battery: number | null) => void} */
  #device(site, source, name, label, zone, kind, seen_ms, battery) {
    const home = this.site(site);
    /** @type {DeviceView} */
    const view = {
      site: { id: home.id, name: home.name, time_zone: home.time_zone },
      source,
      name,
      label,
      zone: zone ? { id: zone, name: ZONES[/** @type {keyof typeof ZONES} */ (zone)] } : null,
      claimed: label.zh !== "",
      state: seen_ms === 0 ? "never_seen" : "online",
      last_seen: seen_ms === 0 ? null : new Date(seen_ms).toISOString(),
      battery,
      open_alerts: 0,
      points: [],
    };
    const made = { view, kind, hot_from_ms: null, seen_ms };
    if (seen_ms > 0) view.points = this.values(made, seen_ms);
    this.devices.push(made);
  }

  site(/** @type {string} */ id) {
    const found = SITES.find((one) => one.id === id);
    if (!found) throw new Error(`no site ${id}`);
    return found;
  }

  /** @type {(made: Made, at_ms: number) => LastValue[]} */
  values(made, at_ms) {
    return (KINDS[made.kind] ?? []).map((kind) => ({
      point: kind.metric,
      metric: kind.metric,
      unit: kind.unit,
      value: this.#value(made, kind, at_ms),
      at: new Date(at_ms).toISOString(),
    }));
  }

  /** @type {(made: Made, kind: Kind, at_ms: number) => number | boolean} */
  #value(made, kind, at_ms) {
    const rising_ms = made.hot_from_ms === null ? 0 : Math.max(0, at_ms - made.hot_from_ms);
    const value = kind.at(at_ms / 1_000, 1 - Math.exp(-rising_ms / (4 * MINUTE)));
    return typeof value === "boolean" ? value : Math.round(value * 1_000) / 1_000;
  }

  /** @type {(site: string, source: string, name: string, from_ms: number, to_ms: number, points_max: number) => Series[]} */
  readings(site, source, name, from_ms, to_ms, points_max) {
    const made = this.devices.find((one) => one.view.site.id === site && one.view.source === source && one.view.name === name);
    if (!made) return [];
    const last_ms = Math.min(to_ms, made.seen_ms);
    const step_ms = Math.max(5_000, Math.ceil((to_ms - from_ms) / points_max));
    return (KINDS[made.kind] ?? []).map((kind) => {
      /** @type {[number, number][]} */
      const points = [];
      for (let at = from_ms; at <= last_ms; at += step_ms) points.push([at, Number(this.#value(made, kind, at))]);
      return { point: kind.metric, metric: kind.metric, unit: kind.unit, points };
    });
  }

  /** @type {(at_ms: number, cls: Class, site: string, device: string, reason: Bilingual, how: {hot?: boolean, past?: boolean, late?: boolean, test?: boolean, incident?: string}) => string} */
  raise(at_ms, cls, site, device, reason, how) {
    const made = this.devices.find((one) => one.view.site.id === site && one.view.name === device);
    if (!made) throw new Error(`no device ${device}`);
    if (how.hot) made.hot_from_ms = at_ms - 3.4 * MINUTE;
    const severe = cls === "fire" || cls === "gas" || cls === "co";
    const at = new Date(at_ms).toISOString();
    const id = `${JOURNAL}-${(this.seq += 1)}-${(this.ordinal = 0)}`;
    /** @type {Evidence[]} */
    const evidence = this.values(made, at_ms)
      .slice(0, 2)
      .map((one) => ({ source: made.view.source, device, ...one }));
    /** @type {AlertView} */
    const alert = {
      id,
      class: cls,
      severity: severe ? "critical" : cls === "fault" || cls === "offline" || cls === "supervisory" ? "minor" : "major",
      condition: "active",
      handling: "open",
      verdict: null,
      site: made.view.site,
      zone: made.view.zone,
      device: { source: made.view.source, name: made.view.name, label: made.view.label, claimed: made.view.claimed },
      point: evidence[0]?.point ?? null,
      rule: `${cls}-fixture@1`,
      reason,
      evidence,
      late: how.late === true,
      test: how.test === true,
      incident: how.incident ?? null,
      raised_at: at,
      changed_at: at,
      acknowledged_at: null,
      acknowledged_by: null,
    };
    /** @type {TransitionView} */
    const first = { step: "raised", at, seq: this.seq, class: cls, severity: alert.severity, reason };
    this.alerts.set(id, { alert, transitions: [first], deliveries: how.past ? [] : this.#tell(at_ms) });
    if (!how.past) made.view.open_alerts += 1;
    return id;
  }

  /** @type {(at_ms: number) => DeliveryView[]} */
  #tell(at_ms) {
    const at = (/** @type {number} */ s) => new Date(at_ms + s * 1_000).toISOString();
    const night = { id: "night-desk", name: text("夜班值班", "Night desk") };
    const lead = { id: "duty-lead", name: text("值班长 陈", "Duty lead Chen") };
    return [
      { contact: night, channel: "sms", attempt: 1, state: "failed", at: at(1), detail: "gateway: 503 temporarily unavailable" },
      { contact: night, channel: "email", attempt: 1, state: "delivered", at: at(2), detail: "250 2.0.0 queued as 4F2A1" },
      { contact: night, channel: "sms", attempt: 2, state: "delivered", at: at(11), detail: "0: Accepted for delivery" },
      { contact: lead, channel: "sms", attempt: 1, state: "sending", at: at(61), detail: "" },
    ];
  }

  /** An early warning that became a fire. @type {(id: string, at_ms: number, reason: Bilingual) => void} */
  escalate(id, at_ms, reason) {
    this.#step(id, at_ms, "escalated", { class: "fire", severity: "critical", reason }, {});
  }

  /** @type {(id: string, at_ms: number, step: TransitionView["step"], parts: Partial<AlertView>, said: Partial<TransitionView>) => AlertView | null} */
  #step(id, at_ms, step, parts, said) {
    const known = this.alerts.get(id);
    if (!known) return null;
    const at = new Date(at_ms).toISOString();
    known.alert = { ...known.alert, ...parts, changed_at: at };
    const { severity, reason } = known.alert;
    known.transitions.push({ step, at, seq: (this.seq += 1), class: known.alert.class, severity, reason, ...said });
    return known.alert;
  }

  /** The alert after the order, or why the rules refuse it. @type {(at_ms: number, by: string, id: string, verb: OrderVerb, body: OrderBody) => AlertView | Bilingual} */
  order(at_ms, by, id, verb, body) {
    const known = this.alerts.get(id);
    if (!known) return text("没有这条警情", "no such alert");
    const { alert } = known;
    if (this.order_ids.has(body.order_id)) return alert;
    const note = body.note ?? null;
    const at = new Date(at_ms).toISOString();
    if (verb === "close" && alert.class === "fire" && !alert.verdict) {
      return text("火警必须先核实才能结案", "a fire must be verified before it is closed");
    }
    if (verb === "forward" && alert.class === "early_warning") {
      return text("预警不转报消防", "an early warning is never forwarded");
    }
    this.order_ids.add(body.order_id);
    const first = { acknowledged_at: alert.acknowledged_at ?? at, acknowledged_by: alert.acknowledged_by ?? by };
    const verdict = body.verdict ?? { kind: "real" };
    const done = {
      acknowledge: () => this.#step(id, at_ms, "acknowledged", { handling: "acknowledged", ...first }, { by }),
      verify: () => this.#step(id, at_ms, "verified", { handling: "verified", verdict, ...first }, { by, note, verdict }),
      forward: () => this.#step(id, at_ms, "forwarded", { handling: "forwarded" }, { by, to: body.to ?? "119" }),
      close: () => this.#step(id, at_ms, "closed", { handling: "closed" }, { by, note }),
      reopen: () => this.#step(id, at_ms, "reopened", { handling: "open", verdict: null }, { by, note }),
    }[verb]();
    return done ?? alert;
  }

  open() {
    return [...this.alerts.values()].map((one) => one.alert).filter((one) => one.handling !== "closed" || one.condition === "active");
  }

  /** Every device that still talks says something. @type {(now_ms: number) => DeviceView[]} */
  tick(now_ms) {
    const talking = this.devices.filter((one) => one.view.state === "online");
    for (const made of talking) {
      made.seen_ms = now_ms;
      made.view.last_seen = new Date(now_ms).toISOString();
      made.view.points = this.values(made, now_ms);
    }
    return talking.map((one) => one.view);
  }

  /** @type {(now_ms: number) => import("../src/contract").ShadowView} */
  shadow(now_ms) {
    const at = (/** @type {number} */ minutes) => new Date(now_ms - minutes * MINUTE).toISOString();
    const made = this.devices[0]?.view;
    if (!made) throw new Error("no device");
    const reason = text("烟雾 0.05 dB/m 持续上升", "smoke 0.05 dB/m and rising");
    const call = { at: at(3), step: /** @type {const} */ ("raised"), class: /** @type {const} */ ("early_warning"), site: made.site, zone: made.zone, device: made.label, point: "smoke", rule: "smoke-rising@3", reason };
    return {
      rules: ["smoke-rising@3", "device-fire@1"],
      since: at(600),
      behind: 0,
      same: 4,
      new: 1,
      missing: 0,
      earlier: 1,
      later: 0,
      waiting: 1,
      calls: [call, { ...call, at: at(90), class: "fire", rule: "device-fire@1" }],
      differences: [
        { change: "earlier", call: { ...call, at: at(91) }, was_at: at(90) },
        { change: "new", call: { ...call, at: at(200) }, was_at: null },
      ],
    };
  }

  /** @type {(now_ms: number, user: string, id: number, note: string) => void} */
  endTest(now_ms, user, id, note) {
    const test = this.tests.find((one) => one.id === id);
    if (test) test.over = { at: new Date(now_ms).toISOString(), by: user, note, closed: 2, told: 0 };
  }

  /** @type {(now_ms: number) => StatusView} */
  status(now_ms) {
    const frames = 9_204_511 + Math.round((now_ms - this.began_ms) / 40);
    return {
      ready: this.ready,
      version: "0.1.0-fixture",
      journal: { id: JOURNAL, durable: this.seq + 1, applied: this.seq + 1, lag_s: 0.004 },
      archive: { lag_s: 0.6, entries: this.seq - 12 },
      disk: { used_ratio: 0.87 },
      connections: 214,
      frames_total: frames,
      tests: this.tests.filter((test) => test.over === null),
      defects: { unknown_property: 3_120, not_json: 41, not_finite: 2, bad_checksum: 7 },
      troubles: [
        { at: new Date(now_ms - 90_000).toISOString(), identity: "mill/panel", kind: "bad_checksum", detail: "frame 1827: sum 0x3f, expected 0x41" },
        { at: new Date(now_ms - 400_000).toISOString(), identity: "sunshine/gw1", kind: "foreign_topic", detail: "publish to wf/v1/mill/x/readings refused" },
        { at: new Date(now_ms - 86_400_000).toISOString(), identity: "", kind: "wrong_credentials", detail: "12 log-ins refused in a minute" },
      ],
    };
  }
}
