import assert from "node:assert/strict";
import { ownConditions } from "../../daemon/annotations/conditions.ts";
import { createStory, minute } from "./story.ts";

const story = createStory();
const { addPod, boots, isRebooted, pass, patchNode, phase, reasons, readNode } = story;
const { saysOf, start, until, wantReboot } = story;

const key = "nke.nvidia.com/reboot";
const asker = "requested-by-nvsentinel";
const options = { "request-label": key };
const setLabel = (value: string | null) => patchNode({ metadata: { labels: { [key]: value } } });
const label = async () => (await readNode()).metadata?.labels?.[key];
const required = async () => ownConditions((await readNode()).status?.conditions).RebootRequired;

describe("A reboot that another program requests with a label", () => {
  afterEach(story.stop);

  it("takes place, names the program, and is done when the label is gone", async () => {
    await start(options);
    await addPod("slow", { finalizers: ["example.com/backup"] });
    await pass(3000);
    await setLabel(asker);
    await until("it drains", async () => (await phase()) === "Draining", 2000);
    assert.ok(saysOf(`a reboot is requested by label ${key}=${asker}`));
    await until("it says so", async () => (await required())?.reason === "RequestedByLabel", 5000);
    assert.match(
      (await required())?.message ?? "",
      /requested by label nke\.nvidia\.com\/reboot=requested-by/,
    );
    assert.equal(await label(), asker);
    const path = "/api/v1/namespaces/default/pods/slow";
    await story.world.api.patch(path, { metadata: { finalizers: null } }, story.world);
    await until("the label is gone", async () => (await label()) === undefined, 5 * minute);
    assert.equal((await readNode()).spec?.unschedulable, undefined);
    await until("n1 has rebooted", isRebooted, minute);
    await pass(3 * 60 * minute);
    assert.equal(boots(), 2);
  });

  it("needs the value that the option names, if it names one", async () => {
    await start({ "request-label": `${key}=${asker}` });
    await setLabel("somebody-else");
    await pass(10 * minute);
    assert.deepEqual([await phase(), boots()], ["Idle", 1]);
    await setLabel(asker);
    await until("n1 has rebooted", isRebooted, 5 * minute);
    assert.equal(await label(), undefined);
  });

  it("leaves the cordon of the program that has quarantined the node", async () => {
    await start(options);
    await patchNode({ metadata: { labels: { [key]: asker } }, spec: { unschedulable: true } });
    await until("n1 has rebooted", isRebooted, 5 * minute);
    assert.deepEqual([await label(), (await readNode()).spec?.unschedulable], [undefined, true]);
  });

  it("that is set again at once takes place once an hour, and the node says so", async () => {
    await start(options);
    await setLabel(asker);
    for (let hours = 0; hours < 3; hours += 1) {
      await until("the label is gone", async () => (await label()) === undefined, 70 * minute);
      await setLabel(asker);
      await pass(minute);
      assert.equal(boots(), 2 + hours);
      assert.match(
        (await reasons()).join(),
        /^rest \(requested\): another request was accepted less than an/,
      );
    }
  });

  it("keeps a label that was set to another value meanwhile, as a request of its own", async () => {
    await start(options);
    await setLabel(asker);
    await until("it goes down", async () => (await phase()) === "Rebooting", 5 * minute);
    await until("it has rebooted", () => boots() === 2, 5 * minute);
    await setLabel("somebody-else");
    await until("it waits", async () => (await phase()) === "Waiting", 5 * minute);
    assert.deepEqual([await label(), boots()], ["somebody-else", 2]);
    assert.match((await reasons()).join(), /^rest \(requested\)/);
  });

  it("that is taken back while the node is drained does not take place", async () => {
    await start({ ...options, "reboot-delay": "20s" });
    await setLabel(asker);
    await until("it drains", async () => (await phase()) === "Draining");
    await setLabel(null);
    await until("it is restored", async () => (await phase()) === "Idle", minute);
    assert.equal(boots(), 1);
  });

  it("keeps its label, and the need for it, when the cycle fails", async () => {
    await start({ ...options, "drain-timeout": "1m" });
    await addPod("web", { finalizers: ["example.com/hold"] });
    await setLabel(asker);
    await until("it has failed", async () => (await phase()) === "Failed", 5 * minute);
    await pass(5000);
    assert.equal(await label(), asker);
    assert.deepEqual([(await required())?.status, (await required())?.reason], ["True", "RequestedByLabel"]);
  });

  describe("where the API server does not let the daemon remove the label", () => {
    it("takes no slot, and the Node says why", async () => {
      await start(options, { admitted: {} });
      await pass(3000);
      await setLabel(asker);
      await until("it waits", async () => (await phase()) === "Waiting");
      await pass(10 * minute);
      assert.match(
        (await reasons()).join(),
        /^node \(unwritable\): .*may not change labels nke\.nvidia\.com/,
      );
      assert.deepEqual([await label(), boots()], [asker, 1]);
    });

    it("is back in service all the same where the label came in mid-cycle", async () => {
      await start({ ...options, "reboot-delay": "20s" }, { admitted: {} });
      await wantReboot();
      await until("it drains", async () => (await phase()) === "Draining");
      await setLabel(asker);
      await until("it waits after its reboot", async () => boots() === 2 && (await phase()) === "Waiting");
      const { spec } = await readNode();
      assert.deepEqual([await label(), spec?.unschedulable], [asker, undefined]);
      await pass(3 * 60 * minute);
      assert.equal(boots(), 2);
      assert.match((await reasons()).join(), /may not change labels nke\.nvidia\.com\/reboot/);
    });
  });
});
