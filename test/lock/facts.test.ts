import assert from "node:assert/strict";
import { factsOf, nextLook, type Question, type ViewPart } from "../../daemon/lock/facts.ts";
import { parseFailures } from "../../daemon/lock/failures.ts";
import type { Holder } from "../../daemon/lock/lock.ts";
import { stateIn } from "../../daemon/lock/lock-object.ts";
import { everyRow } from "../rows.ts";

const noon = Date.parse("2026-11-24T12:00:00Z");
const created = "2026-11-24T11:00:00Z";
const holder = (nodeID: string): Holder => ({ nodeID, created, TTL: 0, concurrency: 2 });
const member = { "node-role.kubernetes.io/control-plane": "" };

function stateWith(...locks: Holder[]): Question["state"] {
  const annotations = { "rebootd.dev/lock": JSON.stringify({ maxOwners: 2, locks }) };
  return stateIn({ resourceVersion: "7", annotations }, "rebootd.dev/lock");
}

function question(changes: Partial<Question> = {}): Question {
  return {
    state: stateWith(),
    waiting: { identity: { name: "me" }, labels: {} },
    view: {},
    limits: { concurrency: 2 },
    haltAfter: { reboots: 3, drains: 0 },
    ...changes,
  };
}

describe("The answer of the lock to a node", () => {
  const waiting = { identity: { name: "me" }, labels: member };
  const limits = { concurrency: 2, maxUnavailable: 3 };
  const controlPlane = { names: ["me", "cp2"], notReady: [] };
  const rows: [what: string, changes: Partial<Question>, look: ViewPart | undefined][] = [
    ["a worker", {}, "absent"],
    ["with a limit of unavailable nodes", { limits, view: { absent: [] } }, "unavailable"],
    ["after all looks", { limits, view: { absent: [], unavailable: [] } }, undefined],
    ["also after a look that found nothing", { view: { absent: undefined } }, undefined],
    ["a member of the control plane", { waiting }, "controlPlane"],
    ["that saw the others", { waiting, view: { controlPlane } }, "podsDown"],
    ["that saw their pods", { waiting, view: { controlPlane, podsDown: [] } }, "absent"],
    ["none that decides: refused by the lock", { state: stateWith(holder("a"), holder("b")) }, undefined],
    [
      "none that decides: refused by a look",
      { waiting, view: { controlPlane, podsDown: ["x/etcd"] } },
      undefined,
    ],
    ["none that decides: it is in", { state: stateWith(holder("me")), waiting }, undefined],
    ["none that decides: paused", { state: { ...stateWith(), paused: "true" } }, undefined],
  ];
  it("needs looks at other nodes one by one, the cheapest first, and only those that may decide", () =>
    everyRow(rows, (changes, look) => assert.equal(nextLook(question(changes), noon), look)));

  const gone = [holder("a"), holder("b")];
  const failed = parseFailures(
    JSON.stringify(["x", "y", "z"].map((node) => ({ node, at: created, message: "" }))),
  );
  const refused: [what: string, changes: Partial<Question>, code: string | undefined][] = [
    ["a pause first", { state: { ...stateWith(...gone), failures: failed, paused: "true" } }, "cluster"],
    ["then a halt", { state: { ...stateWith(...gone), failures: failed } }, "halted"],
    ["then the holders", { state: stateWith(...gone) }, "lock-taken"],
    ["then nodes that the lock has lost", { view: { absent: gone } }, "lock-lost"],
    [
      "not if the lock names them by now",
      { state: stateWith(holder("a")), view: { absent: [holder("a")] } },
      undefined,
    ],
    [
      "not if a person has taken their slot away",
      { state: { ...stateWith(), unlocked: [{ node: "a", at: created }] }, view: { absent: gone } },
      undefined,
    ],
    ["no look at others if it is in", { state: stateWith(holder("me")), view: { absent: gone } }, undefined],
  ];
  it("names the first reason for a refusal", () =>
    everyRow(refused, (changes, code) => assert.equal(factsOf(question(changes), noon).refusal?.code, code)));
});
