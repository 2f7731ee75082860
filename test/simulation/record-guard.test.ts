import assert from "node:assert/strict";
import { contract } from "../../daemon/annotations/names.ts";
import type { Api } from "../../daemon/cluster/api.ts";
import { createClient } from "../../daemon/cluster/client.ts";
import { idleRecord, writeRecord } from "../../daemon/cycle/record.ts";
import type { User } from "../kubernetes/api/server.ts";
import { daemonUserOn } from "../world/manifests.ts";
import { createStory } from "./story.ts";
import { type } from "./typed.ts";

const story = createStory();
const { isRebooted, pass, patchNode, start, until, wantReboot } = story;

const rbac = "/apis/rbac.authorization.k8s.io/v1";
const policies = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies";
const n1 = "/api/v1/nodes/n1";
const words =
  /only the rebootd of the node may write rebootd\.dev\/cycle, and users who may update cycles\.rebootd\.dev/;

const kubelet: User = { name: "system:node:n1", groups: ["system:nodes"] };
const person: User = { name: "jo", groups: [] };
const accountOf = (namespace: string): User => ({
  ...daemonUserOn("n1"),
  name: `system:serviceaccount:${namespace}:rebootd`,
  groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`],
});

function apiOf(user: User): Api {
  return createClient({
    transport: story.world.server.transport(story.world.server.addUser(user)),
    clock: story.world.time.clock,
  });
}

/** What came of it; "" where it was let. */
async function refusalOf(work: Promise<unknown>): Promise<string> {
  const [outcome] = await Promise.allSettled([work, pass(1000)]);
  return outcome.status === "rejected" ? String(outcome.reason) : "";
}

type Write = (api: Api) => Promise<unknown>;
const patch =
  (path: string, body: object): Write =>
  (api) =>
    api.patch(path, body, { signal: story.world.signal });
const annotate = (key: string, value: string | null, path = n1) =>
  patch(path, { metadata: { annotations: { [key]: value } } });
const createNode =
  (annotations?: object): Write =>
  (api) =>
    api.create("/api/v1/nodes", { metadata: { name: "n9", annotations } }, { signal: story.world.signal });

const forged = JSON.stringify({ phase: "Rebooting", attempt: 1 });
const writesOfRecord: [what: string, write: Write][] = [
  ["changes the record", annotate(contract.cycle.key, forged)],
  ["changes it by the Node's status", annotate(contract.cycle.key, forged, `${n1}/status`)],
  ["empties it", annotate(contract.cycle.key, "")],
  ["takes it away", annotate(contract.cycle.key, null)],
  ["takes all annotations away", patch(n1, { metadata: { annotations: null } })],
  ["registers a Node with one", createNode({ [contract.cycle.key]: forged })],
  ["registers a Node with an empty one", createNode({ [contract.cycle.key]: "" })],
];
const otherWrites: [what: string, write: Write][] = [
  [
    "sends a heartbeat",
    patch(`${n1}/status`, { status: { conditions: [{ type: "Ready", status: "True" }] } }),
  ],
  ["changes another annotation", annotate("example.com/x", "1")],
  ["changes it by the Node's status", annotate("example.com/x", "2", `${n1}/status`)],
  ["pauses the node", annotate("rebootd.dev/paused", "yes")],
  ["registers a Node", createNode()],
];

async function give(user: User, roleName: string): Promise<void> {
  const [, , namespace, name] = user.name.split(":");
  const isAccount = user.name.startsWith("system:serviceaccount:");
  const subject = isAccount ? { kind: "ServiceAccount", namespace, name } : { kind: "User", name: user.name };
  const binding = {
    metadata: { name: `${user.name.replaceAll(":", "-")}-${roleName}` },
    roleRef: { kind: "ClusterRole", name: roleName },
    subjects: [subject],
  };
  await story.world.api.create(`${rbac}/clusterrolebindings`, binding, { signal: story.world.signal });
}

async function addNodePatchers(): Promise<void> {
  const rules = [
    { apiGroups: [""], resources: ["nodes", "nodes/status"], verbs: ["get", "create", "patch"] },
  ];
  const role = { metadata: { name: "node-patchers" }, rules };
  await story.world.api.create(`${rbac}/clusterroles`, role, { signal: story.world.signal });
}

describe("The record of a Node, by the policies of manifests/base,", () => {
  beforeEach(async () => {
    await start();
    await pass(3000);
    await patchNode({ metadata: { annotations: { [contract.cycle.key]: '{"phase":"Waiting"}' } } });
    await addNodePatchers();
  });
  afterEach(story.stop);

  for (const [who, user] of [
    ["a kubelet", kubelet],
    ["who may change Nodes", person],
    ["a ServiceAccount rebootd of another namespace", accountOf("shop")],
  ] as const) {
    describe(`is not for ${who}, that`, () => {
      beforeEach(async () => {
        if (user !== kubelet) await give(user, "node-patchers");
      });
      for (const [what, write] of writesOfRecord) {
        it(what, async () => {
          assert.match(await refusalOf(write(apiOf(user))), words);
        });
      }
      for (const [what, write] of otherWrites) {
        it(`but ${what} as ever`, async () => {
          assert.equal(await refusalOf(write(apiOf(user))), "");
        });
      }
    });
  }

  for (const [what, write] of writesOfRecord) {
    it(`is for who has the ClusterRole rebootd-records, that ${what}`, async () => {
      await give(person, "node-patchers");
      await give(person, "rebootd-records");
      assert.equal(await refusalOf(write(apiOf(person))), "");
    });
  }

  it("is for an administrator of the cluster, by whatever name, as for a restore", async () => {
    await give(person, "cluster-admin");
    const restore = createNode({ [contract.cycle.key]: '{"phase":"Idle"}' });
    assert.equal(await refusalOf(restore(apiOf(person))), "");
  });

  it("is for the node's own daemon, and no other one", async () => {
    const write = annotate(contract.cycle.key, '{"phase":"Idle"}');
    assert.match(await refusalOf(write(apiOf(daemonUserOn("n2")))), /only its own Node, n2/);
    assert.equal(await refusalOf(write(apiOf(daemonUserOn("n1")))), "");
  });

  it("is for daemons in another namespace, where base is installed there; they are bound as well", async () => {
    await give(accountOf("ops"), "rebootd");
    const daemon = apiOf(accountOf("ops"));
    assert.equal(await refusalOf(annotate(contract.cycle.key, '{"phase":"Idle"}')(daemon)), "");
    assert.match(await refusalOf(annotate("example.com/x", "1")(daemon)), /a daemon may not change/);
  });

  it("stops no heartbeat, even where the server cannot work the policy out", async () => {
    for (const policy of ["rebootd-records", "rebootd-conditions"]) {
      const condition = { name: "cannot-be-told", expression: "object.nothing.here == oldObject.at.all" };
      const body = { spec: { matchConditions: [condition] } };
      await story.world.api.patch(`${policies}/${policy}`, body, { signal: story.world.signal });
    }
    for (const [what, write] of otherWrites) {
      assert.equal(await refusalOf(write(apiOf(kubelet))), "", what);
    }
  });
});

describe("A person who may change Nodes", () => {
  const rebootd = async (...args: string[]) => {
    const [typed] = await Promise.all([type(story.world, args, { api: apiOf(person) }), pass(1000)]);
    return typed;
  };
  beforeEach(async () => {
    await start();
    await addNodePatchers();
    await give(person, "node-patchers");
  });
  afterEach(story.stop);

  it("has a node reboot, and pauses it, without a right of its own", async () => {
    await wantReboot();
    for (const args of [
      ["pause", "n1"],
      ["resume", "n1"],
      ["reboot", "n1"],
    ]) {
      const { code, err } = await rebootd(...args);
      assert.deepEqual([code, err], [0, ""], args.join(" "));
    }
    await until("n1 has rebooted", isRebooted);
  });

  it("is told which right is missing for a node that has failed, and needs no more than that", async () => {
    // Its daemon is not there to go on by itself.
    const failed = writeRecord({
      ...idleRecord(story.world.time.clock.wall()),
      phase: "Failed",
      failures: 3,
    });
    await createNode({ [contract.cycle.key]: failed })(story.world.api);
    const { code, out, err } = await rebootd("resume", "n9");
    assert.deepEqual([code, out], [1, ""]);
    assert.match(err, words);
    assert.match(err, /ClusterRole rebootd-records\n$/);
    await give(person, "rebootd-records");
    assert.match(
      (await rebootd("resume", "n9")).out,
      /^resumed: failure count reset \(it was 3\); n9 may reboot\n/,
    );
  });
});
