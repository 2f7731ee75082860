import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { type History, historyAfter } from "../../daemon/cycle/history.ts";
import type { Outcome } from "../../daemon/cycle/outcomes.ts";
import { type Event, typeOf } from "../../daemon/report/events.ts";
import { createLog } from "../../daemon/report/log.ts";
import type { Messages } from "../../daemon/report/messages.ts";
import { createMetrics } from "../../daemon/report/metrics.ts";
import { createReport } from "../../daemon/report/report.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import { ended, idle, iso, noon, record, running, seen } from "../cycle/builders.ts";

function reporting() {
  const out = new PassThrough({ encoding: "utf8" });
  const metrics = createMetrics("n1", "1.2.3");
  const emitted: string[] = [];
  const told: string[] = [];
  const log = createLog({
    form: "json",
    level: "info",
    node: "n1",
    phase: () => made.phase(),
    now: () => now,
    out,
  });
  const events = {
    emit: ({ level, reason, about }: Event) =>
      void emitted.push(
        `${typeOf(level)} ${reason}${about === undefined ? "" : ` ${about.kind} ${about.name}`}`,
      ),
  };
  let now = noon;
  const messages: Messages = {
    pass: () => {},
    changed: () => {},
    notify: ({ reason }) => void told.push(reason),
    notifyForCluster: ({ reason }) => void told.push(`${reason} for the cluster`),
    onSettled: () => {},
    toKeep: () => undefined,
    wants: () => true,
    pendingCount: () => 0,
    settled: async () => {},
    watch: () => {},
  };
  const made = createReport({ log, metrics, events, messages }, "n1", {
    ...systemClock,
    elapsed: () => now,
  });
  return {
    ...made,
    metrics,
    emitted,
    told,
    lines: () =>
      String(out.read() ?? "")
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    passTime: (ms: number) => {
      now += ms;
    },
    async metric(name: string): Promise<string[]> {
      const text = await metrics.registry.metrics();
      return text.split("\n").filter((line) => line.startsWith(name));
    },
  };
}

describe("The report", () => {
  const waitsFor = (gate: string, code: string, message: string) => {
    const reasons = [{ gate, code, message, since: iso(noon) }];
    return { action: { do: "wait" }, why: message, reasons } as const;
  };
  const waits = waitsFor("alerts", "active", "1 alert is active: DiskFull");

  it("logs why a node waits, and shows it as metrics", async () => {
    const { report, lines, metric } = reporting();
    report.decided(record({ phase: "Waiting" }), seen({ held: false }), waits);
    const [line] = lines();
    assert.equal(line?.["node"], "n1");
    assert.equal(line?.["phase"], "Waiting");
    assert.equal(line?.["message"], "1 alert is active: DiskFull");
    assert.deepEqual(await metric("rebootd_gate_closed{"), [
      'rebootd_gate_closed{gate="alerts",reason="active",node="n1"} 1',
    ]);
    assert.deepEqual(await metric("rebootd_reboot_required{"), ['rebootd_reboot_required{node="n1"} 1']);
    assert.ok((await metric("rebootd_phase{")).includes('rebootd_phase{phase="Waiting",node="n1"} 1'));
  });

  describe("of a write to the Node that the API server refuses", () => {
    const nothing = { action: { do: "wait" }, why: "no reboot is needed" } as const;
    const shown = async (made: ReturnType<typeof reporting>) => [
      ...(await made.metric("rebootd_node_write_refused{")).map((line) => line.replace(',node="n1"', "")),
      made.unready() ?? "ready",
    ];
    const record1 = [
      'rebootd_node_write_refused{what="record"} 1',
      'rebootd_node_write_refused{what="marks"} 0',
    ];
    const none = [...record1].map((line) => line.replace(/.$/, "0"));

    it("is one error and one event, and the daemon is healthy but not ready without its record", async () => {
      const made = reporting();
      for (let n = 0; n < 3; n += 1) made.report.refused("record", "patch: 403: no");
      assert.deepEqual(made.emitted, ["Warning WriteRefused"]);
      assert.deepEqual(
        made.lines().map(({ level, message }) => [level, message]),
        [
          [
            "error",
            "the API server refuses the record of this node, so no cycle can start or continue: patch: 403: no",
          ],
        ],
      );
      assert.deepEqual(await shown(made), [...record1, "the API server refuses the record of this node"]);
      assert.equal(made.fault(), undefined);
    });

    it("leaves the daemon ready if only the marks are refused, and ends with the next write", async () => {
      const made = reporting();
      made.report.refused("marks", "patch: 403: no");
      assert.equal((await shown(made)).at(-1), "ready");
      made.report.refused(undefined);
      assert.deepEqual(await shown(made), [...none, "ready"]);
      made.report.refused("marks", "patch: 403: no");
      assert.deepEqual(made.emitted, ["Warning WriteRefused", "Warning WriteRefused"]);
    });

    it("ends while there is nothing to write, and is not reported again after that", async () => {
      const made = reporting();
      made.report.refused("record", "no");
      made.report.decided(idle(), seen({ needed: false }), nothing);
      assert.deepEqual(await shown(made), [...none, "ready"]);
      made.report.refused("record", "no");
      assert.equal(made.emitted.length, 1);
      made.report.decided(record({ phase: "Draining" }), seen(), nothing);
      assert.deepEqual((await shown(made)).slice(0, 2), record1);
    });
  });

  it("shows the reasons that block the reboot as metrics, until they are gone", async () => {
    const { report, metric } = reporting();
    const refused = waitsFor("lock", "halted", "3 nodes failed to reboot in a row");
    report.decided(record({ phase: "Waiting" }), seen({ held: false }), refused);
    assert.deepEqual(await metric("rebootd_gate_closed{"), [
      'rebootd_gate_closed{gate="lock",reason="halted",node="n1"} 1',
    ]);
    report.decided(record(), seen({ held: false }), waits);
    report.decided(record(), seen({ held: false }), { action: { do: "acquire" }, why: "go" });
    assert.deepEqual(await metric("rebootd_gate_closed{"), []);
  });

  it("shows the remaining pods of a drain, their reasons, and the deadline as metrics", async () => {
    const { report, metric } = reporting();
    const drain = running({ left: { budget: 3, finalizer: 1 } });
    const drainEnds = noon + 900_000;
    report.decided(record({ phase: "Draining" }), seen({ drain }), { ...waits, drainEnds });
    assert.deepEqual(await metric("rebootd_drain_pods_left{"), [
      'rebootd_drain_pods_left{reason="budget",node="n1"} 3',
      'rebootd_drain_pods_left{reason="finalizer",node="n1"} 1',
    ]);
    const ends = 'rebootd_drain_deadline_timestamp_seconds{node="n1"}';
    assert.deepEqual(await metric(ends), [`${ends} ${drainEnds / 1000}`]);
    report.decided(record({ phase: "Rebooting" }), seen(), waits);
    assert.deepEqual(await metric("rebootd_drain_pods_left{"), []);
    assert.deepEqual(await metric(ends), [`${ends} 0`]);
  });

  it("logs the same sentence once", () => {
    const { report, lines } = reporting();
    for (let time = 0; time < 3; time += 1) report.decided(record(), seen(), waits);
    assert.equal(lines().length, 1);
  });

  it("shows NaN if it cannot tell whether a reboot is needed", async () => {
    const { report, metric } = reporting();
    report.decided(idle(), seen({ needed: "unknown" }), waits);
    assert.deepEqual(await metric("rebootd_reboot_required{"), ['rebootd_reboot_required{node="n1"} Nan']);
  });

  it("counts cycles by outcome as the record does, and warns about failures", async () => {
    const { report, emitted, metric } = reporting();
    const historyOf = (...results: Outcome[]) =>
      results.reduce<History | undefined>(
        (history, result) => historyAfter(history, ended(result)),
        undefined,
      );
    const outcome = (result: "rebooted" | "failed") => ({ result, at: "2026-11-24T12:00:00Z", message: "m" });
    report.phaseChanged(
      record({ phase: "Returning" }),
      record({ phase: "Settling", outcome: outcome("rebooted"), history: historyOf("rebooted") }),
      "back",
    );
    report.phaseChanged(
      record({ phase: "Draining" }),
      record({ phase: "Restoring", outcome: outcome("failed"), history: historyOf("rebooted", "failed") }),
      "drain",
    );
    assert.deepEqual(await metric("rebootd_cycles_total{"), [
      'rebootd_cycles_total{outcome="rebooted",node="n1"} 1',
      'rebootd_cycles_total{outcome="failed",node="n1"} 1',
      'rebootd_cycles_total{outcome="withdrawn",node="n1"} 0',
    ]);
    assert.deepEqual(emitted, ["Normal Returned", "Normal Restored"]);
  });

  it("reports an overdue node by errors, one event, and a metric while it lasts", async () => {
    const { report, lines, emitted, metric } = reporting();
    const returning = record({ phase: "Returning" });
    const waiting = { action: { do: "wait" }, overdue: true } as const;
    for (const why of ["a and b are not Ready", "b is not Ready", "b is not Ready"])
      report.decided(returning, seen(), { ...waiting, why });
    assert.deepEqual(
      lines().map(({ level, message }) => `${level}: ${message}`),
      ["error: a and b are not Ready", "error: b is not Ready"],
    );
    assert.deepEqual(emitted, ["Warning NotReturned"]);
    assert.deepEqual(await metric("rebootd_overdue{"), ['rebootd_overdue{node="n1"} 1']);
    report.decided(returning, seen(), { action: { do: "wait" }, why: "all are Ready" });
    assert.deepEqual(await metric("rebootd_overdue{"), ['rebootd_overdue{node="n1"} 0']);
    assert.deepEqual(
      lines().map(({ level }) => level),
      ["info"],
    );
  });

  it("reports each rejected record by a warning and a metric, and by an event in 10 minutes", async () => {
    const { report, lines, emitted, metric, passTime } = reporting();
    const fault = "somebody else has written that this node is Rebooting, but it is Draining";
    for (const ms of [0, 1000, 10 * 60_000]) {
      passTime(ms);
      report.doubted(fault);
    }
    assert.equal(lines().filter(({ level }) => level === "warn").length, 3);
    assert.deepEqual(emitted, ["Warning RecordRejected", "Warning RecordRejected"]);
    assert.deepEqual(await metric("rebootd_records_doubted_total{"), [
      'rebootd_records_doubted_total{node="n1"} 3',
    ]);
  });

  it("detects a late loop", () => {
    const { report, fault, passTime } = reporting();
    report.expectedBy(noon + 1000);
    assert.equal(fault(), undefined);
    passTime(5000);
    assert.equal(fault(), "the loop is 4 s late");
  });
});
