// What this page knows of the station: who is signed in, the live board, devices, health, and how fresh all that is.
// Events are folded by the pure parts; here is only where they meet.

import { get, post, remove, watchSkew, type Answer } from "./api";
import { boardOf, EMPTY_BOARD, isUnacknowledged, withAlert, type Board } from "./board/board";
import type { AlertView, DemoHint, DeviceView, SessionView, SiteView, StatusView } from "./contract";
import { withDevices } from "./devices/device_list";
import { Events } from "./stream/events";
import { broken, connecting, heard, judged, type Link } from "./stream/link";

/** Between two looks for a station that does not answer. */
const LOOK_AGAIN_MS = 3_000;
/** The answers' clock is good to a second: smaller differences are not followed, ages would jump. */
const SKEW_STEP_MS = 1_500;

export type Entry = "looking" | "unreachable" | "signed_out" | "signed_in";

class Station {
  entry = $state<Entry>("looking");
  /** The session ended while somebody was working. */
  expired = $state(false);
  demo = $state(false);
  demo_hint = $state.raw<DemoHint | null>(null);
  session = $state.raw<SessionView | null>(null);

  board = $state.raw<Board>(EMPTY_BOARD);
  /** Whether the board has been heard whole at least once. */
  is_told = $state(false);
  status = $state.raw<StatusView | null>(null);
  devices = $state.raw<ReadonlyMap<string, DeviceView>>(new Map());
  sites = $state.raw<ReadonlyMap<string, SiteView>>(new Map());
  link = $state.raw<Link>(connecting(Date.now()));
  /** The alert that was last raised or became a fire, for those who listen to the page rather than look. */
  news = $state.raw<AlertView | null>(null);

  /** The station's time, once a second. */
  now_ms = $state(Date.now());
  skew_ms = $state(0);

  #events: Events | null = null;

  constructor() {
    watchSkew((skew_ms) => {
      if (Math.abs(skew_ms - this.skew_ms) >= SKEW_STEP_MS) this.skew_ms = skew_ms;
    });
  }

  /** Whether whoever is signed in may give orders. */
  mayOrder(): boolean {
    return this.session?.role !== "viewer";
  }

  /** The station's time now. */
  time(): number {
    return Date.now() + this.skew_ms;
  }

  async start(): Promise<void> {
    setInterval(() => this.#tick(), 1_000);
    await this.#look();
  }

  async signIn(user: string, password: string): Promise<Answer<unknown>> {
    const answer = await post<unknown>("/session", { user, password });
    if (answer.ok) await this.#look();
    return answer;
  }

  async signOut(): Promise<void> {
    await remove("/session");
    this.#leave(false);
    await this.#look();
  }

  /** Takes an alert from an answer to an order: it may be here before its event. */
  take(alert: AlertView): void {
    this.board = withAlert(this.board, alert);
  }

  /** The session is over: an answer said so. */
  signedOut(): void {
    if (this.entry === "signed_in") this.#leave(true);
  }

  async loadDevices(): Promise<Answer<{ devices: DeviceView[] }>> {
    const answer = await get<{ devices: DeviceView[] }>("/devices");
    if (answer.ok) this.devices = withDevices(new Map(), answer.value.devices);
    return answer;
  }

  async #look(): Promise<void> {
    const answer = await get<SessionView>("/session");
    if (answer.ok) {
      this.session = answer.value;
      this.demo = answer.value.demo === true;
      this.expired = false;
      this.#enter();
    } else if (answer.failure.kind === "later") {
      this.entry = "unreachable";
      setTimeout(() => void this.#look(), LOOK_AGAIN_MS);
    } else {
      this.demo_hint = answer.failure.kind === "signed_out" ? answer.failure.demo : null;
      this.demo = this.demo_hint !== null;
      this.entry = "signed_out";
    }
  }

  #enter(): void {
    this.entry = "signed_in";
    this.link = connecting(this.time());
    this.#events?.close();
    this.#events = new Events({
      board: (alerts, status) => {
        this.board = boardOf(alerts);
        this.status = status;
        this.is_told = true;
        this.#hear();
      },
      alert: (alert) => {
        this.#tell(alert);
        this.board = withAlert(this.board, alert);
        this.#hear();
      },
      devices: (devices) => {
        this.devices = withDevices(this.devices, devices);
        this.#hear();
      },
      status: (status) => {
        this.status = status;
        this.#hear();
      },
      broken: (refused) => {
        this.link = broken(this.link, this.time());
        if (refused) void this.#checkSession();
      },
    });
    void this.#loadSites();
  }

  #leave(expired: boolean): void {
    this.#events?.close();
    this.#events = null;
    this.session = null;
    this.expired = expired;
    this.entry = "signed_out";
    if (!expired) {
      this.board = EMPTY_BOARD;
      this.is_told = false;
    }
  }

  async #loadSites(): Promise<void> {
    const answer = await get<{ sites: SiteView[] }>("/sites");
    if (answer.ok) this.sites = new Map(answer.value.sites.map((site) => [site.id, site]));
  }

  async #checkSession(): Promise<void> {
    const answer = await get<SessionView>("/session");
    if (!answer.ok && answer.failure.kind === "signed_out") this.signedOut();
  }

  #hear(): void {
    this.link = heard(this.time());
  }

  #tell(alert: AlertView): void {
    const known = this.board.alerts.get(alert.id);
    const became = !known || known.class !== alert.class || known.handling !== "open" || known.test;
    if (became && isUnacknowledged(alert)) this.news = alert;
  }

  #tick(): void {
    this.now_ms = this.time();
    const link = judged(this.link, this.now_ms);
    if (link === this.link) return;
    this.link = link;
    // The browser believes in the connection, the silence says otherwise: a new one, from the whole board.
    if (this.entry === "signed_in") this.#events?.open();
  }
}

export const station = new Station();
