import { expect, it } from "vitest";
import type { DeviceView } from "../contract";
import { byTrouble, deviceKey, filtered, NO_FILTER, withDevices } from "./device_list";

const device = (parts: Partial<DeviceView>): DeviceView => ({
  site: { id: "sunshine", name: { en: "Sunshine care home", zh: "阳光敬老院" }, time_zone: "Asia/Shanghai" },
  source: "watchfire",
  name: "smoke-201",
  label: { en: "Smoke 201", zh: "烟感 201" },
  zone: { id: "corridor-2", name: { en: "Corridor, 2nd floor", zh: "二楼走廊" } },
  claimed: true,
  state: "online",
  last_seen: null,
  battery: null,
  open_alerts: 0,
  points: [],
  ...parts,
});

const all = [
  device({}),
  device({ name: "gas-1", label: { en: "Gas", zh: "燃气" }, state: "offline", zone: null }),
  device({ name: "0x00158d", claimed: false, label: { en: "0x00158d", zh: "0x00158d" } }),
];
const names = (parts: object) => filtered(all, { ...NO_FILTER, ...parts }).map((one) => one.name);

it("finds by every word, in either language", () => {
  expect(names({ text: "走廊 201" })).toEqual(["smoke-201"]);
  expect(names({ text: "SUNSHINE gas" })).toEqual(["gas-1"]);
  expect(names({ text: "nothing" })).toEqual([]);
});

it("filters by site and state, unclaimed among the states", () => {
  expect(names({ state: "offline" })).toEqual(["gas-1"]);
  expect(names({ state: "unclaimed" })).toEqual(["0x00158d"]);
  expect(names({ site: "elsewhere" })).toEqual([]);
});

it("shows trouble first and everything else in its place", () => {
  const burning = device({ name: "z", open_alerts: 1 });
  const order = [...all, burning].sort(byTrouble).map((one) => one.name);
  expect(order).toEqual(["z", "gas-1", "0x00158d", "smoke-201"]);
});

it("takes news of a device in place of the old", () => {
  const known = withDevices(new Map(), all);
  const next = withDevices(known, [device({ state: "offline" })]);
  expect(next.size).toBe(3);
  expect(next.get(deviceKey(device({})))?.state).toBe("offline");
  expect(known.get(deviceKey(device({})))?.state).toBe("online");
});
