/** The combinations of flags in which kured is shipped: its two manifests, and its chart with usual values. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { readFileText } from "../../daemon/cli/migrate/read.ts";
import { translateKured } from "../../daemon/kured/translate.ts";
import { vector } from "../prometheus/servers.ts";
import { type SmallWorldOptions, slowCluster } from "./small-world.ts";
import { createStory, minute } from "./story.ts";
import { watchCordons } from "./watch-cordons.ts";

const story = createStory();
const hour = 60 * minute;
const key = "weave.works/kured-node-lock";
const daemonSets = "/apis/apps/v1/namespaces/kube-system/daemonsets";

/** kured's command line and environment in a file of test/kured, or in values of its chart. */
async function shipped(file: string, text?: string) {
  const url = new URL(`../kured/${file}`, import.meta.url);
  const { args, environment, name } = await readFileText(file, text ?? readFileSync(url, "utf8"), undefined);
  const variables = Object.fromEntries(
    environment.map(({ name: variable, text: value }) => [variable, value]),
  );
  const translation = translateKured(
    args.map(({ text: arg }) => arg),
    { KURED_NODE_ID: "n1", ...variables },
  );
  return { ...translation, name };
}

async function start(file: string, more: Partial<SmallWorldOptions> = {}, text?: string) {
  const { raw, warnings, name } = await shipped(file, text);
  const { "node-id": _, ...options } = raw;
  await story.start(options, { rights: "kured", nodes: 3, post: vector(), ...more });
  if (name !== "kured") await addDaemonSet(name);
  return { options, warnings, lock: () => lockOf(name) };
}

/** The DaemonSet under another name, with the right that the chart grants for it. */
async function addDaemonSet(name: string): Promise<void> {
  const labels = { name };
  const containers = [{ name: "kured", image: "kured" }];
  const template = {
    metadata: { labels },
    spec: { nodeSelector: { "example.com/none": "true" }, containers },
  };
  const spec = { selector: { matchLabels: labels }, template };
  await story.world.api.create(daemonSets, { metadata: { name }, spec }, story.world);
  const rules = [
    { apiGroups: ["apps"], resources: ["daemonsets"], resourceNames: [name], verbs: ["update"] },
  ];
  const path = "/apis/rbac.authorization.k8s.io/v1/namespaces/kube-system";
  await story.world.api.create(`${path}/roles`, { metadata: { name }, rules }, story.world);
  const subjects = [{ kind: "ServiceAccount", name: "kured", namespace: "kube-system" }];
  const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name };
  const binding = { metadata: { name }, roleRef, subjects };
  await story.world.api.create(`${path}/rolebindings`, binding, story.world);
}

function lockOf(name: string): string | undefined {
  return story.world.server.stored("daemonsets.apps", `kube-system/${name}`)?.metadata.annotations?.[key];
}

const wantReboots = () => {
  for (const machine of story.world.machines) machine.wantReboot();
};
const boots = () => story.world.machines.map((machine) => machine.boots.length);

describe("With only the image of kured changed", () => {
  afterEach(story.stop);

  for (const [file, method] of [
    ["manifests/kured-ds.yaml", undefined],
    ["manifests/kured-ds-signal.yaml", "signal"],
  ] as const) {
    it(`${file} reboots three nodes one at a time by kured's lock`, async () => {
      const { options, warnings, lock } = await start(file);
      assert.deepEqual([options["reboot-method"], warnings], [method, []]);
      assert.equal(options["reboot-sentinel"], "/sentinel/reboot-required");
      const seen = watchCordons(story.world);
      wantReboots();
      await story.until("a node has the lock", async () => lock() !== undefined);
      await story.pass(8 * minute);
      assert.deepEqual([boots(), seen.most, lock()], [[2, 2, 2], 1, undefined]);
    });
  }

  it("the chart without values does so too", async () => {
    const { options, warnings, lock } = await start("values.yaml", {}, "configuration: {}\n");
    assert.deepEqual(warnings, []);
    assert.equal(options["reboot-sentinel"], "/sentinel/reboot-required");
    const seen = watchCordons(story.world);
    wantReboots();
    await story.pass(8 * minute);
    assert.deepEqual([boots(), seen.most, lock()], [[2, 2, 2], 1, undefined]);
  });

  it("the chart with two nights a week waits for the next one, and annotates meanwhile nothing", async () => {
    const { lock } = await start("values/usual.yaml", { ...slowCluster, nodes: 1 });
    wantReboots();
    // From Tuesday at noon to 20:30 in UTC, which is 21:30 in Berlin.
    await story.pass(8.5 * hour);
    assert.deepEqual([boots(), lock()], [[1], undefined]);
    const progress = "weave.works/kured-reboot-in-progress";
    assert.equal((await story.readNode()).metadata?.annotations?.[progress], undefined);
    await story.pass(1.5 * hour);
    assert.deepEqual([boots(), lock()], [[2], undefined]);
    const { annotations = {} } = (await story.readNode()).metadata ?? {};
    assert.equal(annotations[progress], undefined);
    assert.ok(annotations["weave.works/kured-most-recent-reboot-needed"]);
  });

  it("the chart with many values does all of them", async () => {
    const { options, lock } = await start("values/busy.yaml", { nodes: 4 });
    assert.equal(options["force-reboot"], undefined);
    await story.addPod("job", { on: "n1", app: "migration" });
    const seen = watchCordons(story.world);
    wantReboots();
    await story.until(
      "three have the lock",
      async () => (JSON.parse(lock() ?? "{}").locks ?? []).length === 3,
    );
    await story.pass(30 * minute);
    assert.deepEqual([boots(), seen.most], [[1, 2, 2, 2], 3]);
    const labels = story.world.server.stored("nodes", "n2")?.metadata.labels ?? {};
    assert.equal(labels["example.com/maintenance"], "false");
    await story.world.api.delete("/api/v1/namespaces/default/pods/job", {}, story.world);
    await story.pass(20 * minute);
    assert.deepEqual(boots(), [2, 2, 2, 2]);
    assert.equal(JSON.parse(story.world.logs[0] ?? "").level, "warning");
  });

  it("the chart with a command as its sentinel takes that, and asks Prometheus", async () => {
    const asked: string[] = [];
    const { options } = await start("values/command.yaml", {
      post: async (url) => {
        asked.push(String(url));
        return { status: 500, text: "" };
      },
    });
    assert.equal(options["reboot-sentinel-command"], 'sh -c "! needs-restarting --reboothint"');
    wantReboots();
    await story.pass(10 * minute);
    assert.deepEqual(boots(), [1, 1, 1]);
    assert.ok(asked.length > 0);
  });
});
