import assert from "node:assert/strict";
import { ownConditions } from "../../daemon/annotations/conditions.ts";
import { createStory, minute } from "./story.ts";

const story = createStory();
const { addPod, isRebooted, node, pass, patchNode, phase, readNode, start, until, wantReboot } = story;

/** The conditions of n1 that its daemon writes, as "TYPE=STATUS REASON". */
async function conditions(): Promise<string[]> {
  const { status } = await readNode();
  return Object.entries(ownConditions(status?.conditions)).map(
    ([type, { status: value, reason }]) => `${type}=${value} ${reason}`,
  );
}

const has = async (condition: string) => (await conditions()).includes(condition);
const allFalse = async () => (await conditions()).every((one) => one.includes("=False"));

describe("The conditions of a Node", () => {
  afterEach(story.stop);

  it("follow a cycle from the need to the return, beside those of the kubelet", async () => {
    await start({ "lock-release-delay": "1m" });
    await pass(minute);
    assert.deepEqual(await conditions(), ["RebootRequired=False NoRebootRequired"]);
    await addPod("slow", { finalizers: ["example.com/backup"] });
    await wantReboot();
    await until("it is drained", () => has("DrainInProgress=True AdminRequested"));
    assert.ok(await has("RebootRequired=True SentinelFile"));
    assert.ok(await has("MaintenanceInProgress=True AdminRequested"));
    await story.world.api.patch(
      "/api/v1/namespaces/default/pods/slow",
      { metadata: { finalizers: null } },
      { signal: story.world.signal },
    );
    await until("it goes down", async () => (await phase()) === "Rebooting");
    await until("it says so", () => has("Drained=True DrainCompleted"), 1000);
    assert.ok(await has("DrainInProgress=False NoDrain"));
    await until("it has returned", isRebooted, 5 * minute);
    await until("all is over", allFalse, 2000);
    const { status } = await readNode();
    assert.ok(status?.conditions?.some(({ type, status: ready }) => type === "Ready" && ready === "True"));
  });

  it("name the window that a node waits for, and write nothing more while nothing changes", async () => {
    await start({ window: "0 2 * * * for 2h", "time-zone": "Europe/Berlin" });
    await wantReboot();
    await until("it is planned", () => has("MaintenancePlanned=True MaintenanceWindow"));
    assert.ok(await has("RebootBlocked=True WindowOutside"));
    const planned = (await readNode()).status?.conditions?.find(({ type }) => type === "MaintenancePlanned");
    assert.match(planned?.message ?? "", /opens next at 2026-11-25T01:00:00/);
    let writes = 0;
    story.world.onDaemonRequest = (_, { path }) => {
      if (path.endsWith("/status")) writes += 1;
    };
    await pass(60 * minute);
    assert.equal(writes, 0);
  });

  it("are right again after a crash in mid-cycle, and on a Node that was made anew", async () => {
    await start();
    await addPod("slow", { finalizers: ["example.com/backup"] });
    await wantReboot();
    await until("it drains", () => has("DrainInProgress=True AdminRequested"));
    node("n1").machine.unwantReboot();
    node("n1").machine.crashDaemon();
    await patchNode({
      metadata: { annotations: { "rebootd.dev/cycle": null } },
      spec: { unschedulable: null },
    });
    await until("all is over", allFalse, 15 * minute);
  });

  it("are removed with --node-conditions=false", async () => {
    await start({ "node-conditions": "false" });
    const leftover = [{ type: "Drained", status: "True", reason: "DrainCompleted", message: "" }];
    await story.world.api.strategicPatch(
      "/api/v1/nodes/n1/status",
      { status: { conditions: leftover } },
      { signal: story.world.signal },
    );
    await wantReboot();
    await until("it has rebooted", isRebooted);
    assert.deepEqual(await conditions(), []);
  });
});
