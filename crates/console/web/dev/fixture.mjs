// Serves the built pages and a made-up station behind the console's HTTP contract, with the same content security
// policy: `npm run dev:fixture`, then http://127.0.0.1:8471/ (any user, password "fixture"). For development only.
// POST /dev/{fire,storm,warning,escalate,drop,mute,speak,unready,expire} plays what a day may bring.

import { createReadStream, existsSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { risk } from "./risk.mjs";
import { figuresOf } from "./figures.mjs";
import { alertsOf, auditOf, incidentsOf, roundsOf } from "./records.mjs";
import { SITES, World } from "./world.mjs";

/** @import {IncomingMessage, ServerResponse} from "node:http" */
/** @import {AlertView, OrderVerb} from "../src/contract" */

const DIST = fileURLToPath(new URL("../dist", import.meta.url));
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };

const CLASS_ORDER = ["fire", "gas", "co", "early_warning", "water", "electrical", "supervisory", "fault", "offline", "security", "information"];

/** @type {(port: number, options?: {demo?: boolean}) => Promise<{url: string, close: () => void}>} */
export function serve(port, { demo = true } = {}) {
  const world = new World(Date.now());
  /** @type {Set<ServerResponse>} */
  const streams = new Set();
  let is_mute = false;
  let session = "";
  let event_id = 0;

  /** @type {(event: string, data: unknown, id?: number) => void} */
  const tell = (event, data, id) => {
    if (is_mute) return;
    const lines = `${id === undefined ? "" : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
    for (const stream of streams) stream.write(lines);
  };
  /** @type {(alert: AlertView | undefined) => void} */
  const tellAlert = (alert) => alert && tell("alert", alert, (event_id += 1));

  const devices = setInterval(() => tell("devices", { devices: world.tick(Date.now()) }), 1_000);
  const status = setInterval(() => tell("status", world.status(Date.now())), 5_000);

  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://fixture");
    if (url.pathname.startsWith("/dev/")) return play(url.pathname.slice("/dev/".length), response);
    if (url.pathname.startsWith("/api/v1/")) return void api(request, response, url);
    return page(url.pathname, response);
  });

  /** @type {(what: string, response: ServerResponse) => void} */
  function play(what, response) {
    const now = Date.now();
    const smoke = { zh: "烟感报警；烟雾 0.21 dB/m，一氧化碳 38 ppm", en: "smoke alarm; smoke 0.21 dB/m, CO 38 ppm" };
    const rising = { zh: "烟雾 0.08 dB/m，5 分钟内上升 6 倍", en: "smoke 0.08 dB/m, six times that of 5 min ago" };
    /** @type {Record<string, () => void>} */
    const plays = {
      fire: () => tellAlert(world.alerts.get(world.raise(now, "fire", "sunshine", "smoke-201", smoke, { hot: true }))?.alert),
      "fire-mill": () => tellAlert(world.alerts.get(world.raise(now, "fire", "mill", "1-1/0a000200", smoke, {}))?.alert),
      storm: () => {
        for (let n = 1; n <= 24; n += 1) {
          tellAlert(world.alerts.get(world.raise(now - n * 2_000, "fire", "sunshine", `smoke-${300 + n}`, smoke, { incident: "i-1" }))?.alert);
        }
      },
      warning: () => tellAlert(world.alerts.get(world.raise(now, "early_warning", "sunshine", "smoke-204", rising, { hot: true }))?.alert),
      escalate: () => {
        const warning = [...world.alerts.values()].find((one) => one.alert.class === "early_warning");
        if (!warning) return;
        world.escalate(warning.alert.id, now, smoke);
        tellAlert(world.alerts.get(warning.alert.id)?.alert);
      },
      drop: () => streams.forEach((stream) => stream.destroy()),
      mute: () => void (is_mute = true),
      speak: () => void (is_mute = false),
      unready: () => void (world.ready = false),
      expire: () => ((session = ""), streams.forEach((stream) => stream.destroy())),
    };
    plays[what]?.();
    response.writeHead(plays[what] ? 204 : 404).end();
  }

  /** @type {(request: IncomingMessage, response: ServerResponse, url: URL) => Promise<void>} */
  async function api(request, response, url) {
    const path = url.pathname.slice("/api/v1".length);
    const query = url.searchParams;
    const now = Date.now();
    /** @type {(status: number, body: unknown, headers?: Record<string, string>) => void} */
    const answer = (code, body, headers = {}) => {
      const type = code < 400 ? "application/json" : "application/problem+json";
      response.writeHead(code, { "content-type": type, "cache-control": "no-store", ...headers }).end(JSON.stringify(body));
    };

    if (path === "/session" && request.method === "POST") {
      const { user, password } = /** @type {{user: string, password: string}} */ (await read(request));
      if (password !== "fixture") return answer(401, { title: "Wrong user or password", en: "user or password is wrong", zh: "用户名或密码不对" });
      session = user;
      return answer(200, { user }, { "set-cookie": `watchfire_session=${encodeURIComponent(user)}; HttpOnly; SameSite=Strict; Path=/` });
    }
    if (session === "" || !request.headers.cookie?.includes("watchfire_session=")) {
      return answer(401, { title: "Not logged in", en: "log in first", zh: "请先登录", ...(demo ? { demo: { user: "demo", password: "fixture" } } : {}) });
    }
    if (path === "/session" && request.method === "DELETE") return (session = ""), answer(200, {});
    if (path === "/session") return answer(200, { user: session, role: session === "viewer" ? "viewer" : "operator", version: "0.1.0-fixture", demo });
    if (path === "/sites") return answer(200, { sites: SITES });
    if (path === "/status") return answer(200, world.status(now));
    if (path === "/devices") {
      const all = world.devices.map((one) => one.view);
      return answer(200, { devices: all.filter((one) => !query.get("site") || one.site.id === query.get("site")) });
    }
    if (path === "/readings") {
      const [site, source, device] = ["site", "source", "device"].map((name) => query.get(name) ?? "");
      const [from_ms, to_ms] = ["from", "to"].map((name) => Date.parse(query.get(name) ?? ""));
      const points_max = Number(query.get("points_max") ?? 1_000);
      return answer(200, { series: world.readings(site ?? "", source ?? "", device ?? "", from_ms ?? 0, to_ms ?? 0, points_max) });
    }
    if (path === "/shadow") return answer(200, { draft: world.shadow(now) });
    if (path === "/state") {
      const [site, source, device] = ["site", "source", "device"].map((name) => query.get(name) ?? "");
      const at_ms = Date.parse(query.get("at") ?? "");
      const series = device ? world.readings(site ?? "", source ?? "", device, at_ms - 600_000, at_ms, 100) : [];
      const values = series.map((one) => ({ ...one, points: one.points.slice(-1) }));
      return answer(200, { at: query.get("at"), alerts: world.open(), values });
    }
    if (path === "/audit") {
      const lines = auditOf(now, [...world.alerts.values()].map((one) => one.alert));
      return answer(200, { lines: lines.filter((one) => !query.get("action") || one.action === query.get("action")), next: null });
    }
    if (path.startsWith("/history/")) {
      const alerts = [...world.alerts.values()].map((one) => one.alert).sort((a, b) => b.raised_at.localeCompare(a.raised_at));
      const incidents = incidentsOf(alerts);
      const duty = figuresOf(world.devices.map((one) => one.view), "", "", query.get("site") ?? "").duty;
      if (path === "/history/incidents") return answer(200, { incidents: incidents.filter((one) => !query.get("site") || one.site.id === query.get("site")), next: null });
      if (path === "/history/inspections") return answer(200, { inspections: roundsOf(now, duty), more: false });
      if (path === "/history/duty-checks/devices") return answer(200, { month: query.get("month"), devices: duty });
      const place = incidents.findIndex((one) => path === `/history/incidents/${one.id}`);
      const [incident, alert] = [incidents[place], alerts[place]];
      return incident && alert ? answer(200, { incident, alerts: alertsOf(incident, alert) }) : answer(404, { title: "not found" });
    }
    if (path === "/figures") {
      const devices = world.devices.map((one) => one.view);
      return answer(200, figuresOf(devices, query.get("from") ?? "", query.get("to") ?? "", query.get("site") ?? ""));
    }
    if (path === "/tests" && request.method === "GET") return answer(200, { tests: world.tests });
    const [, test = "", act] = /^\/tests\/(\d+)\/(\w+)$/.exec(path) ?? [];
    if (act) {
      const { note = "" } = /** @type {{note?: string}} */ (await read(request));
      if (act === "end") world.endTest(now, session, Number(test), note);
      return answer(200, { tests: world.tests });
    }
    if (path.startsWith("/risk")) {
      const found = risk(now, path, query);
      return found ? answer(200, found) : answer(404, { title: "not found" });
    }
    if (path === "/transmission-devices") return answer(200, { devices: world.panels });
    if (path === "/transmission-devices/orders" || (path === "/duty-checks" && request.method === "POST")) {
      const order = /** @type {{order_id: string, order?: string, targets: import("../src/contract").PanelTargets, answer_min?: number, period_s?: number}} */ (await read(request));
      const refused = order.order ? world.orderPanels(now, session, order.order, order.targets, order.period_s) : world.checkDuty(now, session, order.targets, order.answer_min ?? 5);
      if (refused) return answer(409, { type: "about:blank", title: "Refused", status: 409, detail: refused.en, ...refused });
      return answer(200, { order_id: order.order_id });
    }
    const month = query.get("month") || new Date(now).toISOString().slice(0, 7);
    if (path === "/duty-checks/figures") {
      return answer(200, { month, sites: ["mill", "sunshine"].map((site) => ({ site, figures: world.dutyFigures(site) })) });
    }
    if (path === "/duty-checks") {
      const site = query.get("site") ?? "";
      return answer(200, { month, figures: world.dutyFigures(site), checks: world.duty_checks.filter((one) => one.site === site) });
    }
    if (path === "/events") return listen(response, now);
    if (path === "/alerts") return answer(200, pageOf(query));

    const [, id = "", verb] = /^\/alerts\/([^/]+)(?:\/(\w+))?$/.exec(path) ?? [];
    const known = world.alerts.get(decodeURIComponent(id));
    if (!known) return answer(404, { title: "not found" });
    if (!verb) return answer(200, { ...known, complete: true });
    const body = /** @type {import("../src/contract").OrderBody} */ (await read(request));
    const done = world.order(now, session, id, /** @type {OrderVerb} */ (verb), body);
    if (!("id" in done)) return answer(409, { type: "about:blank", title: "Refused by the rules", status: 409, detail: done.en, ...done });
    tellAlert(done);
    return answer(200, { alert: done });
  }

  /** @type {(response: ServerResponse, now: number) => void} */
  function listen(response, now) {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    if (is_mute) return void response.write(": quiet\n\n");
    response.write(`event: board\ndata: ${JSON.stringify({ alerts: world.open(), status: world.status(now) })}\n\n`);
    streams.add(response);
    response.on("close", () => streams.delete(response));
  }

  /** @type {(query: URLSearchParams) => {alerts: AlertView[], next: string | null}} */
  function pageOf(query) {
    if (query.get("scope") !== "all") {
      const rank = (/** @type {AlertView} */ one) => CLASS_ORDER.indexOf(one.class);
      return { alerts: world.open().sort((a, b) => rank(a) - rank(b) || a.raised_at.localeCompare(b.raised_at)), next: null };
    }
    const before = query.get("before");
    const limit = Number(query.get("limit") ?? 50);
    const found = [...world.alerts.values()]
      .map((one) => one.alert)
      .filter((one) => (!query.get("class") || one.class === query.get("class")) && (!query.get("site") || one.site.id === query.get("site")))
      .sort((a, b) => `${b.raised_at},${b.id}`.localeCompare(`${a.raised_at},${a.id}`))
      .filter((one) => before === null || `${one.raised_at},${one.id}` < before);
    const alerts = found.slice(0, limit);
    const last = alerts.at(-1);
    return { alerts, next: found.length > limit && last ? `${last.raised_at},${last.id}` : null };
  }

  return new Promise((done) => {
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      const at = typeof address === "object" && address ? address.port : port;
      const close = () => {
        clearInterval(devices);
        clearInterval(status);
        server.closeAllConnections();
        server.close();
      };
      done({ url: `http://127.0.0.1:${at}`, close });
    });
  });
}

/** @type {(path: string, response: ServerResponse) => void} */
function page(path, response) {
  const wanted = join(DIST, normalize(path === "/" ? "/index.html" : path));
  if (!wanted.startsWith(DIST) || !existsSync(wanted)) return void response.writeHead(404).end();
  const type = TYPES[/** @type {keyof typeof TYPES} */ (extname(wanted))] ?? "application/octet-stream";
  response.writeHead(200, { "content-type": type, "content-security-policy": POLICY });
  createReadStream(wanted).pipe(response);
}

/** @type {(request: IncomingMessage) => Promise<unknown>} */
async function read(request) {
  let body = "";
  for await (const piece of request) body += piece;
  return JSON.parse(body === "" ? "{}" : body);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url } = await serve(8471);
  process.stdout.write(`${url}/\n`);
}
