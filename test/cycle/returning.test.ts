import assert from "node:assert/strict";
import { decide } from "../../daemon/cycle/decide.ts";
import type { Policy } from "../../daemon/cycle/decision.ts";
import { everyCase, everyRow } from "../rows.ts";
import { action, marks, minute, noon, policy, record, saved, seen } from "./builders.ts";

describe("A returning node", () => {
  /** What is looked at once a minute is another story. */
  const unhurried = (changes: Partial<Policy> = {}) => policy({ gateRecheckMs: 60 * minute, ...changes });

  const returningNode = record({ phase: "Returning", attempt: 1 });

  it("is uncordoned once it is Ready, and has been for a while", () =>
    everyCase({
      "waits until it is Ready": () => {
        const decision = decide(
          returningNode,
          seen({ rebooted: true, node: { ready: false } }),
          unhurried(),
          noon,
        );
        assert.deepEqual(action(decision), { do: "wait", until: noon + 15 * minute });
      },
      "does not believe a Ready from the boot before": () => {
        const decision = decide(
          returningNode,
          seen({ rebooted: true, node: { bootID: "old" } }),
          unhurried(),
          noon,
        );
        assert.match(decision.why, /kubelet has not yet reported this boot/);
      },
      "waits until it has been Ready for a while": () => {
        const decision = decide(
          returningNode,
          seen({ rebooted: true, readySince: noon }),
          unhurried(),
          noon + 5000,
        );
        assert.deepEqual(action(decision), { do: "wait", until: noon + 15_000 });
      },
      "settles only after it was seen Ready": () => {
        const decision = decide(returningNode, seen({ rebooted: true }), unhurried(), noon + minute);
        assert.deepEqual(action(decision), { do: "wait", until: noon + minute + 15_000 });
      },
      "is uncordoned in the patch that records it": () => {
        const next = saved(
          decide(returningNode, seen({ rebooted: true, readySince: noon }), unhurried(), noon + 15_000),
        );
        assert.equal(next.phase, "Settling");
        assert.equal(next.cordon, "clear");
        assert.equal(next.cordoned, false);
        assert.equal(next.reboots, 1);
        assert.equal(next.outcome?.result, "rebooted");
      },
      "stays cordoned when the cordon was somebody else's": () => {
        const theirs = record({ phase: "Returning", cordoned: false });
        const next = saved(
          decide(theirs, seen({ rebooted: true, readySince: noon }), unhurried(), noon + 15_000),
        );
        assert.equal(next.cordon, undefined);
      },
    }));

  it("keeps its slot and its cordon when it is not back in time, and is overdue", () => {
    const decision = decide(
      returningNode,
      seen({ rebooted: true, node: { ready: false } }),
      unhurried(),
      noon + 15 * minute,
    );
    assert.deepEqual(action(decision), { do: "wait", until: noon + 75 * minute });
    assert.match(decision.why, /^the node is not Ready for longer than --ready-timeout; it keeps its slot$/);
    assert.equal(decision.overdue, true);
  });

  it("is uncordoned once the gates for its return are open, where there are any", () =>
    everyCase({
      "asks them once nothing else is missing": () => {
        const settled = { rebooted: true, readySince: noon };
        const asking = unhurried({ asksOnReturn: true });
        const unasked = seen({ ...settled, without: "gates" });
        for (const facts of [unasked, seen({ ...settled, stage: "slot" })])
          assert.deepEqual(action(decide(returningNode, facts, asking, noon + minute)), {
            do: "look",
            at: "gates",
            stage: "return",
          });
        assert.equal(saved(decide(returningNode, unasked, unhurried(), noon + minute)).phase, "Settling");
        const early = decide(returningNode, seen({ ...settled, unready: ["kube-system/cni"] }), asking, noon);
        assert.equal(action(early).do, "wait");
        const open = seen({ ...settled, stage: "return", closed: [] });
        assert.equal(saved(decide(returningNode, open, asking, noon + minute)).phase, "Settling");
      },
      "waits while one is closed, looks again as at pods, and is overdue in the end": () => {
        const asking = unhurried({ asksOnReturn: true });
        const message = "CephCluster rook-ceph/rook-ceph is not healthy";
        const closed = [{ gate: "health", code: "unhealthy", message }] as const;
        const facts = seen({ rebooted: true, readySince: noon, stage: "return", closed: [...closed] });
        const at = (ms: number) => decide(returningNode, facts, asking, noon + ms);
        assert.deepEqual(action(at(minute)), { do: "wait", until: noon + minute + 5000 });
        assert.deepEqual(action(at(3 * minute)), { do: "wait", until: noon + 4 * minute });
        assert.equal(at(minute).why, message);
        const late = at(15 * minute);
        assert.deepEqual(
          [late.overdue, late.why],
          [true, `${message} for longer than --ready-timeout; it keeps its slot`],
        );
      },
    }));

  const hooks = ["example.com/raid-checked", "example.com/smoke-test"];
  const afterHooks = { keys: hooks, timeoutMs: 5 * minute, late: "wait" } as const;
  const hooked = unhurried({ marks: marks({ hooks }), afterHooks });
  const settled = { rebooted: true, readySince: noon };
  const cni = ["kube-system/cni"];
  const waitsForPods = "waiting for pods of this node to be Ready: kube-system/cni-x7k2p";
  const waitsForHooks =
    "waiting for the annotations that are to be true after the reboot: example.com/raid-checked, example.com/smoke-test";

  it("looks at its Node first, and at its pods once it is Ready", () =>
    everyCase({
      "looks at its Node first, and waits while that is gone from the cluster": () => {
        const rest = seen({ ...settled, without: "node" });
        assert.deepEqual(action(decide(returningNode, rest, unhurried(), noon)), { do: "look", at: "node" });
        const gone = decide(returningNode, seen({ rebooted: true, node: "gone" }), policy(), noon);
        assert.deepEqual(action(gone), { do: "wait", until: noon + minute });
      },
      "looks at its pods once it is Ready and has settled, and not before": () => {
        const rest = seen({ ...settled, without: "ownPods" });
        assert.deepEqual(action(decide(returningNode, rest, unhurried(), noon + 15_000)), {
          do: "look",
          at: "pods",
        });
        assert.equal(action(decide(returningNode, rest, unhurried(), noon + 14_999)).do, "wait");
      },
    }));

  const rows: [
    what: string,
    facts: Parameters<typeof seen>[0],
    settings: typeof hooked,
    at: number,
    expected: { until?: number; why: string; overdue?: true },
  ][] = [
    [
      "while a pod is not Ready, and looks again after 5 s",
      { unready: cni },
      unhurried(),
      minute,
      { until: minute + 5000, why: waitsForPods },
    ],
    [
      "while a pod is not Ready, and looks again when that is overdue",
      { unready: cni },
      unhurried(),
      15 * minute - 1,
      { until: 15 * minute, why: waitsForPods },
    ],
    [
      "while a pod is not Ready, loudly when that is overdue, and looks again all the same",
      { unready: cni },
      unhurried(),
      15 * minute,
      { until: 16 * minute, why: `${waitsForPods} for longer than --ready-timeout`, overdue: true },
    ],
    [
      "while there are no annotations, until somebody sets them",
      {},
      hooked,
      minute,
      { until: 5 * minute, why: waitsForHooks },
    ],
    [
      "while the annotations are not true",
      { node: { annotations: { "example.com/raid-checked": "false", "example.com/smoke-test": "yes" } } },
      hooked,
      minute,
      { until: 5 * minute, why: waitsForHooks },
    ],
    [
      "for the annotations that are still missing",
      { node: { annotations: { "example.com/raid-checked": "true" } } },
      hooked,
      minute,
      { until: 5 * minute, why: waitsForHooks.replace("example.com/raid-checked, ", "") },
    ],
    [
      "while the annotations are not true, loudly when they are overdue",
      {},
      hooked,
      5 * minute,
      {
        until: 65 * minute,
        why: `${waitsForHooks} for longer than --after-reboot-hooks-timeout`,
        overdue: true,
      },
    ],
    [
      "for everything that is missing, and says which of it is overdue",
      { unready: cni },
      hooked,
      10 * minute,
      {
        until: 11 * minute,
        why: `${waitsForPods}; ${waitsForHooks} for longer than --after-reboot-hooks-timeout`,
        overdue: true,
      },
    ],
    [
      "for the annotations also while it is not Ready",
      { node: { ready: false } },
      hooked,
      10 * minute,
      {
        until: 15 * minute,
        why: `the node is not Ready; ${waitsForHooks} for longer than --after-reboot-hooks-timeout`,
        overdue: true,
      },
    ],
    [
      "loudly when it is Ready only shortly before it is overdue, or again and again",
      { readySince: noon + 14.9 * minute },
      unhurried(),
      15 * minute,
      {
        until: 14.9 * minute + 15_000,
        why: "waiting for the node to stay Ready for --ready-settle for longer than --ready-timeout",
        overdue: true,
      },
    ],
  ];

  it("waits for what is missing, and keeps its slot when that is overdue", async () => {
    await everyRow(rows, (facts, settings, at, { until, why, ...rest }) => {
      const decision = decide(returningNode, seen({ ...settled, ...facts }), settings, noon + at);
      const wait = until === undefined ? { do: "wait" } : { do: "wait", until: noon + until };
      assert.deepEqual(decision, {
        action: wait,
        ...rest,
        why: rest.overdue ? `${why}; it keeps its slot` : why,
      });
    });
  });

  it("waits for its pods, and a minute for those that were not Ready before the cordon", () =>
    everyCase({
      "names five of the pods that are not Ready, and counts the others": () => {
        const unready = Array.from({ length: 7 }, (_, index) => `kube-system/p${index + 1}`);
        const { why } = decide(returningNode, seen({ ...settled, unready }), unhurried(), noon + minute);
        assert.match(why, /: kube-system\/p1-x7k2p, .*, kube-system\/p5-x7k2p and 2 more$/);
      },
      "waits no longer than a minute for pods that were not Ready before the cordon, and names them": () => {
        const facts = seen({ ...settled, unready: ["kube-system/gpu"] });
        const { why } = decide(broken, facts, unhurried(), noon + minute - 1);
        assert.equal(why, "waiting for pods of this node to be Ready: kube-system/gpu-x7k2p");
        const decision = decide(broken, facts, unhurried(), noon + minute);
        const named = "; not Ready, as before the cordon: kube-system/gpu-x7k2p";
        assert.equal(decision.why, `the node is back${named}`);
        const { phase, outcome, ownPods } = saved(decision);
        assert.deepEqual([phase, ownPods], ["Settling", undefined]);
        assert.equal(outcome?.message, `rebooted, Ready and uncordoned${named}`);
      },
      "waits for pods that were Ready before the cordon beside some that were not": () => {
        const facts = seen({ ...settled, unready: ["kube-system/gpu", "kube-system/cni"] });
        const { action, why } = decide(broken, facts, unhurried(), noon + minute);
        assert.equal(action.do, "wait");
        assert.equal(why, "waiting for pods of this node to be Ready: kube-system/cni-x7k2p");
      },
      "waits while its pods cannot be listed, and is overdue in the end": () => {
        const facts = seen({ ...settled, unready: "pods are forbidden" });
        const what = "cannot tell whether the pods of this node are Ready: pods are forbidden";
        const decision = decide(broken, facts, unhurried(), noon + minute);
        assert.deepEqual(
          [action(decision), decision.why],
          [{ do: "wait", until: noon + minute + 5000 }, what],
        );
        const late = decide(broken, facts, unhurried(), noon + 15 * minute);
        assert.deepEqual(
          [late.overdue, late.why],
          [true, `${what} for longer than --ready-timeout; it keeps its slot`],
        );
      },
    }));

  const broken = { ...returningNode, ownPods: { ready: ["kube-system/cni"], unready: ["kube-system/gpu"] } };

  const annotations = { "example.com/raid-checked": "true", "example.com/smoke-test": "true" };
  it("is uncordoned once all annotations are true, or without them where an option says so", () =>
    everyCase({
      "is uncordoned once all annotations are true, however late, and they are removed": async () => {
        await everyRow(
          [
            ["once all annotations are true", minute],
            ["when all has come after it was overdue", 60 * minute],
          ] as const,
          (at) => {
            const { action } = decide(
              returningNode,
              seen({ ...settled, node: { annotations } }),
              hooked,
              noon + at,
            );
            assert.ok(action.do === "save");
            assert.equal(action.record.phase, "Settling");
            assert.deepEqual(action.change, {
              cordon: "clear",
              annotations: { "example.com/raid-checked": null, "example.com/smoke-test": null },
            });
          },
        );
      },
      "is uncordoned without the annotations where they are late and --after-reboot-hooks-late says so":
        () => {
          const lenient = unhurried({ afterHooks: { ...afterHooks, late: "go-on" } });
          const at = (ms: number) => decide(returningNode, seen(settled), lenient, noon + ms);
          assert.equal(action(at(5 * minute - 1)).do, "wait");
          assert.equal(saved(at(5 * minute)).phase, "Settling");
        },
    }));
});

describe("A returning node while the API server cannot be reached", () => {
  it("is looked at once a minute, and not overdue for the time without a server", () =>
    everyCase({
      "is not overdue for that, as nothing could be seen of it": () => {
        const returning = record({ phase: "Returning" });
        const facts = { rebooted: true, node: { ready: false }, unreachableMs: 60 * minute };
        const why = (now: number) => decide(returning, seen(facts), policy(), now).why;
        assert.doesNotMatch(why(noon + 60 * minute), /longer than/);
        assert.match(why(noon + 90 * minute), /for longer than --ready-timeout/);
      },
      "is looked at once a minute, and not each time that the deadline moves on with the time": () => {
        const facts = seen({ rebooted: true, node: { ready: false }, unreachableMs: 60 * minute });
        const due = noon + 60 * minute + policy().readyTimeoutMs;
        const decision = decide(record({ phase: "Returning" }), facts, policy(), due - 1000);
        assert.deepEqual(action(decision), { do: "wait", until: due - 1000 + policy().gateRecheckMs });
      },
    }));
});

describe("A returning node that somebody uncordoned", () => {
  const returning = record({ phase: "Returning" });

  it("no longer counts as cordoned by us, so that a later cordon is theirs", () => {
    const facts = seen({ rebooted: true, node: { unschedulable: false } });
    const next = saved(decide(returning, facts, policy(), noon));
    assert.deepEqual([next.phase, next.cordoned, next.cordon], ["Returning", false, undefined]);
  });
});

describe("A returning node without a proof of its reboot", () => {
  it("has failed, and has not rebooted, where boot ID or lock say otherwise", () =>
    everyCase({
      "has failed, and has not rebooted, where the boot ID does not prove it": async () => {
        await everyRow(
          [
            [
              "under the boot ID from before the reboot, as a machine put back to a snapshot",
              {},
              /from before the reboot/,
            ],
            ["without a boot ID that would prove it", { bootID: undefined }, /no boot ID/],
          ] as const,
          (changes, says) => {
            const next = saved(decide(record({ phase: "Returning", ...changes }), seen(), policy(), noon));
            assert.deepEqual(
              [next.phase, next.outcome?.result, next.cordon],
              ["Restoring", "failed", "clear"],
            );
            assert.match(next.outcome?.message ?? "", says);
          },
        );
      },
      "has not rebooted where its slot was acquired under the boot that runs, whatever its record names":
        () => {
          const under = (boot: string | undefined) =>
            decide(record({ phase: "Returning" }), seen({ rebooted: true, boot }), policy(), noon).why;
          assert.match(under("22222222"), /the lock names the boot that still runs/);
          for (const boot of ["11111111", undefined]) assert.match(under(boot), /--ready-settle/);
        },
    }));

  const returning = record({ phase: "Returning" });

  it("keeps its slot, and is not uncordoned while the machine goes down again", () =>
    everyCase({
      "puts its entry back where the lock has lost it, before anything else": () => {
        const facts = seen({ rebooted: true, held: false });
        assert.deepEqual(action(decide(returning, facts, policy(), noon)), { do: "reenter" });
      },
      "looks at the lock once a minute": () => {
        const decision = decide(returning, seen({ rebooted: true, node: { ready: false } }), policy(), noon);
        assert.deepEqual(action(decision), { do: "wait", until: noon + minute });
      },
      "is not uncordoned while the machine goes down again": () => {
        const facts = { rebooted: true, readySince: noon - minute };
        const rest = seen({ ...facts, without: "shutdown" });
        assert.deepEqual(action(decide(returning, rest, policy(), noon)), { do: "look", at: "shutdown" });
        const decision = decide(returning, seen({ ...facts, shutdown: "under-way" }), policy(), noon);
        assert.deepEqual(
          [action(decision).do, decision.why],
          ["wait", "the node is back, but the machine is going down again"],
        );
      },
    }));
});
