import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { type Departure, departures, type NamedSign } from "../../daemon/annotations/departures.ts";
import { decide } from "../../daemon/cycle/decide.ts";
import { departureOf } from "../../daemon/cycle/departing.ts";
import type { NodeFacts } from "../../daemon/cycle/observation.ts";
import { sourcesIn } from "../annotations/sources.ts";
import { everyCase, everyRow } from "../rows.ts";
import { action, idle, iso, minute, noon, policy, record, saved, seen, unseen } from "./builders.ts";

type Marks = Partial<Pick<NodeFacts, "taints" | "labels" | "annotations" | "deletedAt">>;

/** A Node with the sign of this row. */
function marked({ sign }: Pick<Departure, "sign">): Marks {
  if (sign === "deletion") return { deletedAt: iso(noon) };
  const { on, key, value = "any" } = sign;
  if (on === "taint") return { taints: [{ key, effect: "NoSchedule" }] };
  return on === "label" ? { labels: { [key]: value } } : { annotations: { [key]: value } };
}

const nameOf = ({ who, sign }: Departure) => `${who}, ${sign === "deletion" ? sign : sign.key}`;
const autoscaler: Marks = { taints: [{ key: "ToBeDeletedByClusterAutoscaler", effect: "NoSchedule" }] };
const sentence = "the cluster autoscaler removes this node (taint ToBeDeletedByClusterAutoscaler)";

/** A Node of which nothing but the marks matters. */
function nodeWith(marks: Marks) {
  const { node } = seen({ node: marks });
  assert.ok(typeof node === "object");
  return node;
}

describe("The table of those that take nodes away", () => {
  it("is the one in docs/guide/nodes-taken-away.md", () => {
    const page = readFileSync(new URL("../../docs/guide/nodes-taken-away.md", import.meta.url), "utf8");
    const sources = sourcesIn("departures");
    const signs = departures.map(({ sign, does, who, keepsCordon }, index) => {
      const shown =
        sign === "deletion"
          ? "`deletionTimestamp` of the Node"
          : `${sign.on} \`${sign.key}${sign.value === undefined ? "" : `=${sign.value}`}\``;
      return `| [${who}](${sources[index]}) ${does} | ${shown} | ${keepsCordon ? "stays" : "goes"} |`;
    });
    assert.deepEqual(
      page.split("\n").filter((line) => /^\| \[.*\| (stays|goes) \|$/.test(line)),
      signs,
    );
  });

  it("has a row for each sign, and no sign twice", () => {
    const keys = departures.map(({ sign }) => (sign === "deletion" ? sign : `${sign.on} ${sign.key}`));
    assert.equal(new Set(keys).size, keys.length);
  });
});

describe("A node that somebody takes away", () => {
  const rows = departures.map((row) => [nameOf(row), row] as const);

  it("does not start, and names who does what", () =>
    everyRow(rows, (row) => {
      const { known, ...rest } = seen({ held: false, node: marked(row) });
      const next = saved(decide(idle(), rest, policy(), noon));
      assert.equal(next.phase, "Waiting");
      const [reason, ...more] = next.reasons;
      assert.deepEqual(more, []);
      assert.equal(reason?.gate, "departing");
      assert.equal(reason?.code, row.code);
      assert.ok(reason?.message.startsWith(`${row.who} ${row.does} (`), reason?.message);
    }));

  it("is restored during the drain, and straight before its machine is asked", () =>
    everyRow(rows, (row) => {
      for (const phase of ["Draining", "Rebooting"] as const) {
        const facts = seen({ node: marked(row), stage: "reboot" });
        const next = saved(decide(record({ phase, attempt: 1 }), facts, policy(), noon));
        assert.equal(next.phase, "Restoring");
        assert.equal(next.outcome?.result, "withdrawn");
        assert.equal(next.cordon, row.keepsCordon ? undefined : "clear");
        assert.equal(next.cordoned, false);
      }
    }));

  it("goes on once its machine was asked, and returns as usual", () =>
    everyRow(rows, (row) => {
      const asked = record({ phase: "Rebooting", attempt: 1, askedAt: iso(noon) });
      assert.equal(action(decide(asked, seen({ node: marked(row) }), policy(), noon)).do, "wait");
      const facts = seen({ rebooted: true, readySince: noon, node: marked(row) });
      const next = saved(decide(record({ phase: "Returning" }), facts, policy(), noon + minute));
      assert.equal(next.phase, "Settling");
      assert.equal(next.cordon, row.keepsCordon ? undefined : "clear");
      assert.match(next.outcome?.message ?? "", row.keepsCordon ? /; left cordoned: / : /^[^;]*$/);
    }));

  it("releases a slot that it holds already", () => {
    assert.equal(action(decide(idle(), seen({ node: autoscaler }), policy(), noon)).do, "release");
  });

  it("is known for one without a request, and read again only once the Node has changed, each minute", () => {
    const node = nodeWith(autoscaler);
    const at = (changedSince?: number) => {
      const facts = { ...unseen(), need: seen().need, gates: seen().gates, mayHoldSlot: false };
      return decide(
        idle({ phase: "Waiting", reasons: [{ ...reason, since: iso(noon) }] }),
        { ...facts, rewordAt: noon, known: { facts: node, changedSince } } as never,
        policy(),
        noon + minute,
      );
    };
    const reason = { gate: "departing", code: "removal", message: sentence };
    assert.deepEqual(action(at()), { do: "wait", until: noon + 2 * minute });
    assert.deepEqual(action(at(noon + 1)), { do: "wait", until: noon + minute + 1 });
    assert.deepEqual(action(at(noon)), { do: "look", at: "node" });
  });

  it("starts when the read of its turn shows no sign any more", () => {
    const facts = { ...seen({ held: false, node: {} }), known: { facts: nodeWith(autoscaler) } };
    assert.equal(action(decide(idle(), facts, policy(), noon)).do, "acquire");
  });
});

describe("A sign that somebody takes a node away", () => {
  it("is no wish, no other value and no other effect", () =>
    everyCase({
      "a candidate of the cluster autoscaler may go": () => {
        const taints = [
          { key: "DeletionCandidateOfClusterAutoscaler", effect: "PreferNoSchedule" },
          { key: "ToBeDeletedByClusterAutoscaler", effect: "PreferNoSchedule" },
        ];
        assert.equal(departureOf(nodeWith({ taints }), []), undefined);
      },
      "another status of AKS or of the machine config operator is none": () => {
        const labels = { "kubernetes.azure.com/upgrade-status": "Other" };
        const annotations = { "machineconfiguration.openshift.io/state": "Done" };
        assert.equal(departureOf(nodeWith({ labels, annotations }), []), undefined);
      },
      "several are one reason with all their sentences": () => {
        const found = departureOf(nodeWith({ ...autoscaler, deletedAt: iso(noon) }), []);
        assert.deepEqual(found, {
          gate: "departing",
          code: "removal",
          message: `somebody deletes this Node (deletionTimestamp); ${sentence}`,
        });
      },
    }));

  const key = "example.com/to-be-upgraded";
  const label = { labels: { [key]: "true" } };
  const taint = { taints: [{ key, value: "soon", effect: "PreferNoSchedule" }] };
  const named: [what: string, sign: NamedSign, node: Marks, text: string | undefined][] = [
    ["a label by its key", { key }, label, `the label ${key}=true`],
    ["a label by key and value", { key, value: "true" }, label, `the label ${key}=true`],
    ["no label with another value", { key, value: "false" }, label, undefined],
    ["no label where an effect is asked", { key, effect: "NoSchedule" }, label, undefined],
    ["a taint by its key, whatever its effect", { key }, taint, `the taint ${key}:PreferNoSchedule`],
    ["a taint by key and value", { key, value: "soon" }, taint, `the taint ${key}:PreferNoSchedule`],
    ["no taint with another value", { key, value: "" }, taint, undefined],
    ["no taint with another effect", { key, effect: "NoSchedule" }, taint, undefined],
    [
      "an empty value of a taint that has none",
      { key, value: "" },
      { taints: [{ key, effect: "NoExecute" }] },
      `the taint ${key}:NoExecute`,
    ],
  ];

  it("may be named by --departing-when", () =>
    everyRow(named, (sign, node, text) => {
      const found = departureOf(nodeWith(node), [sign]);
      const message = `--departing-when names ${text} of this node`;
      assert.deepEqual(
        found,
        text === undefined ? undefined : { gate: "departing", code: "marked", message },
      );
    }));

  it("takes our cordon away with it where an option has named it", () => {
    const facts = seen({ node: label });
    const next = saved(
      decide(record({ phase: "Draining" }), facts, policy({ departingWhen: [{ key }] }), noon),
    );
    assert.deepEqual([next.phase, next.cordon], ["Restoring", "clear"]);
  });
});
