// Made-up records of the archive, for the pages that look back.

/** @import {AlertView, AuditLine, DutyOfDevice, PastIncident, PastIncidentAlert, RoundView} from "../src/contract" */

/** @type {(ms: number) => string} */
const at = (ms) => new Date(ms).toISOString();

/** Each alert is an incident by itself. @type {(alerts: AlertView[]) => PastIncident[]} */
export function incidentsOf(alerts) {
  return alerts.map((alert, n) => {
    const opened_ms = Date.parse(alert.raised_at);
    const is_over = alert.handling === "closed";
    return {
      id: alert.id,
      site: alert.site,
      building: n % 3 === 0 ? "A 座" : null,
      class: alert.class,
      severity: alert.severity,
      test: alert.test,
      alerts_total: 1 + (n % 4),
      opened_at: alert.raised_at,
      acknowledged_at: alert.acknowledged_at,
      verified_at: alert.verdict ? at(opened_ms + 118_000) : null,
      forwarded_at: alert.verdict?.kind === "real" ? at(opened_ms + 164_000) : null,
      closed_at: is_over ? at(opened_ms + 1_860_000) : null,
      reopened: n % 5 === 4 ? 1 : 0,
      reopened_at: n % 5 === 4 ? at(opened_ms + 900_000) : null,
    };
  });
}

/** @type {(incident: PastIncident, alert: AlertView) => PastIncidentAlert[]} */
export function alertsOf(incident, alert) {
  const { verified_at, forwarded_at, closed_at } = incident;
  return [{ alert, verified_at, forwarded_at, closed_at }];
}

/** @type {(now: number, duty: DutyOfDevice[]) => RoundView[]} */
export function roundsOf(now, duty) {
  const outcomes = /** @type {const} */ (["answered", "answered", "late", "unreachable"]);
  return duty.flatMap(({ site, device }) =>
    outcomes.map((outcome, n) => ({
      site,
      device,
      kind: n === 1 ? "clock" : "inspection",
      by: n === 1 ? "chen" : null,
      asked_at: at(now - (n + 1) * 7_200_000),
      ended_at: at(now - (n + 1) * 7_200_000 + 4_000),
      answered: outcome === "answered" ? 4 : 0,
      denied: n === 0 ? 1 : 0,
      outcome,
    })),
  );
}

/** @type {(now: number, alerts: AlertView[]) => AuditLine[]} */
export function auditOf(now, alerts) {
  const id = alerts[0]?.id ?? "";
  /** @type {[string | null, string, string, string][]} */
  const lines = [
    ["chen", "close", id, "现场无火"],
    ["chen", "verify", id, "false: cooking: 厨房油烟"],
    ["chen", "acknowledge", id, ""],
    ["chen", "logged_in", "127.0.0.1", ""],
    [null, "set_up", "5f2d7c0de1a94b7e8c1d0a3b2f9e6c5d4b3a29181706f5e4d3c2b1a0f9e8d7c6", "2 sites, 214 devices"],
    [null, "started", "0.1.0", "down for 41 s"],
  ];
  return lines.map(([by, action, subject, detail], n) => ({ seq: 9_000 - 7 * n, at: at(now - n * 95_000), by, action, subject, detail }));
}
