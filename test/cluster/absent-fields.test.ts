/**
 * Objects within the API reference: each optional field of a whole object is removed, and each list, map and text is emptied, one at a
 * time. Every reader of the object must return the same for both, and must not fail.
 */

import assert from "node:assert/strict";
import { runProgram } from "../../daemon/cli/program.ts";
import { noTerminal } from "../../daemon/cli/terminal.ts";
import { createClient } from "../../daemon/cluster/client.ts";
import { wantsPodOn } from "../../daemon/cluster/daemon-sets.ts";
import {
  countNodes,
  listByLabel,
  listNodeMetadata,
  listUnavailable,
  readNodeMetadata,
} from "../../daemon/cluster/nodes.ts";
import { createNodePods } from "../../daemon/cluster/pods.ts";
import type { Transport } from "../../daemon/cluster/transport.ts";
import { readNode } from "../../daemon/cycle/node.ts";
import { lookAtOwnPods } from "../../daemon/cycle/own-pods.ts";
import { awaitDetached } from "../../daemon/drain/volumes.ts";
import type { GateContext } from "../../daemon/gates/gate.ts";
import { podsGate } from "../../daemon/gates/pods.ts";
import { createAbsent } from "../../daemon/lock/absent.ts";
import { listStaticPodsDown } from "../../daemon/lock/control-plane.ts";
import { controlPlaneLabels } from "../../daemon/lock/limits.ts";
import type { Holder } from "../../daemon/lock/lock.ts";
import { createLockObject } from "../../daemon/lock/lock-object.ts";
import { lookAtHolder } from "../../daemon/lock/overdue.ts";
import type { Clock } from "../../daemon/time/clock.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import { oneChunk } from "../kubernetes/api/bodies.ts";
import { type Fields, isFields } from "../kubernetes/api/object.ts";
import { openMessages } from "../notify/no-messages.ts";
import { everyRow } from "../rows.ts";
import { objects, since } from "./whole-objects.ts";

const { signal } = new AbortController();
const noon = Date.parse("2026-11-24T12:00:00Z");
const clock: Clock = { wall: () => noon, elapsed: () => 0, sleep: () => new Promise(() => {}) };
type World = Record<keyof typeof objects, Fields>;
type Path = readonly [object: keyof World, ...fields: string[]];

/** Answers each GET from the world, and ignores the selectors of lists. */
function serve(world: World): Transport {
  const list = (...items: Fields[]) => ({ metadata: { resourceVersion: "1" }, items });
  const answers: [path: RegExp, answer: unknown][] = [
    [/\/nodes\?/, list(world.node, world.other)],
    [/\/nodes\/n1$/, world.node],
    [/\/nodes\/n2$/, world.other],
    [/\/pods\?.*labelSelector=app.kubernetes.io%2Fname%3Drebootd/, list(world.daemon)],
    [/\/pods\?/, list(world.pod, world.daemon, world.etcd)],
    [/\/shop\/poddisruptionbudgets\?/, list(world.budget)],
    [/\/poddisruptionbudgets\?/, list()],
    [/\/daemonsets\?/, list(world.daemonSet)],
    [/\/daemonsets\/rebootd$/, world.daemonSet],
    [/\/leases\/rebootd$/, world.lease],
    [/\/persistentvolumeclaims\/data$/, world.claim],
    [/\/volumeattachments\?/, list(world.attachment)],
    [/\/volumeattachments\/va1$/, world.attachment],
    [/\/csinodes\/n1$/, world.csiNode],
  ];
  return async ({ path }) => {
    const found = answers.find(([pattern]) => pattern.test(path));
    const text = JSON.stringify(found?.[1] ?? { kind: "Status", message: `no ${path}` });
    return {
      status: found === undefined ? 404 : 200,
      header: () => undefined,
      chunks: () => oneChunk(text),
    };
  };
}

/** The results of all readers of the world, by their names. */
async function readAll(world: World): Promise<Record<string, string>> {
  const api = createClient({ transport: serve(world), clock });
  const place = {
    kind: "lease",
    namespace: "kube-system",
    name: "rebootd",
    annotation: "rebootd.dev/lock",
  } as const;
  const lockObject = createLockObject({ api, clock, random: () => 0.5, place });
  const absent = createAbsent({
    api,
    clock,
    recheckMs: 1000,
    isUnderWay: (annotations) => "rebootd.dev/cycle" in annotations,
    maxPerZone: 1,
  });
  const node = (await readNodeMetadata(api, "n1", signal)) ?? {};
  const detach = async () => {
    const attached: unknown[] = [];
    const note = (what: unknown) => attached.push(what);
    const calls = { onAttached: note, onGivenUp: note };
    const random = () => 0.5;
    await awaitDetached(
      { api, clock, random, nodeName: "n1", claims: ["shop/data"], until: 0, ...calls },
      signal,
    );
    return attached;
  };
  const typed = async (...args: string[]) => {
    let text = "";
    const out = (more: string) => {
      text += more;
    };
    const io = {
      environment: {},
      version: "0",
      terminal: noTerminal,
      out,
      err: out,
      clock,
      random: () => 0.5,
      openMessages,
      connect: () => api,
    };
    const code = await runProgram(args, io, async () => {}, signal);
    return `${code} ${text}`;
  };
  const own = { labelSelector: undefined, self: "none" };
  const looks = { api, listPods: createNodePods(api, systemClock, "n1") };
  const gate = podsGate(api, "n1", { selectors: ["a"], namespaces: [] });
  const readers: Record<string, () => Promise<unknown>> = {
    "the own Node": () => readNode(api, "n1", signal),
    "the number of Nodes": () => countNodes(api, signal),
    "all Nodes": async () => (await listNodeMetadata(api, { signal })).map(({ name }) => name),
    "Nodes of the control plane": () => listByLabel(api, controlPlaneLabels, signal),
    "Nodes that are not available": () => listUnavailable(api, signal),
    "a holder that is overdue": () => lookAtHolder(api, { nodeID: "n1", created: since } as Holder, signal),
    "nodes that are down": () => absent.now(signal),
    "static pods that are down": () => listStaticPodsDown(api, ["n1"], signal),
    "pods that a node needs": () => lookAtOwnPods(looks, own, node, ["kube-system/rebootd"], signal),
    "whether a DaemonSet wants a pod": () => wantsPodOn(api, "kube-system/rebootd", node, signal),
    "pods that block": () => gate.check({} as GateContext, signal),
    "the lock": () => lockObject.read(signal),
    "volumes that are attached": detach,
    "rebootd plan": () => typed("plan", "n1", "-o", "json"),
    "rebootd status": () => typed("status", "-o", "json"),
    "rebootd explain": () => typed("explain", "n1"),
  };
  const read = Object.entries(readers).map(async ([what, reader]) => {
    const said = await reader().catch(
      (error: Error) => `broke: ${error.stack?.split("\n").slice(0, 4).join("")}`,
    );
    return [what, typeof said === "string" ? said : JSON.stringify(said)] as const;
  });
  return Object.fromEntries(await Promise.all(read));
}

/** Required fields of the API reference. */
const required = [
  /\.metadata(\.(name|namespace|uid|resourceVersion|generation))?$/,
  /\.(nodeSelectorTerms|ownerReferences\.\d+\.\w+)$/,
  // The server sets it on each pod.
  /\.status\.phase$/,
  /^daemonSet\.spec(\.template)?$/,
  /^attachment\.spec(\.source)?$/,
  /^csiNode\.spec(\.drivers)?$/,
];
/** Maps with free keys, and taints, which are written back unchanged. */
const keyed = /\.(labels|annotations|matchLabels|nodeSelector|taints)\./;

/** Every optional field, however deep. */
function pathsIn(object: keyof World): Path[] {
  const below = (value: unknown, path: Path): Path[] => {
    if (!isFields(value) && !Array.isArray(value)) return [];
    return Object.entries(value).flatMap(([key, item]) => {
      const deeper: Path = [...path, key];
      return Array.isArray(value) ? below(item, deeper) : [deeper, ...below(item, deeper)];
    });
  };
  return below(objects[object], [object]).filter((path) => {
    const name = path.join(".");
    return !keyed.test(name) && !required.some((pattern) => pattern.test(name));
  });
}

/** The world with one changed field. */
function changed([object, ...fields]: Path, change: (holder: Fields, key: string) => void): World {
  const world = structuredClone(objects) as World;
  const key = fields.at(-1) ?? "";
  const holder = fields.slice(0, -1).reduce<unknown>((at, field) => (at as Fields)[field], world[object]);
  change(holder as Fields, key);
  return world;
}

/** The empty value of Go; a number has none. */
function emptied(value: unknown): unknown {
  if (Array.isArray(value)) return [];
  if (isFields(value)) return {};
  return typeof value === "string" ? "" : undefined;
}

/** Fields whose presence counts, even if they are empty. */
const significant = [
  /^budget\.spec\.selector$/,
  /\.(emptyDir|ephemeral|persistentVolumeClaim|running)$/,
  /DuringExecution$/,
];

describe("An object of the API server", () => {
  for (const object of Object.keys(objects) as (keyof World)[]) {
    it(`may lack any of its optional fields: ${object}`, async () => {
      const faults: string[] = [];
      for (const path of pathsIn(object)) {
        const name = path.join(".");
        const readWith = (change: (holder: Fields, key: string) => void) => readAll(changed(path, change));
        const without = await readWith((holder, key) => delete holder[key]);
        const nulled = await readWith((holder, key) => {
          holder[key] = null;
        });
        const empty = await readWith((holder, key) => {
          holder[key] = emptied(holder[key]);
        });
        const isSignificant = significant.some((pattern) => pattern.test(name));
        for (const [what, said] of Object.entries(without)) {
          const others = { null: nulled[what], ...(!isSignificant && { empty: empty[what] }) };
          for (const [form, other] of Object.entries(others)) {
            if (other !== said) faults.push(`${name}, ${what}: ${form} ${other}, absent ${said}`);
          }
          for (const one of [said, empty[what]])
            if (one?.startsWith("broke")) faults.push(`${name}, ${what}: ${one}`);
        }
      }
      assert.deepEqual(faults, []);
    });
  }
});

describe("A reader of an object without a field", () => {
  const rows: [path: Path, reader: string, result: RegExp | { not: RegExp }][] = [
    [["node", "metadata", "labels"], "Nodes of the control plane", /"names":\["n1","n2"\]/],
    [["node", "metadata", "annotations"], "nodes that are down", /^\[\]$/],
    [["node", "metadata", "annotations"], "rebootd explain", /rebootd has recorded nothing on n1/],
    [["node", "spec"], "the own Node", /"unschedulable":false.*"taints":\[\]/],
    [["other", "status", "conditions"], "Nodes that are not available", /"names":\["n1","n2"\]/],
    [["node", "status", "conditions"], "a holder that is overdue", /^{"node":"n1","heldSince":"[^"]+"}$/],
    [["node", "status", "nodeInfo"], "the own Node", { not: /bootID/ }],
    [["pod", "metadata", "ownerReferences"], "rebootd plan", /"no-controller"/],
    [["pod", "metadata", "labels"], "rebootd plan", { not: /budget-/ }],
    [["pod", "spec", "volumes"], "rebootd plan", { not: /local-data/ }],
    [["pod", "spec", "tolerations"], "rebootd plan", /untolerated taint example.com\/a/],
    [["pod", "spec", "terminationGracePeriodSeconds"], "rebootd plan", /"graceSeconds": 30/],
    [["pod", "status"], "rebootd plan", /"graceSeconds": 60/],
    [["budget", "status"], "rebootd plan", /"budget-busy"/],
    [["budget", "spec", "selector"], "rebootd plan", { not: /budget-/ }],
    [["daemon", "status", "containerStatuses"], "rebootd explain", /daemon not Ready/],
    [["daemon", "status"], "pods that a node needs", /"name":"kube-system\/rebootd-1"/],
    [["lease", "metadata", "annotations"], "the lock", /"holders":\[\]/],
    [["claim", "spec"], "volumes that are attached", /^\[\]$/],
  ];
  it("returns what the API reference says about a missing field", () =>
    everyRow(
      rows.map((row) => [`${row[0].join(".")}, ${row[1]}`, ...row] as const),
      async (path, reader, result) => {
        const results = await readAll(changed(path, (holder, key) => delete holder[key]));
        if (result instanceof RegExp) return assert.match(results[reader] ?? "", result);
        // The object with the field has this result.
        assert.match((await readAll(structuredClone(objects)))[reader] ?? "", result.not);
        assert.doesNotMatch(results[reader] ?? "", result.not);
      },
    ));
});
