// The station's events. The browser reconnects by itself and says where it stopped (`Last-Event-ID`); where it gives
// up (an error answer, a dead connection) a new stream is opened, which begins with the whole board.

import type { AlertView, DeviceView, StatusView } from "../contract";

/** Between a stream that the browser gave up and the next. */
const REOPEN_MS = 2_000;

export interface Listener {
  board(alerts: AlertView[], status: StatusView): void;
  alert(alert: AlertView): void;
  devices(devices: DeviceView[]): void;
  status(status: StatusView): void;
  /** The connection broke; `refused` when the station answered, but not with events. */
  broken(refused: boolean): void;
}

export class Events {
  #source: EventSource | null = null;
  #reopen: ReturnType<typeof setTimeout> | null = null;
  readonly #listener: Listener;

  constructor(listener: Listener) {
    this.#listener = listener;
    this.open();
  }

  /** Opens a new stream in place of the old one. */
  open(): void {
    this.close();
    const source = new EventSource("/api/v1/events");
    this.#source = source;
    source.addEventListener("board", (event) => {
      const { alerts, status } = JSON.parse(event.data) as { alerts: AlertView[]; status: StatusView };
      this.#listener.board(alerts, status);
    });
    source.addEventListener("alert", (event) => this.#listener.alert(JSON.parse(event.data) as AlertView));
    source.addEventListener("devices", (event) =>
      this.#listener.devices((JSON.parse(event.data) as { devices: DeviceView[] }).devices),
    );
    source.addEventListener("status", (event) => this.#listener.status(JSON.parse(event.data) as StatusView));
    source.onerror = () => {
      const refused = source.readyState === EventSource.CLOSED;
      this.#listener.broken(refused);
      if (refused && this.#source === source) this.#reopen = setTimeout(() => this.open(), REOPEN_MS);
    };
  }

  close(): void {
    if (this.#reopen !== null) clearTimeout(this.#reopen);
    this.#reopen = null;
    this.#source?.close();
    this.#source = null;
  }
}
