import assert from "node:assert/strict";
import { needAnnotations } from "../../daemon/cycle/need-annotations.ts";
import type { CycleRecord } from "../../daemon/cycle/record.ts";
import { idle } from "./builders.ts";

const inProgress = "weave.works/kured-reboot-in-progress";
const mostRecent = "weave.works/kured-most-recent-reboot-needed";
const since = "2026-11-24T11:59:30Z";
const need = { source: "file", reasons: [], since: "2026-11-24T11:59:30.250Z" };
const both = { [inProgress]: since, [mostRecent]: since };
const gone = { [inProgress]: null };
const reason = (gate: string) => ({ gate, code: "closed", message: "no", since: need.since });

describe("kured's annotations of a Node", () => {
  const rows: [what: string, record: Partial<CycleRecord>, change: object][] = [
    ["are there while it waits for the lock", { phase: "Waiting", need, reasons: [reason("lock")] }, both],
    ["are left as they are outside the window", { phase: "Waiting", need, reasons: [reason("window")] }, {}],
    ["are there while it drains", { phase: "Draining", need }, both],
    ["are there while it reboots", { phase: "Rebooting", need }, both],
    ["are there until it is back", { phase: "Returning", need }, both],
    ["are there after a failure, as the need is", { phase: "Failed", need }, both],
    ["end with the uncordon after the reboot, but for the last need", { phase: "Settling", need }, gone],
    ["end when the need goes away", { phase: "Idle", need: undefined }, gone],
    ["end in a cycle that nobody needs", { phase: "Restoring", need: undefined }, gone],
  ];
  for (const [what, record, change] of rows) {
    it(what, () => assert.deepEqual(needAnnotations(idle(record)), change));
  }
});
