import { describe, expect, it } from "vitest";
import { boardOf, counts, EMPTY_BOARD, sorted, withAlert } from "./board";
import { sampleAlert } from "./sample_alert";

const at = (minute: number) => `2026-11-23T03:${String(minute).padStart(2, "0")}:00Z`;
const order = (...alerts: ReturnType<typeof sampleAlert>[]) => sorted(boardOf(alerts)).map((alert) => alert.id);

describe("the order of the board", () => {
  it("puts fire on top always, even an acknowledged one above everything that is not fire", () => {
    expect(
      order(
        sampleAlert({ id: "gas", class: "gas", raised_at: at(0) }),
        sampleAlert({ id: "old-fire", class: "fire", handling: "verified", raised_at: at(1) }),
        sampleAlert({ id: "new-fire", class: "fire", raised_at: at(9) }),
      ),
    ).toEqual(["new-fire", "old-fire", "gas"]);
  });

  it("puts what nobody has looked at first, then class, then the oldest", () => {
    expect(
      order(
        sampleAlert({ id: "seen-gas", class: "gas", handling: "acknowledged", raised_at: at(0) }),
        sampleAlert({ id: "closed-but-active", class: "gas", handling: "closed", raised_at: at(0) }),
        sampleAlert({ id: "fault-new", class: "fault", raised_at: at(5) }),
        sampleAlert({ id: "fault-old", class: "fault", raised_at: at(2) }),
        sampleAlert({ id: "water", class: "water", raised_at: at(8) }),
      ),
    ).toEqual(["water", "fault-old", "fault-new", "seen-gas", "closed-but-active"]);
  });

  it("is the same for the same alerts whatever order they came in", () => {
    const a = sampleAlert({ id: "a" });
    const b = sampleAlert({ id: "b" });
    expect(order(b, a)).toEqual(order(a, b));
  });
});

describe("folding news into the board", () => {
  const raised = sampleAlert({ id: "x", class: "fire" });

  it("keeps an alert that is closed while its cause still holds, and one that cleared but is not closed", () => {
    const closed = withAlert(withAlert(EMPTY_BOARD, raised), { ...raised, handling: "closed", changed_at: at(1) });
    expect(closed.alerts.size).toBe(1);
    const cleared = withAlert(EMPTY_BOARD, { ...raised, condition: "cleared", changed_at: at(1) });
    expect(cleared.alerts.size).toBe(1);
  });

  it("lets an alert go when it is closed and over, and back in when it is opened again", () => {
    const over = { ...raised, handling: "closed", condition: "cleared", changed_at: at(2) } as const;
    const gone = withAlert(boardOf([raised]), over);
    expect(gone.alerts.size).toBe(0);
    expect(withAlert(gone, { ...raised, changed_at: at(3) }).alerts.size).toBe(1);
  });

  it("ignores a late answer about the past", () => {
    const seen = { ...raised, handling: "acknowledged", changed_at: at(4) } as const;
    expect(withAlert(boardOf([seen]), { ...raised, changed_at: at(3) }).alerts.get("x")?.handling).toBe("acknowledged");
    const over = { ...raised, handling: "closed", condition: "cleared", changed_at: at(5) } as const;
    expect(withAlert(withAlert(boardOf([seen]), over), seen).alerts.size).toBe(0);
  });

  it("does not change the board it was given", () => {
    const before = boardOf([raised]);
    withAlert(before, sampleAlert({ id: "y" }));
    expect(before.alerts.size).toBe(1);
  });

  it("counts what nobody has looked at", () => {
    const board = boardOf([
      raised,
      sampleAlert({ id: "f", class: "fire", handling: "acknowledged" }),
      sampleAlert({ id: "g", class: "gas" }),
    ]);
    expect(counts(board)).toEqual({ loud_fires: 1, unacknowledged: 2, open: 3 });
  });
});
