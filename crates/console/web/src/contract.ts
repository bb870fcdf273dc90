// The HTTP contract of the console, `/api/v1`, as the pages see it. Times are RFC 3339; figures carry their unit.

export interface Bilingual {
  en: string;
  zh: string;
}

/** Most urgent first: what a person must look at first. */
export const CLASSES = [
  "fire",
  "gas",
  "co",
  "early_warning",
  "water",
  "electrical",
  "supervisory",
  "fault",
  "offline",
  "security",
  "information",
] as const;
export type Class = (typeof CLASSES)[number];

export type Severity = "critical" | "major" | "minor" | "info";
export type Condition = "active" | "cleared";
export type Handling = "open" | "acknowledged" | "verified" | "forwarded" | "closed";

export const FALSE_CAUSES = [
  "cooking",
  "steam",
  "dust",
  "insects",
  "construction",
  "fault",
  "malicious",
  "unknown",
] as const;
export type FalseCause = (typeof FALSE_CAUSES)[number];

export const VERDICTS = ["real", "false", "test", "unreachable"] as const;
export type VerdictKind = (typeof VERDICTS)[number];
export interface Verdict {
  kind: VerdictKind;
  cause?: FalseCause | null;
}

export type Value = number | boolean;

export interface AlertSite {
  id: string;
  name: Bilingual;
  time_zone: string;
}

export interface Zone {
  id: string;
  name: Bilingual;
}

export interface AlertDevice {
  source: string;
  name: string;
  label: Bilingual;
  claimed: boolean;
}

export interface Evidence {
  source: string;
  device: string;
  point: string;
  metric: string;
  unit: string | null;
  value: Value;
  at: string;
}

export interface AlertView {
  id: string;
  class: Class;
  severity: Severity;
  condition: Condition;
  handling: Handling;
  verdict: Verdict | null;
  site: AlertSite;
  zone: Zone | null;
  device: AlertDevice | null;
  point: string | null;
  rule: string;
  reason: Bilingual;
  evidence: Evidence[];
  late: boolean;
  /** Alerts of one building and time have the same; `null`: in none. */
  incident: string | null;
  /** It belongs to a test: nobody is woken by it. */
  test: boolean;
  raised_at: string;
  changed_at: string;
  acknowledged_at: string | null;
  acknowledged_by: string | null;
}

export const STEPS = [
  "raised",
  "escalated",
  "cleared",
  "acknowledged",
  "verified",
  "forwarded",
  "closed",
  "reopened",
] as const;
export type Step = (typeof STEPS)[number];

export interface TransitionView {
  step: Step;
  at: string;
  seq: number;
  class: Class;
  severity: Severity;
  by?: string | null;
  note?: string | null;
  verdict?: Verdict | null;
  to?: string | null;
  reason: Bilingual;
}

export type DeliveryState = "sending" | "delivered" | "failed";

export interface DeliveryView {
  contact: { id: string; name: Bilingual };
  channel: string;
  attempt: number;
  state: DeliveryState;
  at: string;
  detail: string;
}

export interface AlertDetail {
  alert: AlertView;
  transitions: TransitionView[];
  deliveries: DeliveryView[];
  /** False when the archive could not be asked: older transitions and deliveries may be missing. */
  complete: boolean;
}

export interface AlertPageOf {
  alerts: AlertView[];
  next: string | null;
}

export interface SiteView {
  id: string;
  name: Bilingual;
  kind: string;
  address: Bilingual;
  time_zone: string;
  zones: Zone[];
}

export interface LastValue {
  point: string;
  metric: string;
  unit: string | null;
  value: Value;
  at: string;
}

export type DeviceState = "online" | "offline" | "never_seen";

export interface DeviceView {
  site: AlertSite;
  source: string;
  name: string;
  label: Bilingual;
  zone: Zone | null;
  claimed: boolean;
  state: DeviceState;
  last_seen: string | null;
  battery: number | null;
  open_alerts: number;
  points: LastValue[];
}

export interface Series {
  point: string;
  metric: string;
  unit: string | null;
  /** `[unix milliseconds, value]`, oldest first; booleans as 0 and 1. */
  points: [number, number][];
}

export interface Trouble {
  at: string;
  identity: string;
  kind: string;
  detail: string;
}

export interface StatusView {
  ready: boolean;
  version: string;
  journal: { id: string; durable: number; applied: number; lag_s: number };
  archive: { lag_s: number; entries: number };
  disk: { used_ratio: number };
  connections: number;
  frames_total: number;
  tests: RunningTest[];
  defects: Record<string, number>;
  troubles: Trouble[];
}

export interface TestDevice {
  source: string;
  name: string;
  label: Bilingual;
  zone: Zone | null;
}

/** What is under test; without zones and devices the whole site. */
export interface RunningTest {
  id: number;
  site: AlertSite;
  zones: Zone[];
  devices: TestDevice[];
  /** Fire, gas, CO and early warnings too, once a second person has approved. */
  dangers: boolean;
  reason: string;
  by: string;
  until: string;
  approved_by: string | null;
  approved_at: string | null;
}

export interface TestedPoint {
  device: TestDevice;
  point: string | null;
  class: Class;
  first_at: string;
  last_at: string;
  times: number;
}

export interface TestView extends RunningTest {
  from: string;
  over: { at: string; by: string | null; note: string; closed: number; told: number } | null;
  alarmed: TestedPoint[];
  more: number;
  untested: TestDevice[];
}

export interface TestBody {
  order_id: string;
  site: string;
  scope: "site" | { parts: { zones: string[]; devices: { source: string; name: string }[] } };
  dangers: boolean;
  for_s: number;
  reason: string;
}

/** Worst first, as risks are graded in China. */
export const BANDS = ["red", "orange", "yellow", "blue"] as const;
export type Band = (typeof BANDS)[number];

export type PartName =
  | "live"
  | "faults"
  | "false_alarms"
  | "duty"
  | "hazards"
  | "water"
  | "electrical"
  | "occupants"
  | "weather"
  | "premises";

export interface RiskPoints {
  part: PartName;
  label: Bilingual;
  points: number;
}

export interface RiskRankView {
  rank: number;
  site: string;
  name: Bilingual;
  kind: string;
  district: string | null;
  building: string | null;
  listed: boolean;
  score: number;
  standing: number;
  band: Band;
  fires: number;
  known_percent: number;
  inspected_at: string | null;
  parts: RiskPoints[];
  why: Bilingual;
}

export interface RiskPage {
  settings_version: number;
  at: string | null;
  total: number;
  bands: Record<Band, number>;
  units: RiskRankView[];
}

/** An hour or a day in which a score changed. */
export interface RiskHistoryPoint {
  at: string;
  peak: number;
  last: number;
}

export interface RiskHistory {
  hours: RiskHistoryPoint[];
  days: RiskHistoryPoint[];
}

export interface RiskAreaView {
  district: string | null;
  building: string | null;
  score: number;
  band: Band;
  units: number;
  fires: number;
  why: Bilingual;
  history?: RiskHistory;
}

export interface RiskAreaPage {
  total: number;
  areas: RiskAreaView[];
}

export interface RiskFactorView {
  name: string;
  label: Bilingual;
  points: number;
  points_max: number;
  missing: boolean;
  why: Bilingual;
}

export interface RiskPartView extends RiskPoints {
  /** 0 for open alerts, which have no bound of their own. */
  points_max: number;
  why: Bilingual;
  factors: RiskFactorView[];
}

export interface RiskUnitView {
  zone: string | null;
  name: Bilingual;
  score: number;
  standing: number;
  band: Band;
  fires: number;
  known_percent: number;
  settings_version: number;
  inspected_at: string | null;
  why: Bilingual;
  parts: RiskPartView[];
  history: RiskHistory;
}

export interface RiskSiteView {
  site: string;
  unit: RiskUnitView;
  zones: RiskUnitView[];
}

export interface ShadowCall {
  at: string;
  step: "raised" | "escalated" | "reopened";
  class: Class;
  site: AlertSite;
  zone: Zone | null;
  device: Bilingual | null;
  point: string | null;
  rule: string;
  reason: Bilingual;
}

export interface ShadowDifference {
  change: "new" | "missing" | "earlier" | "later";
  call: ShadowCall;
  was_at: string | null;
}

/** A draft of rules: what it would have told, held against what was told. */
export interface ShadowView {
  rules: string[];
  since: string | null;
  behind: number;
  same: number;
  new: number;
  missing: number;
  earlier: number;
  later: number;
  waiting: number;
  calls: ShadowCall[];
  differences: ShadowDifference[];
}

/** A viewer sees everything but the audit, and gives no orders. */
export type Role = "operator" | "viewer";

export interface SessionView {
  user: string;
  role: Role;
  version: string;
  demo: boolean;
}

/** The log-in of the demo: it stands in the refusal where a log-in is asked for, and only in the demo. */
export interface DemoHint {
  user: string;
  password: string;
}

export type OrderVerb = "acknowledge" | "verify" | "forward" | "close" | "reopen";

export interface OrderBody {
  order_id: string;
  verdict?: Verdict;
  note?: string;
  to?: string;
}

/** Why a question to a transmission device ended. */
export type AskedOutcome = "answered" | "late" | "denied" | "unanswered" | "unreachable" | "interrupted";

export interface AskedView {
  asked_at: string | null;
  answered_at: string | null;
  outcome: AskedOutcome | null;
  by: string | null;
}

export interface PanelSystemView {
  kind: number;
  name: Bilingual;
  address: number;
  /** Names of the state bits that are set. */
  state: string[];
}

export type DutyOutcome = "waiting" | "answered" | "late" | "missed" | "unreachable" | "denied" | "interrupted";

/** A duty check of one guard. */
export interface DutyCheckView {
  site: string;
  device: string;
  by: string | null;
  asked_at: string;
  answer_min: number;
  confirmed_at: string | null;
  answered_at: string | null;
  operator: number | null;
  outcome: DutyOutcome;
}

/** Duty checks at moments that nobody foresees, between two times of the day at the site. */
export interface DutyPlanView {
  from: string;
  until: string;
  checks: number;
  answer_min: number;
}

/** A transmission device of fire panels. */
export interface PanelView {
  site: string;
  name: string;
  label: Bilingual;
  zone: string | null;
  address: number;
  connected: boolean | null;
  heard_at: string | null;
  period_s: number | null;
  period_by_order: boolean;
  next_inspection_at: string | null;
  inspection: AskedView;
  clock: AskedView;
  initialisation: AskedView;
  asking: { kind: number; name: Bilingual; attempt: number; since: string } | null;
  waiting: number;
  unsupported: string[];
  state: string[] | null;
  systems: PanelSystemView[];
  version: string | null;
  configuration: string | null;
  clock_ahead_s: number | null;
  duty: DutyCheckView | null;
  duty_plan: DutyPlanView | null;
}

export interface DutyFigures {
  asked: number;
  answered: number;
  late: number;
  missed: number;
  unreachable: number;
  denied: number;
  interrupted: number;
  median_s: number | null;
  worst_s: number | null;
}

export interface DutyReport {
  month: string;
  figures: DutyFigures;
  checks: DutyCheckView[];
}

/** The figures of a month, site by site. */
export interface DutyMonth {
  month: string;
  sites: { site: string; figures: DutyFigures }[];
}

export interface PanelName {
  site: string;
  name: string;
}

/** For whom an order is: exactly one of the three. */
export type PanelTargets = { devices: PanelName[] } | { site: string } | { all: true };

export type PanelOrder = "inspect" | "set_inspection" | "sync_clock" | "initialise";

/** How long it took, of those that got so far; null when none did. */
export interface ResponseTimesView {
  count: number;
  median_s: number | null;
  p90_s: number | null;
  max_s: number | null;
}

export interface ClassFiguresView {
  class: Class;
  raised: number;
  real: number;
  false_alarms: number;
  drills: number;
  unreachable: number;
  unjudged: number;
  unclosed: number;
  false_ratio: number | null;
  acknowledged: ResponseTimesView;
  verified: ResponseTimesView;
  forwarded: ResponseTimesView;
  closed: ResponseTimesView;
}

export interface FiguresView {
  from: string;
  to: string;
  classes: ClassFiguresView[];
  causes: { cause: FalseCause; count: number }[];
  offenders: { site: AlertSite; device: AlertDevice; raised: number; false_alarms: number }[];
  tests: number;
  sites: { site: AlertSite; devices: number; unheard: number; ratio: number | null; offline_s: number; outages: number }[];
  away: { site: AlertSite; device: AlertDevice; ratio: number | null; offline_s: number; outages: number }[];
  duty: DutyOfDevice[];
}

/** An incident of the archive, and when people first got so far with one of its alerts. */
export interface PastIncident {
  id: string;
  site: AlertSite;
  building: string | null;
  class: Class;
  severity: Severity;
  test: boolean;
  alerts_total: number;
  opened_at: string;
  acknowledged_at: string | null;
  verified_at: string | null;
  forwarded_at: string | null;
  /** When the last of its alerts was over. */
  closed_at: string | null;
  reopened: number;
  reopened_at: string | null;
}

/** One of its alerts, and when people first got so far with it. */
export interface PastIncidentAlert {
  alert: AlertView;
  verified_at: string | null;
  forwarded_at: string | null;
  closed_at: string | null;
}

/** A round of questions to a transmission device that is over. */
export interface RoundView {
  site: AlertSite;
  device: AlertDevice;
  kind: string;
  by: string | null;
  asked_at: string;
  ended_at: string;
  answered: number;
  denied: number;
  outcome: AskedOutcome;
}

/** What the duty checks of a transmission device came to. */
export interface DutyOfDevice {
  site: AlertSite;
  device: AlertDevice;
  figures: DutyFigures;
}

/** Who did what and when. */
export interface AuditLine {
  seq: number;
  at: string;
  by: string | null;
  action: string;
  subject: string;
  detail: string;
}
