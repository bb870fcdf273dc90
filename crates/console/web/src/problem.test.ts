import { expect, it } from "vitest";
import { failureOf, reasonOf } from "./problem";

it("finds the reason wherever a problem carries it", () => {
  const reason = { en: "never forwarded", zh: "不转报" };
  expect(reasonOf({ title: "refused", detail: reason })).toEqual(reason);
  expect(reasonOf({ title: "refused", detail: "never forwarded", ...reason })).toEqual(reason);
  expect(reasonOf({ title: "refused", detail: "no" })).toEqual({ en: "no", zh: "no" });
  expect(reasonOf("<html>")).toBeNull();
});

it("tells apart what to do next", () => {
  const demo = { user: "demo", password: "x" };
  const reason = { en: "log in first", zh: "请先登录" };
  expect(failureOf(401, { ...reason, demo })).toEqual({ kind: "signed_out", reason, demo });
  expect(failureOf(401, reason)).toEqual({ kind: "signed_out", reason, demo: null });
  expect(failureOf(409, { detail: "no" })).toEqual({ kind: "refused", status: 409, reason: { en: "no", zh: "no" } });
  expect(failureOf(503, null).kind).toBe("later");
  expect(failureOf(429, null).kind).toBe("later");
  expect(failureOf(404, null)).toEqual({ kind: "refused", status: 404, reason: { en: "HTTP 404", zh: "HTTP 404" } });
});
