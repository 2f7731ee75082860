import assert from "node:assert/strict";
import { contract } from "../../daemon/annotations/names.ts";
import { daemonUser } from "../world/manifests.ts";
import { createStory, minute } from "./story.ts";
import { type } from "./typed.ts";

const story = createStory();
const {
  addBudget,
  addPod,
  boots,
  isRebooted,
  look,
  pass,
  patchNode,
  phase,
  readNode,
  reasons,
  record,
  saysOf,
  setCordon,
  setLock,
  start,
  until,
  wantReboot,
} = story;

/** What a policy, a webhook or a missing right keeps a daemon from writing on its own Node. */

const group = "/apis/admissionregistration.k8s.io/v1";
const forbidden = "the guardian says no";
const recordOf = (object: string) =>
  `(has(${object}.metadata.annotations) && '${contract.cycle.key}' in ${object}.metadata.annotations ? ${object}.metadata.annotations['${contract.cycle.key}'] : '')`;
const cordonOf = (object: string) => `(has(${object}.spec.unschedulable) && ${object}.spec.unschedulable)`;
const changesRecord = `${recordOf("object")} != ${recordOf("oldObject")}`;
const cordons = `${cordonOf("object")} && !${cordonOf("oldObject")}`;
const uncordons = `!${cordonOf("object")} && ${cordonOf("oldObject")}`;
const taints = "has(object.spec.taints) && object.spec.taints.exists(t, t.effect == 'PreferNoSchedule')";

/** Has the API server refuse daemons what is so, until it is allowed again. */
async function refuse(expression: string): Promise<void> {
  const metadata = { name: "guardian" };
  const rule = { apiGroups: [""], apiVersions: ["*"], operations: ["UPDATE"], resources: ["nodes"] };
  const policy = {
    matchConstraints: { resourceRules: [rule] },
    matchConditions: [{ name: "daemon", expression: `request.userInfo.username == '${daemonUser.name}'` }],
    validations: [{ expression: `!(${expression})`, message: forbidden, reason: "Forbidden" }],
  };
  const binding = { policyName: metadata.name, validationActions: ["Deny"] };
  const { api, signal } = story.world;
  await api.create(`${group}/validatingadmissionpolicies`, { metadata, spec: policy }, { signal });
  await api.create(`${group}/validatingadmissionpolicybindings`, { metadata, spec: binding }, { signal });
}

async function allow(): Promise<void> {
  const { api, signal } = story.world;
  await api.delete(`${group}/validatingadmissionpolicybindings/guardian`, {}, { signal });
}

/** Takes this right from the daemons, or gives it back. */
async function setPatchRight(isThere: boolean): Promise<void> {
  const path = "/apis/rbac.authorization.k8s.io/v1/clusterroles/rebootd";
  const { api, signal } = story.world;
  const { rules } = await api.get<{ rules: { resources: string[]; verbs: string[] }[] }>(path, { signal });
  const changed = rules.map((rule) =>
    rule.resources.includes("nodes")
      ? { ...rule, verbs: isThere ? [...rule.verbs, "patch"] : rule.verbs.filter((verb) => verb !== "patch") }
      : rule,
  );
  await api.patch(path, { rules: changed }, { signal });
}

/** How often a daemon has written the lock. */
const lockWrites = () =>
  story.world.server.ledger.count({ user: daemonUser.name, verb: "patch", resource: "leases" });
const explained = async () => (await type(story.world, ["explain", "n1"])).out;

async function events(): Promise<string[]> {
  const path = "/apis/events.k8s.io/v1/namespaces/default/events";
  const { items } = await story.world.api.list<{ type: string; reason: string; note: string }>(path, {
    signal: story.world.signal,
  });
  return items.filter(({ type }) => type === "Warning").map(({ reason, note }) => `${reason}: ${note}`);
}

const refusalEvents = async () => (await events()).filter((one) => one.startsWith("WriteRefused: "));

describe("A cycle that the API server would not let a node write", () => {
  afterEach(story.stop);

  const marks: [what: string, options: Record<string, string[]>, words: string][] = [
    [
      "a label that its policy does not know",
      { "pre-reboot-node-labels": ["example.com/state=rebooting"] },
      "a daemon may not change labels example.com/state",
    ],
    [
      "such a label after the reboot",
      { "post-reboot-node-labels": ["example.com/state=done"] },
      "a daemon may not change labels example.com/state",
    ],
    [
      "a hook that its policy does not know",
      { "before-reboot-hooks": ["example.com/moved"] },
      "a daemon may not change annotations example.com/moved",
    ],
  ];
  for (const [what, options, words] of marks) {
    it(`for ${what}, takes no slot, and the Node says why`, async () => {
      await start(options, { admitted: {} });
      await wantReboot();
      await pass(30_000);
      assert.equal((await reasons()).length, 1);
      assert.match(
        (await reasons()).join(),
        /^node \(unwritable\): the API server rejects the start of the cycle: /,
      );
      assert.ok((await explained()).includes(words), await explained());
      assert.doesNotMatch(await explained(), /about to start/);
      await pass(60 * minute);
      assert.deepEqual([lockWrites(), boots(), (await readNode()).spec?.unschedulable], [0, 1, undefined]);
    });
  }

  for (const [what, expression] of [
    ["a taint", taints],
    ["the cordon", cordons],
  ] as const) {
    it(`for ${what}, takes no slot, and starts within minutes once it may`, async () => {
      await start({ "prefer-no-schedule-taint": "example.com/soon" });
      await refuse(expression);
      await wantReboot();
      await pass(30 * minute);
      assert.match((await reasons()).join(), new RegExp(`^node \\(unwritable\\): .*${forbidden}$`));
      assert.equal(lockWrites(), 0);
      await allow();
      await until("n1 has rebooted", isRebooted, 10 * minute);
      assert.deepEqual((await record())?.reasons, []);
    });
  }

  for (const [what, take, giveBack] of [
    ["the record", () => refuse(changesRecord), allow],
    ["anything", () => setPatchRight(false), () => setPatchRight(true)],
  ] as const) {
    it(`for ${what}, takes no slot, and events and the log say why`, async () => {
      await start();
      await take();
      await wantReboot();
      await pass(30_000);
      const said = await refusalEvents();
      assert.equal(said.length, 1, said.join("\n"));
      assert.match(
        said.join(),
        /the API server refuses the record of this node, so no cycle can start or continue: /,
      );
      assert.ok(saysOf("ERROR n1 Idle: the API server refuses the record of this node"));
      await pass(60 * minute);
      assert.deepEqual(
        [lockWrites(), boots(), await record(), (await refusalEvents()).length],
        [0, 1, undefined, 1],
      );
      const asked = story.world.server.ledger.count({ user: daemonUser.name });
      await pass(60 * minute);
      const perMinute = (story.world.server.ledger.count({ user: daemonUser.name }) - asked) / 60;
      assert.ok(perMinute <= 6, `${perMinute} requests a minute`);
      await giveBack();
      await until("n1 has rebooted", isRebooted, 10 * minute);
    });
  }
});

describe("A node that waits, and may not write its soft taint any more", () => {
  afterEach(story.stop);

  it("says so, as no cycle of it could start, and has it once it may", async () => {
    await start({ "prefer-no-schedule-taint": "example.com/soon" });
    await setLock('{"nodeID":"manual"}');
    await patchNode({ metadata: { annotations: { "rebootd.dev/paused": "true" } } });
    await wantReboot();
    await pass(30_000);
    await refuse(taints);
    await patchNode({ metadata: { annotations: { "rebootd.dev/paused": null } } });
    await pass(30_000);
    assert.match((await reasons()).join(), new RegExp(`^node \\(unwritable\\): .*${forbidden}$`));
    assert.equal((await refusalEvents()).length, 1);
    await allow();
    const isTainted = async () =>
      (await readNode()).spec?.taints?.some(({ key }) => key === "example.com/soon") === true;
    await until("it has its taint", isTainted, 10 * minute);
    assert.match((await reasons()).join(), /^lock \(lock-manual\): [^,]*$/);
    assert.equal(
      (await readNode()).spec?.taints?.some(({ key }) => key === "example.com/soon"),
      true,
    );
  });
});

describe("A node that is drained, and may not write any more", () => {
  afterEach(story.stop);

  it("its record, does not reboot until it may, and events say why", async () => {
    await start({ "reboot-delay": "1m" });
    await wantReboot();
    await until("it drains", async () => (await phase()) === "Draining");
    await refuse(changesRecord);
    await pass(10 * minute);
    assert.deepEqual([boots(), await phase()], [1, "Draining"]);
    assert.match((await refusalEvents()).join(), new RegExp(`the record of this node, so .*${forbidden}$`));
    await allow();
    await until("n1 has rebooted", isRebooted, 10 * minute);
  });

  it("the cordon that somebody has lifted, says so, and is restored at the drain's deadline", async () => {
    await start({ "drain-timeout": "10m", preflight: "off" });
    await addPod("stuck");
    await addBudget("stuck");
    await wantReboot();
    await until("it drains", async () => (await phase()) === "Draining");
    await refuse(cordons);
    await setCordon(null);
    await pass(30_000);
    assert.match((await reasons()).join(), new RegExp(`node \\(refused\\): .*${forbidden}$`));
    await pass(11 * minute);
    const { outcome } = (await record()) ?? {};
    assert.equal(outcome?.result, "failed");
    assert.match(outcome?.message ?? "", new RegExp(forbidden));
    assert.deepEqual([boots(), (await look()).lock], [1, undefined]);
  });

  it("its cordon after --drain-delay, is restored at the drain's deadline, labels and all", async () => {
    await start({
      "drain-timeout": "10m",
      "drain-delay": "1m",
      "pre-reboot-node-labels": ["example.com/state=rebooting"],
    });
    await wantReboot();
    await until("it drains", async () => (await phase()) === "Draining");
    await refuse(cordons);
    await pass(2 * minute);
    assert.match((await reasons()).join(), new RegExp(`node \\(refused\\): .*${forbidden}$`));
    await pass(10 * minute);
    assert.equal((await record())?.outcome?.result, "failed");
    assert.equal((await readNode()).metadata?.labels?.["example.com/state"], undefined);
    assert.equal((await look()).lock, undefined);
  });
});

describe("A node that has rebooted, and may not be uncordoned", () => {
  afterEach(story.stop);

  it("says so, keeps its slot, and is given back once it may", async () => {
    await start();
    await wantReboot();
    await until("it drains", async () => (await phase()) === "Draining");
    await refuse(uncordons);
    await pass(10 * minute);
    assert.deepEqual([boots(), await phase()], [2, "Returning"]);
    assert.match((await reasons()).join(), new RegExp(`^node \\(refused\\): .*${forbidden}$`));
    assert.ok((await explained()).includes(forbidden));
    assert.equal((await refusalEvents()).length, 1);
    assert.notEqual((await look()).lock, undefined);
    await allow();
    await until("n1 is given back", isRebooted, 5 * minute);
    assert.deepEqual([(await readNode()).spec?.unschedulable, await reasons()], [undefined, []]);
  });
});

describe("A record that an administrator has written, with a label that its policy does not know,", () => {
  afterEach(story.stop);

  it("is undone as soon as somebody takes the label away; until then the Node says why it does not start", async () => {
    await start();
    await pass(3000);
    const labels = [{ key: "example.com/x", set: "1" }];
    const written = JSON.stringify({ ...(await record()), phase: "Waiting", labels });
    await patchNode({
      metadata: { annotations: { [contract.cycle.key]: written }, labels: { "example.com/x": "1" } },
    });
    await wantReboot();
    await pass(10 * minute);
    assert.match(await explained(), /a daemon may not change labels example\.com\/x/);
    assert.doesNotMatch(await explained(), /about to start/);
    assert.equal(lockWrites(), 0);
    await patchNode({ metadata: { labels: { "example.com/x": null } } });
    await until("n1 has rebooted", isRebooted, 15 * minute);
  });
});
