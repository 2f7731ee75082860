import assert from "node:assert/strict";
import type { Api } from "../../daemon/cluster/api.ts";
import type { Pod } from "../../daemon/cluster/objects.ts";
import type { GateContext } from "../../daemon/gates/gate.ts";
import { type OptOutWait, optOutsGate } from "../../daemon/gates/opt-outs.ts";
import { factsOf, noon, type PodFacts, pod } from "../drain/builders.ts";
import { everyRow } from "../rows.ts";
import { context } from "./builders.ts";

const { signal } = new AbortController();
const hour = 3_600_000;

const job = { apiVersion: "batch/v1", kind: "Job", name: "report" };
const karpenter = (value: string) => ({ "karpenter.sh/do-not-disrupt": value });
const autoscaler = (value: string) => ({ "cluster-autoscaler.kubernetes.io/safe-to-evict": value });

/** The answer of a gate that waits six hours, and then goes on, in what is not said. */
async function answerFor(
  pods: readonly Pod[],
  {
    at = {},
    wait = {},
    selection = {},
  }: {
    at?: Partial<GateContext>;
    wait?: Partial<OptOutWait>;
    selection?: Partial<ReturnType<typeof factsOf>["selection"]>;
  } = {},
) {
  const list = async () => ({ metadata: { resourceVersion: "1" }, items: pods });
  const drained = { selection: { ...factsOf([]).selection, ...selection }, podSelector: undefined };
  const gate = optOutsGate(
    { list } as unknown as Api,
    "n1",
    { waitMs: 6 * hour, late: "go-on", ...wait },
    drained,
  );
  return gate.check(context(noon, at), signal);
}

describe("The opt-outs gate", () => {
  const rows: [what: string, pod: PodFacts, isWaitedFor: boolean][] = [
    ["a pod like any other", {}, false],
    ["a pod of a Job", { operator: job }, true],
    ["a pod of a Job of another API group", { operator: { ...job, apiVersion: "sparks.example/v1" } }, false],
    ["a pod of a Job that may go", { operator: job, annotations: autoscaler("true") }, false],
    ["a pod of a Job that Karpenter may take", { operator: job, annotations: karpenter("false") }, false],
    ["a pod of a Job whose time is over", { operator: job, annotations: karpenter("30m") }, false],
    ["do-not-disrupt for ever", { annotations: karpenter("true") }, true],
    ["do-not-disrupt for longer than it runs", { annotations: karpenter("2h") }, true],
    ["do-not-disrupt for as long as it runs", { annotations: karpenter("1h") }, false],
    ["do-not-disrupt for a time that is none", { annotations: karpenter("soon") }, false],
    ["not safe to evict", { annotations: autoscaler("false") }, true],
    [
      "not safe to evict, though its time is over",
      { annotations: { ...karpenter("1m"), ...autoscaler("false") } },
      true,
    ],
    ["without a controller", { annotations: karpenter("true"), ownedBy: "nobody" }, true],
    ["of a DaemonSet", { annotations: karpenter("true"), ownedBy: "DaemonSet" }, false],
    [
      "of the kubelet's own files",
      { annotations: { ...karpenter("true"), "kubernetes.io/config.mirror": "x" } },
      false,
    ],
    ["that has succeeded", { annotations: karpenter("true"), phase: "Succeeded" }, false],
    ["that is ending already", { annotations: karpenter("true"), endsIn: 30 }, false],
    ["in a namespace that the drain skips", { annotations: karpenter("true"), namespace: "skipped" }, false],
  ];
  it("waits for pods that the drain would take and that ask for time", () =>
    everyRow(rows, async (facts, isWaitedFor) => {
      const answer = await answerFor([pod(facts)], { selection: { skipNamespaces: ["skipped"] } });
      assert.equal(answer.open, !isWaitedFor);
    }));

  it("waits for a pod that goes down with the machine, as it is not evicted", async () => {
    const local = pod({ operator: job, spec: { volumes: [{ name: "scratch", emptyDir: {} }] } });
    const answer = await answerFor([local], { selection: { deleteEmptyDirData: false, rebootAnyway: true } });
    assert.equal(answer.open, false);
  });

  it("names the pods, why, and since and until when it waits", async () => {
    const pods = [pod({ name: "b", operator: job }), pod({ name: "a", annotations: karpenter("true") })];
    assert.deepEqual(await answerFor(pods, { at: { optOutsSince: noon - hour } }), {
      open: false,
      code: "asked",
      message:
        "pods ask for time: shop/a (karpenter.sh/do-not-disrupt: true); shop/b (a pod of Job report); waits for them since 2026-11-24T11:00:00Z, until 2026-11-24T17:00:00Z at the longest",
      changesAt: noon + 5 * hour,
    });
  });

  it("is asked again when the last of them has had its time, where all have one", async () => {
    const at = async (...values: string[]) => {
      const answer = await answerFor(values.map((value) => pod({ annotations: karpenter(value) })));
      return ((answer.changesAt ?? 0) - noon) / hour;
    };
    assert.equal(await at("2h", "3h"), 2, "they have run for an hour");
    assert.equal(await at("2h", "true"), 6);
    assert.equal(await at("72h"), 6);
  });

  it("names five pods and counts the rest", async () => {
    const pods = [..."abcdefg"].map((name) => pod({ name, operator: job }));
    const answer = await answerFor(pods);
    assert.match(answer.open ? "" : answer.message, /shop\/e \(a pod of Job report\) and 2 more; waits/);
  });

  it("counts from the first wait for this need, and asks nobody once the time is over", async () => {
    const asking = [pod({ operator: job })];
    assert.equal((await answerFor(asking, { at: { optOutsSince: noon - 6 * hour + 1 } })).open, false);
    assert.equal((await answerFor(asking, { at: { neededSince: noon - 99 * hour } })).open, false);
    const gate = optOutsGate(
      {} as Api,
      "n1",
      { waitMs: hour, late: "go-on" },
      { selection: factsOf([]).selection, podSelector: undefined },
    );
    assert.deepEqual(await gate.check(context(noon, { optOutsSince: noon - hour }), signal), { open: true });
  });

  it("stays closed after it, where it is to give up, until they have gone", async () => {
    const late = { at: { optOutsSince: noon - 7 * hour }, wait: { late: "give-up" } } as const;
    assert.deepEqual(await answerFor([pod({ operator: job })], late), {
      open: false,
      code: "late",
      message: "pods still ask for time, and are not evicted: shop/p (a pod of Job report)",
    });
    const timed = await answerFor([pod({ annotations: karpenter("2h") })], late);
    assert.equal(timed.changesAt, noon + hour);
    assert.deepEqual(await answerFor([pod()], late), { open: true });
  });
});
