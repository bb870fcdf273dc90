// Whether what the page shows can be trusted: a pure fold of "heard something", "the connection broke" and the clock.

/** The station says something every 5 s. This much silence means that it, or the way to it, is gone. */
export const QUIET_MS_MAX = 12_000;

export type Link =
  | { readonly state: "connecting"; readonly since_ms: number; readonly heard_ms: null }
  | { readonly state: "live"; readonly heard_ms: number }
  | { readonly state: "lost"; readonly since_ms: number; readonly heard_ms: number | null };

export function connecting(now_ms: number): Link {
  return { state: "connecting", since_ms: now_ms, heard_ms: null };
}

export function heard(now_ms: number): Link {
  return { state: "live", heard_ms: now_ms };
}

/** The browser says that the connection broke: what is shown dates from the last thing heard. */
export function broken(link: Link, now_ms: number): Link {
  if (link.state === "lost") return link;
  return { state: "lost", since_ms: link.heard_ms ?? now_ms, heard_ms: link.heard_ms };
}

/** The link as the clock goes on: a connection can be dead without anybody saying so. */
export function judged(link: Link, now_ms: number): Link {
  const quiet_since = link.state === "live" ? link.heard_ms : link.state === "connecting" ? link.since_ms : null;
  return quiet_since !== null && now_ms - quiet_since > QUIET_MS_MAX ? broken(link, now_ms) : link;
}

/** For how long nothing could be seen. */
export function lostFor(link: Link, now_ms: number): number {
  return link.state === "lost" ? Math.max(0, now_ms - link.since_ms) : 0;
}
