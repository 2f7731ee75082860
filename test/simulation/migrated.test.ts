/** A roll with the manifests of rebootd migrate, beside one with kured's own input. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { installedBy } from "../../daemon/cli/installed.ts";
import type { FoundKured } from "../../daemon/cli/migrate/found.ts";
import { migrationOf } from "../../daemon/cli/migrate/migration.ts";
import { readFileText } from "../../daemon/cli/migrate/read.ts";
import type { WholeNode } from "../../daemon/cluster/objects.ts";
import type { RawOptions } from "../../daemon/config/settings.ts";
import { translateKured } from "../../daemon/kured/translate.ts";
import { daemonSetOf, kustomized } from "../kured/kustomized.ts";
import { type SmallWorldOptions, slowCluster } from "./small-world.ts";
import { createStory, minute } from "./story.ts";

const story = createStory();
const order = ["n3", "n1", "n4", "n2"];
const day = 24 * 60 * minute;
const daemonSets = "/apis/apps/v1/namespaces/kube-system/daemonsets";

/** A Prometheus without alerts. */
const post = async () => ({
  status: 200,
  text: JSON.stringify({ status: "success", data: { resultType: "vector", result: [] } }),
});

interface Roll {
  /** The nodes in the order in which they went down. */
  order: string[];
  /** How many were cordoned at a time, at most. */
  most: number;
  /** The days in UTC on which nodes went down. */
  days: string[];
  /** Labels that the daemons have set on the nodes, and taints that remain. */
  left: string[];
}

async function addKured(name: string): Promise<void> {
  const labels = { name };
  const containers = [{ name: "kured", image: "ghcr.io/kubereboot/kured:1.23.0" }];
  const spec = { containers, nodeSelector: { "example.com/none": "true" } };
  const body = {
    metadata: { name },
    spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
  };
  await story.world.api.create(daemonSets, body, { signal: story.world.signal });
}

/** All nodes need a reboot, one after the other, while people have locked the lock; then it is free. */
async function roll(options: RawOptions, name: string, more: Partial<SmallWorldOptions>): Promise<Roll> {
  await story.start(options, { nodes: order.length, seed: 7, post, ...slowCluster, ...more });
  const { world } = story;
  await addKured(name);
  const setLock = async (value: string | null) => {
    const metadata = { annotations: { "weave.works/kured-node-lock": value } };
    await world.api.patch(`${daemonSets}/${name}`, { metadata }, { signal: world.signal });
  };
  const nodes = () => world.server.storedAll("nodes") as unknown as WholeNode[];
  const cordoned = () => nodes().filter(({ spec }) => spec?.unschedulable).length;
  await setLock('{"nodeID":"manual"}');
  let most = 0;
  world.server.onChange("nodes", () => {
    most = Math.max(most, cordoned());
  });
  for (const node of order) {
    world.machine(node).wantReboot();
    await story.pass(20 * minute);
  }
  const downs = () => world.events.filter(({ type }) => type === "down");
  assert.deepEqual(downs(), [], "a manual lock holds");
  await setLock(null);
  const isDone = () => world.machines.every(({ boots }) => boots.length === 2) && cordoned() === 0;
  for (let waited = 0; !isDone() && waited < 8 * day; waited += 5 * minute) await story.pass(5 * minute);
  assert.ok(isDone(), world.logs.slice(-10).join("\n"));
  const marks = nodes().flatMap(({ metadata, spec }) => [
    ...Object.entries(metadata?.labels ?? {}).flatMap(([key, value]) =>
      key.startsWith("example.com/") ? [`${key}=${value}`] : [],
    ),
    ...(spec?.taints ?? []).map(({ key }) => key),
  ]);
  return {
    order: downs().map(({ machine }) => machine),
    most,
    days: [...new Set(downs().map(({ at }) => new Date(at).toISOString().slice(0, 10)))],
    left: marks,
  };
}

/** The options with which the daemons of the migrated manifests run. */
function migratedOptions(found: FoundKured): RawOptions {
  const [installed] = installedBy(daemonSetOf(kustomized(migrationOf(found).kustomization)));
  const { "node-id": _, ...raw } = installed?.raw ?? assert.fail("no daemon");
  return raw;
}

function kuredOptions({ args, environment }: FoundKured): RawOptions {
  const texts = args.map(({ text }) => text);
  const { "node-id": _, ...raw } = translateKured(
    texts,
    Object.fromEntries(environment.map(({ name, text }) => [name, text])),
  ).raw;
  return raw;
}

interface Expected extends Omit<Roll, "order"> {
  file: string;
  /** Where kured's DaemonSet has another name than in the component. */
  rights?: "everything";
}

const tuesday = "2026-11-24";
const rows: readonly Expected[] = [
  { file: "manifests/kured-ds.yaml", most: 1, days: [tuesday], left: [] },
  { file: "manifests/kured-ds-signal.yaml", most: 1, days: [tuesday], left: [] },
  { file: "values/usual.yaml", most: 1, days: [tuesday], left: [] },
  {
    file: "values/busy.yaml",
    most: 3,
    days: [tuesday],
    left: order.map(() => "example.com/maintenance=false"),
    rights: "everything",
  },
  { file: "values/command.yaml", most: 1, days: [tuesday], left: [] },
];

describe("A roll with the manifests of rebootd migrate", () => {
  afterEach(story.stop);

  for (const { file, rights, ...expected } of rows) {
    it(`is like one with kured's own input, for ${file}: same order, limit, days and labels`, async () => {
      const text = readFileSync(new URL(`../kured/${file}`, import.meta.url), "utf8");
      const found = await readFileText(file, text, undefined);
      const cluster = rights === undefined ? { components: ["kured"] } : { rights };
      const own = await roll(kuredOptions(found), found.name, cluster);
      await story.stop();
      const migrated = await roll(migratedOptions(found), found.name, cluster);
      // Chance is the same in both, so that one option that differs would change the order.
      assert.deepEqual(migrated, own);
      assert.deepEqual(own, { ...expected, order: own.order });
      assert.deepEqual(own.order.toSorted(), order.toSorted());
    });
  }
});
