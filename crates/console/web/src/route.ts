// The pages by their addresses, behind `#` so that the station needs to serve one file only.

export type Route =
  | { page: "board" }
  | { page: "alert"; id: string }
  | { page: "devices" }
  | { page: "device"; site: string; source: string; name: string }
  | { page: "panels" }
  | { page: "duty" }
  | { page: "risk" }
  | { page: "risk_site"; site: string }
  | { page: "history" }
  | { page: "incidents" }
  | { page: "incident"; id: string }
  | { page: "inspections" }
  | { page: "audit" }
  | { page: "reports" }
  | { page: "tests" }
  | { page: "shadow" }
  | { page: "status" }
  | { page: "unknown" };

/** Pages whose address is their name alone. */
const PLAIN = ["panels", "duty", "risk", "history", "incidents", "inspections", "audit", "reports", "tests", "shadow", "status"] as const;

export function routeOf(hash: string): Route {
  const parts = hash.replace(/^#?\/?/, "").split("/").map(decoded);
  const [first = "", ...rest] = parts;
  if (first === "" && rest.length === 0) return { page: "board" };
  const [one, two, three] = rest;
  if (first === "alerts" && one && rest.length === 1) return { page: "alert", id: one };
  if (first === "incidents" && one && rest.length === 1) return { page: "incident", id: one };
  if (first === "devices" && rest.length === 0) return { page: "devices" };
  if (first === "devices" && one && two && three && rest.length === 3) {
    return { page: "device", site: one, source: two, name: three };
  }
  if (first === "risk" && one && rest.length === 1) return { page: "risk_site", site: one };
  const plain = PLAIN.find((page) => page === first);
  if (plain && rest.length === 0) return { page: plain };
  return { page: "unknown" };
}

export function alertHref(id: string): string {
  return `#/alerts/${encodeURIComponent(id)}`;
}

export function incidentHref(id: string): string {
  return `#/incidents/${encodeURIComponent(id)}`;
}

export function riskHref(site: string): string {
  return `#/risk/${encodeURIComponent(site)}`;
}

/** Makers' device names hold slashes, spaces and Chinese. */
export function deviceHref(site: string, source: string, name: string): string {
  return `#/devices/${[site, source, name].map(encodeURIComponent).join("/")}`;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
