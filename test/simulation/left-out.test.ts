/** What a real API server writes as null, or leaves out, where this one has a value that is easier to read. */
import assert from "node:assert/strict";
import { createClient } from "../../daemon/cluster/client.ts";
import type { ApiResponse, Transport } from "../../daemon/cluster/transport.ts";
import { type Fields, isFields } from "../kubernetes/api/object.ts";
import { fieldsOf, type Shape } from "../kubernetes/api/schema.ts";
import { createVolume, usesClaim } from "../kubernetes/volumes.ts";
import { createStory } from "./story.ts";
import { type } from "./typed.ts";

const story = createStory();
const { addPod, isRebooted, look, start, until, wantReboot } = story;

/** Each answer, and each event of a watch, as `change` makes it. */
function changing(transport: Transport, change: (answer: Fields, path: string) => void): Transport {
  return async (request) => {
    const response = await transport(request);
    const changed = (line: string): string => {
      const answer = JSON.parse(line) as Fields;
      change(answer, request.path);
      return JSON.stringify(answer);
    };
    return {
      ...response,
      async *chunks() {
        for await (const line of linesOf(response)) yield `${changed(line)}\n`;
      },
    };
  };
}

async function* linesOf(response: ApiResponse): AsyncIterable<string> {
  let rest = "";
  for await (const chunk of response.chunks()) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  // What is no watch is one line without an end.
  if (rest !== "") yield rest;
}

/** An administrator's client that a person's commands go through. */
const clientOver = (between: (transport: Transport) => Transport) =>
  createClient({
    transport: between(story.world.server.transport(story.world.server.adminToken)),
    clock: story.world.time.clock,
  });

const claimed = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } };

const forms: [what: string, empty: (list: Fields) => void][] = [
  [
    '"items":null',
    (list) => {
      list["items"] = null;
    },
  ],
  [
    '"items":[]',
    (list) => {
      list["items"] = [];
    },
  ],
  [
    "no items",
    (list) => {
      delete list["items"];
    },
  ],
];

for (const [what, empty] of forms) {
  describe(`Where an empty list comes with ${what}`, () => {
    afterEach(story.stop);

    /** What was asked for, without what differs from case to case, of each list that was empty. */
    const met = new Set<string>();
    const emptying = (transport: Transport) =>
      changing(transport, (answer, path) => {
        const { items } = answer;
        if (!("items" in answer) || (Array.isArray(items) && items.length > 0)) return;
        met.add(listIn(path));
        empty(answer);
      });
    beforeEach(() => met.clear());

    const between = (_: string, transport: Transport) => emptying(transport);

    it("a node reboots that has no pod, none of any selector, and no budget", async () => {
      const options = {
        "blocking-pod-selector": "app=migration",
        "drain-pod-selector": "app=web",
        "ready-pod-selector": "app=cni",
        "max-unavailable": "1",
        concurrency: "50%",
      };
      await start(options, { nodes: 2, between });
      await addPod("other");
      await wantReboot();
      await until("it has rebooted", isRebooted, 180_000);
      assert.deepEqual([...met].sort(), [
        "nodes cordoned",
        "poddisruptionbudgets",
        "pods on the node by label",
      ]);
    });

    it("a node of the control plane reboots beside one that shows no pod", async () => {
      await start({}, { nodes: 2, between, controlPlane: { members: 2, staticPods: [] } });
      await wantReboot();
      await until("it has rebooted", isRebooted, 180_000);
      assert.deepEqual([...met].sort(), ["nodes cordoned", "nodes of the control plane", "pods on the node"]);
    });

    it("a pod goes whose volume is attached nowhere", async () => {
      await start({}, { nodes: 1, between });
      const claim = { metadata: { name: "data" }, spec: { volumeName: "data", ...claimed } };
      const path = "/api/v1/namespaces/default/persistentvolumeclaims";
      await story.world.api.create(path, claim, { signal: story.world.signal });
      await addPod("db", { spec: usesClaim("data") });
      await wantReboot();
      await until("it has rebooted", isRebooted, 180_000);
      assert.ok(met.has("volumeattachments"), [...met].join(", "));
    });

    it("the commands for people say that there is nothing", async () => {
      await start({}, { nodes: 1, rights: "everything" });
      const api = clientOver(emptying);
      const said = async (...args: string[]) => {
        const { code, out, err } = await type(story.world, args, { api });
        assert.deepEqual([code, err], [0, ""], args.join(" "));
        return out;
      };
      assert.match(await said("status"), /free/);
      assert.match(await said("explain", "n1"), /n1/);
      assert.match(await said("plan", "n1"), /n1/);
      assert.match(await said("pause", "n1"), /paused/);
      assert.ok(met.has("daemonsets by label") && met.has("pods by label"), [...met].join(", "));
    });
  });
}

/** "pods on the node by label": what a list is of, and how it was selected. */
function listIn(path: string): string {
  const [where = "", search] = path.split("?");
  const query = new URLSearchParams(search);
  const fields = query.get("fieldSelector") ?? "";
  const labels = query.get("labelSelector") ?? "";
  return [
    where.split("/").at(-1),
    fields.includes("spec.nodeName") && "on the node",
    fields.includes("spec.unschedulable") && "cordoned",
    labels.startsWith("node-role.kubernetes.io/") ? "of the control plane" : labels !== "" && "by label",
  ]
    .filter(Boolean)
    .join(" ");
}

describe("Where the API server writes null for every field that has no value", () => {
  afterEach(story.stop);

  /** A cycle of a node with all that a daemon reads, and what people are told of it; `between` stands before the server. */
  async function tell(between: (transport: Transport) => Transport): Promise<readonly string[]> {
    const options = { "max-unavailable": "1", "max-per-zone": "1", "ready-pod-selector": "app=agent" };
    const workloads = [
      { name: "web", replicas: 2, budget: { maxUnavailable: 1 } },
      { name: "agent", spec: { priorityClassName: "system-node-critical" } },
    ];
    await start(options, {
      nodes: 3,
      workloads,
      between: (_, transport) => between(transport),
      controlPlane: { members: 2, staticPods: ["etcd"] },
    });
    await createVolume({ api: story.world.api, signal: story.world.signal }, { name: "data" });
    await story.world.api.create(csiNodes, { metadata: { name: "n1" } }, { signal: story.world.signal });
    await addPod("db", { spec: usesClaim("data") });
    await addPod("cache", { spec: { volumes: [{ name: "tmp", emptyDir: {} }], tolerations: tolerant } });
    await wantReboot();
    const api = clientOver(between);
    const typed = async (...args: string[]) =>
      Object.values(await type(story.world, args, { api })).join("\n");
    const told = [await typed("plan", "n1")];
    await until("it drains", async () => (await look()).phases["n1"] === "Draining");
    told.push(await typed("status"), await typed("explain", "n1"), await typed("explain", "n2"));
    await until("it has rebooted", isRebooted, 300_000);
    told.push(await typed("status"), await typed("pause", "n1"), await typed("resume", "n1"));
    return [...told, ...story.world.logs];
  }

  it("a cycle, and all that is said of it, is the same as where it leaves them out", async () => {
    const told = await tell((transport) => transport);
    await story.stop();
    const withNulls = await tell((transport) => changing(transport, fillAnswer));
    assert.deepEqual(withNulls, told);
    for (const said of [
      "nothing blocks the drain",
      "not yet detached: data (disk.test)",
      "the node is back",
    ]) {
      assert.ok(
        told.some((one) => one.includes(said)),
        said,
      );
    }
  });
});

const csiNodes = "/apis/storage.k8s.io/v1/csinodes";
const tolerant = [{ operator: "Exists" }];

/** The published type of each kind that is read. */
const typeOf: Record<string, string> = {
  Node: "V1Node",
  Pod: "V1Pod",
  PodDisruptionBudget: "V1PodDisruptionBudget",
  Lease: "V1Lease",
  DaemonSet: "V1DaemonSet",
  PersistentVolumeClaim: "V1PersistentVolumeClaim",
  VolumeAttachment: "V1VolumeAttachment",
  CSINode: "V1CSINode",
};

function fillAnswer(answer: Fields): void {
  if (isFields(answer["object"])) fillAnswer(answer["object"]);
  const kind = String(answer["kind"]).replace(/List$/, "");
  const items = Array.isArray(answer["items"]) ? (answer["items"] as Fields[]) : [answer];
  for (const item of items) {
    const type = typeOf[kind];
    if (type !== undefined) fill(type, item);
    else if (kind === "PartialObjectMetadata") fill("V1ObjectMeta", item["metadata"] as Fields);
  }
}

function fill(type: string, object: Fields): void {
  for (const [name, { shape }] of fieldsOf(type)) {
    object[name] ??= null;
    fillIn(shape, object[name]);
  }
}

function fillIn(shape: Shape, value: unknown): void {
  if (value === null) return;
  if (shape.kind === "object") fill(shape.type, value as Fields);
  if (shape.kind === "list" || shape.kind === "map")
    for (const item of Object.values(value as object)) fillIn(shape.of, item);
}
