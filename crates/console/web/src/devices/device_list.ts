// The devices as the list shows them: filtered by words, site and state; trouble first.

import type { Bilingual, DeviceState, DeviceView } from "../contract";

export type StateFilter = "" | DeviceState | "unclaimed";

export interface DeviceFilter {
  text: string;
  site: string;
  state: StateFilter;
}

export const NO_FILTER: DeviceFilter = { text: "", site: "", state: "" };

export function deviceKey(device: { site: { id: string }; source: string; name: string }): string {
  return `${device.site.id}\n${device.source}\n${device.name}`;
}

/** The devices after news of some of them. */
export function withDevices(known: ReadonlyMap<string, DeviceView>, news: readonly DeviceView[]): Map<string, DeviceView> {
  const next = new Map(known);
  for (const device of news) next.set(deviceKey(device), device);
  return next;
}

export function filtered(devices: Iterable<DeviceView>, filter: DeviceFilter): DeviceView[] {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  return [...devices].filter((device) => {
    if (filter.site !== "" && device.site.id !== filter.site) return false;
    if (filter.state === "unclaimed" ? device.claimed : filter.state !== "" && device.state !== filter.state) return false;
    const text = searchText(device);
    return words.every((word) => text.includes(word));
  });
}

/** Those with open alerts first, then silent ones, then unclaimed ones; within that by place, which does not move. */
export function byTrouble(a: DeviceView, b: DeviceView): number {
  return rank(a) - rank(b) || compare(placeText(a), placeText(b));
}

function rank(device: DeviceView): number {
  if (device.open_alerts > 0) return 0;
  if (device.state === "offline") return 1;
  if (!device.claimed) return 2;
  return device.state === "never_seen" ? 3 : 4;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function placeText(device: DeviceView): string {
  return `${device.site.id}/${device.zone?.id ?? ""}/${device.name}`;
}

function searchText(device: DeviceView): string {
  const both = (text: Bilingual | undefined) => (text ? `${text.zh} ${text.en}` : "");
  return [device.name, device.source, device.site.id, both(device.site.name), both(device.label), both(device.zone?.name)]
    .join(" ")
    .toLowerCase();
}
