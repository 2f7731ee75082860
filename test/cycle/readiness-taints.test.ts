import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { readinessKeys, readinessTaints } from "../../daemon/annotations/readiness-taints.ts";
import { decide } from "../../daemon/cycle/decide.ts";
import type { CycleRecord } from "../../daemon/cycle/record.ts";
import { sourcesIn } from "../annotations/sources.ts";
import { everyRow } from "../rows.ts";
import { action, idle, minute, noon, policy, record, saved, seen } from "./builders.ts";

const keyOf = (pattern: string) => pattern.replace("*", "storage");
const tainted = (key: string, effect = "NoSchedule") => ({ taints: [{ key, effect }] });
const cilium = "node.cilium.io/agent-not-ready";

describe("The table of taints that the return waits for", () => {
  it("is the one in docs/guide/return.md", () => {
    const page = readFileSync(new URL("../../docs/guide/return.md", import.meta.url), "utf8");
    const sources = sourcesIn("readiness-taints");
    assert.deepEqual(
      page.split("\n").filter((line) => /^\| `.*\| \[/.test(line)),
      readinessTaints.map(({ key, who }, index) => `| \`${key}\` | [${who}](${sources[index]}) |`),
    );
  });

  it("counts each key with a strict effect, once, and none that is ignored", () => {
    const taints = [...readinessTaints, ...readinessTaints].map(({ key }) => ({
      key: keyOf(key),
      effect: "NoExecute",
    }));
    const all = readinessTaints.map(({ key }) => keyOf(key));
    assert.deepEqual(readinessKeys(taints, []), all);
    assert.deepEqual(
      readinessKeys(taints, [cilium]),
      all.filter((key) => key !== cilium),
    );
    assert.deepEqual(readinessKeys(taints, ["readiness.k8s.io/*"]), all.slice(1));
    assert.deepEqual(readinessKeys([{ key: cilium, effect: "PreferNoSchedule" }], []), []);
    const others = [
      "node.cilium.io/agent-not-ready-yet",
      "readiness.k8s.io",
      "node.kubernetes.io/unschedulable",
    ];
    assert.deepEqual(
      readinessKeys(
        others.map((key) => ({ key, effect: "NoSchedule" })),
        [],
      ),
      [],
    );
  });
});

describe("A returning node that others keep pods off", () => {
  const decideAt = (
    at: number,
    taints: ReturnType<typeof tainted>,
    changes: Partial<CycleRecord> = {},
    ignored: string[] = [],
  ) =>
    decide(
      record({ phase: "Returning", attempt: 1, ...changes }),
      seen({ rebooted: true, readySince: noon, node: taints }),
      policy({ readyTaintsIgnored: ignored, gateRecheckMs: 60 * minute }),
      noon + at,
    );

  it("waits for each of these taints to go, and names it", () =>
    everyRow(
      readinessTaints.map(({ key }) => [key, keyOf(key)] as const),
      (key) => {
        const decision = decideAt(5 * minute, tainted(key));
        assert.deepEqual(action(decision), { do: "wait", until: noon + 15 * minute });
        assert.equal(decision.why, `waiting for taints to be removed: ${key}`);
      },
    ));

  it("is overdue with it after --ready-timeout, and keeps its slot", () => {
    const decision = decideAt(15 * minute, tainted(cilium));
    assert.equal(decision.overdue, true);
    assert.equal(
      decision.why,
      `waiting for taints to be removed: ${cilium} for longer than --ready-timeout; it keeps its slot`,
    );
  });

  it("is uncordoned once it is gone, and removes none itself", () => {
    const next = saved(decideAt(minute, { taints: [] }));
    assert.deepEqual([next.phase, next.cordon], ["Settling", "clear"]);
    const kept = decideAt(minute, tainted(cilium), {}, ["node.cilium.io/*"]);
    assert.ok(kept.action.do === "save");
    assert.equal(kept.action.change.taints, undefined);
  });

  it("waits a minute for one that was there before the cordon, and names it in the outcome", () => {
    const before = { readinessTaints: [cilium] };
    const early = decideAt(59_000, tainted(cilium), before);
    assert.deepEqual(action(early), { do: "wait", until: noon + minute });
    const next = saved(decideAt(minute, tainted(cilium), before));
    assert.equal(next.phase, "Settling");
    assert.match(
      next.outcome?.message ?? "",
      /; tainted, as before the cordon: node\.cilium\.io\/agent-not-ready$/,
    );
    assert.equal(next.readinessTaints, undefined);
    const another = decideAt(minute, tainted("cni.istio.io/not-ready"), before);
    assert.equal(another.why, "waiting for taints to be removed: cni.istio.io/not-ready");
  });

  it("has recorded them with the cordon, and nothing where there were none", () => {
    const begun = saved(
      decide(idle(), seen({ node: { unschedulable: false, ...tainted(cilium) } }), policy(), noon),
    );
    assert.deepEqual([begun.phase, begun.readinessTaints], ["Draining", [cilium]]);
    const usual = saved(decide(idle(), seen({ node: { unschedulable: false } }), policy(), noon));
    assert.equal("readinessTaints" in usual && usual.readinessTaints !== undefined, false);
  });
});
