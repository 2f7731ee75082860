import assert from "node:assert/strict";
import { waitableMs } from "../../daemon/cycle/lately.ts";
import type { NodeFacts, Observation } from "../../daemon/cycle/observation.ts";
import type { Phase } from "../../daemon/cycle/record.ts";
import { everyRow } from "../rows.ts";

describe("A pass that only waits", () => {
  const running = { state: "running" } as Observation["drain"];
  const empty = { state: "done", at: 0 } as Observation["drain"];
  const back = { ready: true, bootID: "b2", taints: [] } as unknown as NodeFacts;
  const tainted = { ...back, taints: [{ key: "node.cilium.io/agent-not-ready", effect: "NoSchedule" }] };
  const rows: [
    string,
    { phase: Phase; drain?: Observation["drain"]; facts?: NodeFacts; isChanged?: boolean },
    forMs: number,
  ][] = [
    ["while pods go", { phase: "Draining", drain: running }, 60_000],
    [
      "while pods go from a Node that has changed",
      { phase: "Draining", drain: running, isChanged: true },
      5000,
    ],
    ["once the node is empty", { phase: "Draining", drain: empty }, 0],
    ["before the reboot", { phase: "Rebooting" }, 0],
    ["at rest", { phase: "Idle" }, 0],
    ["for the settle time of a node that is back", { phase: "Returning", isChanged: true }, 60_000],
    ["for a node that is not Ready", { phase: "Returning", facts: { ...back, ready: false } }, 0],
    ["for a kubelet that reports another boot", { phase: "Returning", facts: { ...back, bootID: "b1" } }, 0],
    ["for a taint that is to go", { phase: "Returning", facts: tainted }, 0],
  ];
  it("stands on an answer about the Node of so long ago", () =>
    everyRow(rows, ({ phase, drain = running, facts = back, isChanged = false }, forMs) => {
      const seen = { drain, bootID: "b2" };
      assert.equal(waitableMs({ phase }, { facts, isChanged }, seen, { readyTaintsIgnored: [] }), forMs);
    }));
});
