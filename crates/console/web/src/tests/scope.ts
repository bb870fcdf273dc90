// What is under test, in words, and the body of an order that begins a test.

import type { Bilingual, DeviceView, RunningTest, TestBody } from "../contract";
import { TESTS } from "../words/tests";

/** The site, and the parts of it that are tested. */
export function scopeParts(test: RunningTest): Bilingual[] {
  const parts = [...test.zones.map((zone) => zone.name), ...test.devices.map((device) => device.label)];
  return [test.site.name, ...(parts.length > 0 ? parts : [TESTS.whole_site])];
}

/** What a person has filled in. */
export interface Draft {
  site: string;
  whole: boolean;
  zones: string[];
  devices: string[];
  dangers: boolean;
  minutes: number;
  reason: string;
}

export function deviceId(device: { source: string; name: string }): string {
  return `${device.source}/${device.name}`;
}

/** The order, or null while something is missing. */
export function bodyOf(draft: Draft, order_id: string): TestBody | null {
  const { site, whole, zones, dangers } = draft;
  const devices = draft.devices.map((id) => {
    const slash = id.indexOf("/");
    return { source: id.slice(0, slash), name: id.slice(slash + 1) };
  });
  const reason = draft.reason.trim();
  if (site === "" || reason === "" || (!whole && zones.length + devices.length === 0)) return null;
  return { order_id, site, scope: whole ? "site" : { parts: { zones, devices } }, dangers, for_s: draft.minutes * 60, reason };
}

/** The claimed devices of a site, as people call them. */
export function devicesOf(devices: Iterable<DeviceView>, site: string): DeviceView[] {
  return [...devices].filter((device) => device.claimed && device.site.id === site);
}
