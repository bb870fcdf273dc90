// An alert for tests: everything usual, the given parts replaced.

import type { AlertView } from "../contract";

export function sampleAlert(parts: Partial<AlertView> = {}): AlertView {
  return {
    id: "a",
    class: "fault",
    severity: "minor",
    condition: "active",
    handling: "open",
    verdict: null,
    site: { id: "sunshine", name: { en: "Sunshine care home", zh: "阳光敬老院" }, time_zone: "Asia/Shanghai" },
    zone: null,
    device: null,
    point: null,
    rule: "own-alarm@1",
    reason: { en: "smoke alarm", zh: "烟雾报警" },
    evidence: [],
    late: false,
    incident: null,
    test: false,
    raised_at: "2026-11-23T03:00:00Z",
    changed_at: "2026-11-23T03:00:00Z",
    acknowledged_at: null,
    acknowledged_by: null,
    ...parts,
  };
}
