import assert from "node:assert/strict";
import type { ClusterStatus } from "../../daemon/cli/cluster-status.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import { startSuite } from "../kubernetes/suite.ts";
import { daemonUserOn, installRights } from "../world/manifests.ts";
import { startRebootd } from "../world/rebootd.ts";
import { startWorld, type World } from "../world/world.ts";
import { runDaemonProcess } from "./daemon-process.ts";

const nodes = ["n1", "n2"];
let world: World;

/** As a person types it, with an administrator's kubeconfig. */
const rebootd = (...args: string[]) => runDaemonProcess(args, { KUBECONFIG: world.adminKubeconfig });

async function says(args: string, what: RegExp): Promise<string> {
  const { code, out, err } = await rebootd(...args.split(" "));
  assert.equal(code, 0, err);
  assert.match(out, what);
  return out;
}

const status = async () => JSON.parse(await says("status -o json", /"lock"/)) as ClusterStatus;

async function holder(): Promise<string> {
  let name = "";
  await world.until("a node holds the lock", async () => {
    name = (await status()).holders[0]?.node ?? "";
    return name !== "";
  });
  return name;
}

const stuck = (name: string) => `/api/v1/namespaces/default/pods/stuck-${name}`;

/** A pod that does not end until somebody says so: its node is drained for as long. */
async function addStuckPod(name: string): Promise<void> {
  const metadata = { name: `stuck-${name}`, finalizers: ["example.com/hold"] };
  const spec = { nodeName: name, containers: [{ name: "main", image: "app:1" }] };
  await world.api.create("/api/v1/namespaces/default/pods", { metadata, spec }, { signal: world.signal });
}

async function letStuckPodEnd(name: string): Promise<void> {
  await world.api.patch(stuck(name), { metadata: { finalizers: null } }, { signal: world.signal });
}

describe("A person at the command line", () => {
  before(async () => {
    const suite = await startSuite(systemClock);
    await installRights(suite.server);
    world = await startWorld({
      ...suite,
      daemonUser: daemonUserOn,
      nodes,
      startDaemon: (place) => startRebootd(place, ["--period=2s"]),
    });
    for (const name of nodes) await addStuckPod(name);
  });
  after(() => world.stop());

  it("shows a free lock and no waiting node", async () => {
    assert.equal(
      await says("status", /free/),
      "lease/rebootd in kube-system, rebootd.dev/lock: free\n2 nodes, 0 daemons, 0 need a reboot, not paused\n",
    );
  });

  it("shows the plan of a drain", async () => {
    const text = await says(
      "plan n1",
      /^n1: \d+ pods? would be evicted, .*; nothing blocks the drain; it takes up to \S+$/m,
    );
    assert.match(text, /\ndefault\/stuck-n1 +ordinary +30s +is not managed by a controller/);
  });

  it("pauses a node and lets it go on", async () => {
    await says("pause n1 --until 2h --reason disk", /^paused: n1 does not reboot until \d{4}-.*Z\n$/);
    const { metadata } = await world.node("n1").object();
    assert.match(metadata?.annotations?.["rebootd.dev/paused"] ?? "", /^until \S+Z: disk \(by .+\)$/);
    await says("resume n1", /^resumed: n1 may reboot\nbefore: paused until \S+Z: disk \(by .+\)\n$/);
    await says("resume n1", /^n1 is not paused and has not failed\n$/);
    const { code, err } = await rebootd("pause", "n9");
    assert.deepEqual([code, err], [1, 'rebootd: the cluster has no Node "n9"\n']);
  });

  it("stops all new reboots, and each node reports who did it and why", async () => {
    const { code, out } = await rebootd("lock", "--reason", "new switch");
    assert.deepEqual([code, out], [0, "locked: no node starts a reboot until rebootd unlock\n"]);
    for (const name of nodes) world.node(name).wantsReboot();
    await world.allWaitFor("lock-manual");
    const { lock, manual, others } = await status();
    assert.equal(lock.state, "manual");
    assert.equal(manual[0]?.name, "manual");
    assert.match(manual[0]?.reason ?? "", /^new switch \(by .+\)$/);
    for (const { why } of others) {
      assert.match(why.join(), /^locked manually: new switch \(by .+\)$/);
    }
    await says("status", /MANUAL LOCK +SINCE +REASON\nmanual +\d+s +new switch \(by .+\)\n/);
  });

  it("lets them go on, and shows who holds the lock", async () => {
    await says(
      "unlock",
      /^unlocked: no longer locked manually\nbefore: locked manually: new switch [^\n]+\n$/,
    );
    const name = await holder();
    await says("status -o wide", new RegExp(`HOLDER .*\\n${name} +\\S+ +(Draining|Rebooting|Waiting|Idle) `));
  });

  it("stops the next node beside the holder, which finishes its cycle", async () => {
    const name = await holder();
    await says("lock", new RegExp(`locked: .*; these nodes hold a slot and finish their cycle: ${name}\\n`));
    await letStuckPodEnd(name);
    await world.rolled([name]);
    const other = nodes.find((one) => one !== name) ?? "";
    assert.equal(world.node(other).machine.boots.length, 1);
    assert.deepEqual((await status()).holders, []);
  });

  it("takes a node's slot away, and that one is given back without a reboot", async () => {
    await says("unlock --manual", /unlocked/);
    const name = await holder();
    await rebootd("lock");
    await says(`unlock ${name}`, new RegExp(`^unlocked: the slot of ${name} was released\\n$`));
    await world.until("it waits", async () => (await world.node(name).record())?.phase === "Waiting");
    const { spec } = await world.node(name).object();
    assert.equal(spec?.unschedulable, undefined);
    assert.equal(world.node(name).machine.boots.length, 1);
  });

  it("refuses to release a slot that nobody holds", async () => {
    const { code, err } = await rebootd("unlock", "n9");
    assert.deepEqual([code, err], [1, 'rebootd: "n9" holds no slot; no node holds one\n']);
  });

  it("repairs a lock that cannot be read", async () => {
    await world.setLock("junk");
    const { code, err } = await rebootd("unlock");
    assert.equal(code, 1);
    assert.match(err, /^rebootd: the lock "junk" cannot be read: [^\n]+\n$/);
    await says("status", /"junk" cannot be read/);
    await says("unlock --all", /^unlocked: all entries were removed\n$/);
    for (const { name, machine } of world.nodes) {
      if (machine.boots.length > 1) continue;
      // One of them rests, as its slot was taken away: it need not, as a person asks.
      await rebootd("reboot", name);
      await letStuckPodEnd(name);
    }
    await world.rolled(nodes);
    assert.deepEqual((await world.report({ isOver: false })).violations, []);
  });

  it("lets nodes start again after too many have failed in a row", async () => {
    const lease = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/rebootd";
    await says("resume --all", /^nothing is paused or halted\n$/);
    const failed = ["x", "y", "z"].map((node) => ({ node, at: "2026-11-24T12:00:00Z", message: "stuck" }));
    const metadata = { annotations: { "rebootd.dev/failures": JSON.stringify(failed) } };
    await world.api.patch(lease, { metadata }, { signal: world.signal });
    await says("status", /\n3 failed reboots \(x: stuck; y: stuck; z: stuck\)\n/);
    await says(
      "resume --all",
      /^failure count reset; nodes may start\n\nFAILED +SINCE +WHY\nx +\S+ +stuck\ny /,
    );
    assert.deepEqual((await status()).failures, []);
  });

  it("requests a reboot, which a node without a need serves", async () => {
    await says("reboot n1 --reason=firmware", /^reboot requested; see rebootd explain n1\n$/);
    const { machine, object } = world.node("n1");
    const before = machine.boots.length;
    await world.until("n1 has rebooted and is given back", async () => {
      const { annotations = {} } = (await object()).metadata ?? {};
      return machine.boots.length === before + 1 && annotations["rebootd.dev/reboot-requested"] === undefined;
    });
    assert.deepEqual((await world.report({ isOver: false })).violations, []);
  });

  it("requests a reboot of all nodes, which go one after the other", async () => {
    await says(
      "reboot --all --dry-run",
      /^NODE +PHASE +REQUEST +WHY\n(n\d +Idle +would be requested +-\n)+\n\d /,
    );
    const before = new Map(world.nodes.map(({ name, machine }) => [name, machine.boots.length]));
    await says("reboot --all --reason=wave", /\n\d reboots requested; follow with rebootd status --watch\n$/);
    await world.until("all have rebooted and are given back", async () => {
      const metadata = await Promise.all(world.nodes.map(async ({ object }) => (await object()).metadata));
      return (
        world.nodes.every(({ name, machine }) => machine.boots.length === (before.get(name) ?? 0) + 1) &&
        metadata.every((one) => one?.annotations?.["rebootd.dev/reboot-requested"] === undefined)
      );
    });
    assert.deepEqual((await world.report({ isOver: false })).violations, []);
  });

  it("pauses all nodes and lets them go on", async () => {
    await says("pause --all --until=90m --reason=racks", /^paused: no node reboots until \d{4}-\S+Z\n$/);
    await says("status", /\nall nodes are paused until \S+Z: racks \(by .+\)\n/);
    await says("resume --all", /^resumed: nodes may reboot\nbefore: paused until [^\n]+racks \(by .+\)\n$/);
    await says("resume --all", /^nothing is paused or halted\n$/);
  });

  it("names the contexts that exist", async () => {
    const { code, err } = await rebootd("status", "--context=prod");
    assert.equal(code, 2);
    assert.match(
      err,
      /^rebootd: --kubeconfig must be [^\n]+, but it has no context "prod" with a cluster; the contexts are [^\n]+\n$/,
    );
  });
});
