import assert from "node:assert/strict";
import { decide } from "../../daemon/cycle/decide.ts";
import type { CycleRecord } from "../../daemon/cycle/record.ts";
import { everyCase, everyRow } from "../rows.ts";
import { action, idle, iso, marks, minute, noon, policy, record, saved, seen } from "./builders.ts";

describe("A node whose reboot is requested", () => {
  const requested = seen({ request: "new firmware", held: false });

  it("has its failures and reboots reset, and keeps its place", () =>
    everyCase({
      "has its failures and reboots reset": () => {
        const failed = idle({ phase: "Failed", failures: 5, reboots: 2, taint: "k" });
        const next = saved(decide(failed, requested, policy(), noon));
        assert.deepEqual(
          [next.phase, next.failures, next.reboots, next.request, next.taint],
          ["Waiting", 0, 0, "new firmware", "k"],
        );
        assert.equal(next.need?.since, iso(noon));
        assert.equal(next.acceptedAt, iso(noon));
      },
      "keeps its place among those that wait": () => {
        const leftAt = iso(noon - minute);
        assert.equal(saved(decide(idle({ failures: 1, leftAt }), requested, policy(), noon)).leftAt, leftAt);
      },
      "accepts a request that lifts no limit, and may accept another one after it": () => {
        const next = saved(decide(idle(), requested, policy(), noon));
        assert.deepEqual([next.phase, next.request, next.acceptedAt], ["Waiting", "new firmware", undefined]);
      },
    }));

  const acceptAt = noon + 10 * minute;
  const heeded = { acceptedAt: iso(acceptAt - 60 * minute), request: "old firmware" };
  const notYet: [what: string, record: Partial<CycleRecord>, until: number][] = [
    ["its rest", { failures: 1 }, noon + minute],
    ["the longest rest", { failures: 20 }, acceptAt],
    ["its being given up", { failures: 5 }, acceptAt],
    ["the limit of reboots", { reboots: 2 }, acceptAt],
  ];
  it("waits for an hour after the last request that lifted a limit or was served", () =>
    everyCase({
      "does not end what holds the node back within an hour of another accepted request": async () => {
        await everyRow(notYet, (changes, until) => {
          const failed = idle({ phase: "Failed", ...heeded, ...changes });
          const limits = policy({ maxFailuresPerNode: changes.failures === 5 ? 5 : 0 });
          assert.deepEqual(action(decide(failed, requested, limits, noon)), { do: "wait", until });
          const next = saved(decide(failed, requested, limits, acceptAt));
          assert.deepEqual([next.failures, next.reboots, next.request], [0, 0, "new firmware"]);
        });
      },
      "waits for an hour after the last one that was served, and says so": () => {
        const decision = decide(idle(served), { ...requested, need: only }, policy(), noon);
        const next = saved(decision);
        assert.deepEqual(
          next.reasons.map(({ gate, code }) => `${gate} ${code}`),
          ["rest requested"],
        );
        assert.match(
          decision.why,
          /^another request was accepted .*; this one will be accepted at 2026-11-24T12:10:00Z, or at once/,
        );
        const said = decide(next, { ...requested, need: only }, policy(), noon + minute);
        assert.deepEqual(action(said), { do: "wait", until: acceptAt });
        assert.equal(
          saved(decide(next, { ...requested, need: only }, policy(), acceptAt)).request,
          "new firmware",
        );
      },
      "does not wait for that hour where the host itself needs the reboot": () => {
        assert.equal(action(decide(idle(served), requested, policy(), noon)).do, "acquire");
      },
      "ends its back-off by itself, though another request waits to be accepted": () => {
        const waiting = { ...requested, need: only };
        const failed = idle({ phase: "Failed", ...heeded, failures: 1 });
        assert.equal(action(decide(failed, waiting, policy(), noon + minute)).do, "acquire");
      },
    }));

  const { request: _, ...served } = heeded;
  const only = {
    state: "needed",
    source: "request",
    reasons: ["requested"],
    request: "new firmware",
  } as const;

  it("accepts one request once, and keeps its failures when that is withdrawn", () =>
    everyCase({
      "accepts one request once, and backs off after a failure of it": () => {
        const failed = idle({ phase: "Failed", failures: 1, request: "new firmware" });
        assert.equal(action(decide(failed, requested, policy(), noon)).do, "wait");
      },
      "keeps its failures when the request is withdrawn and a reboot is needed all the same": () => {
        const failed = idle({ phase: "Failed", failures: 1, request: "new firmware" });
        const next = saved(decide(failed, seen({ held: false }), policy(), noon));
        assert.deepEqual([next.phase, next.failures, next.request], ["Failed", 1, undefined]);
      },
    }));

  const empty = { drain: { state: "done", at: noon }, stage: "reboot" } as const;

  it("has its request served by a reboot, and removed after it", () =>
    everyCase({
      "records the request that its reboot serves": () => {
        const facts = seen({ ...empty, request: "new firmware" });
        assert.equal(
          saved(decide(record({ phase: "Draining" }), facts, policy(), noon)).request,
          "new firmware",
        );
      },
      "counts a request as accepted with the reboot that served it": () => {
        const back = record({ phase: "Returning", since: iso(noon - minute), acceptedAt: served.acceptedAt });
        const facts = seen({ rebooted: true, readySince: noon - minute });
        assert.equal(
          saved(decide({ ...back, request: "disk" }, facts, policy(), noon)).acceptedAt,
          iso(noon),
        );
        assert.equal(saved(decide(back, facts, policy(), noon)).acceptedAt, served.acceptedAt);
      },
      "has its label removed, unless the API server does not let that be": () => {
        const key = "example.com/reboot";
        const limits = policy({ marks: marks({ requestLabel: { key, value: undefined } }) });
        const returning = record({ phase: "Returning", request: `\n${key}=asker` });
        const back = (refused: string | undefined) => {
          const node = { labels: { [key]: "asker" } };
          const facts = seen({
            rebooted: true,
            readySince: noon - minute,
            node,
            ...(refused && { refused }),
          });
          const { action } = decide(returning, facts, limits, noon);
          assert.ok(action.do === "save");
          assert.deepEqual([action.record.phase, action.change.cordon], ["Settling", "clear"]);
          return action.change.labels;
        };
        assert.deepEqual(back(undefined), { [key]: null });
        assert.deepEqual(back("another label is not allowed"), { [key]: null });
        assert.equal(back(`a daemon may not change labels ${key}`), undefined);
        const soft = { ...returning, softReboots: 1 };
        const userspace = { state: "seen", softReboots: 2, since: noon - 2 * minute } as const;
        const node = { labels: { [key]: "asker" }, heartbeatAt: noon };
        const facts = seen({ userspace, readySince: noon - minute, node });
        const { action } = decide(soft, facts, limits, noon);
        assert.ok(action.do === "save");
        assert.equal(action.change.labels, undefined);
      },
      "is removed once the node is back, but not a newer one": () => {
        const returning = record({ phase: "Returning", request: "new firmware" });
        const back = (requested: string) =>
          decide(
            returning,
            seen({ rebooted: true, readySince: noon - minute, node: { requested } }),
            policy(),
            noon,
          ).action;
        for (const [requested, annotations] of [
          ["new firmware", { "rebootd.dev/reboot-requested": null }],
          ["new memory", undefined],
        ] as const) {
          const action = back(requested);
          assert.ok(action.do === "save");
          assert.deepEqual([action.record.phase, action.record.request], ["Settling", undefined]);
          assert.deepEqual(action.change.annotations, annotations, requested);
        }
      },
    }));
});
