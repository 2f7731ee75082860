import assert from "node:assert/strict";
import { type Api, isApiError } from "../../daemon/cluster/api.ts";
import { createClient } from "../../daemon/cluster/client.ts";
import type { DaemonSet } from "../../daemon/cluster/objects.ts";
import { daemonUser, daemonUserOn } from "../world/manifests.ts";
import { createStory } from "./story.ts";

const story = createStory();
const { node, pass, start, until } = story;

const daemonSets = "/apis/apps/v1/namespaces/kube-system/daemonsets";
const key = "weave.works/kured-node-lock";
const options = { "lock-object": "daemonset/kured" };

/** kured's DaemonSet, by now without nodes to run on. */
async function addKured(): Promise<void> {
  const labels = { name: "kured" };
  const containers = [{ name: "kured", image: "ghcr.io/kubereboot/kured:1.23.0" }];
  const spec = { containers, nodeSelector: { "example.com/none": "true" } };
  const body = {
    metadata: { name: "kured" },
    spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
  };
  await story.world.api.create(daemonSets, body, { signal: story.world.signal });
}

const kured = () => story.world.api.get<DaemonSet>(`${daemonSets}/kured`, { signal: story.world.signal });

function thief(): Api {
  const transport = story.world.server.transport(story.world.server.addUser(daemonUserOn("n1")));
  return createClient({ transport, clock: story.world.time.clock });
}

describe("With components/kured", () => {
  afterEach(story.stop);

  it("nodes reboot one at a time by the lock on kured's DaemonSet, and nothing is refused", async () => {
    await start(options, { nodes: 2, components: ["kured"] });
    await addKured();
    await pass(5000);
    const before = (await kured()).spec;
    for (const name of ["n1", "n2"]) node(name).wantsReboot();
    const holdersOf = async () => (await kured()).metadata?.annotations?.[key] ?? "";
    await until("a node has the lock", async () => (await holdersOf()).includes('"nodeID":"n'));
    assert.ok(!(await holdersOf()).includes('"locks"'), "it is not in kured's shape for one");
    const isDone = () => story.world.machines.every(({ boots }) => boots.length === 2);
    await until("both have rebooted", async () => isDone());
    await until("the lock is free", async () => (await holdersOf()) === "");
    const refused = story.world.server.ledger
      .entries({ user: daemonUser.name })
      .filter(({ status }) => status === 403 || status === 422);
    // Until the DaemonSet was there, it could not be found.
    assert.deepEqual(refused, []);
    assert.deepEqual((await kured()).spec, before);
  });

  const attempts: [what: string, metadata: object, spec: object, refused: RegExp | undefined][] = [
    ["the lock", { annotations: { [key]: null } }, {}, undefined],
    ["the list of failures beside it", { annotations: { "rebootd.dev/failures": "[]" } }, {}, undefined],
    ["what kured runs", {}, { minReadySeconds: 1 }, /a daemon may not change spec minReadySeconds/],
    ["its labels", { labels: { a: "b" } }, {}, /a daemon may not change labels a/],
    ["other annotations", { annotations: { a: "b" } }, {}, /a daemon may not change annotations a/],
    ["a pause", { annotations: { "rebootd.dev/paused": "x" } }, {}, /annotations rebootd\.dev\/paused/],
  ];
  for (const [what, metadata, spec, refused] of attempts) {
    it(`a daemon ${refused ? "does not change" : "changes"} ${what} on that DaemonSet`, async () => {
      await start(options, { components: ["kured"] });
      await addKured();
      const change = { metadata, spec };
      const [outcome] = await Promise.allSettled([
        thief().patch(`${daemonSets}/kured`, change, { signal: story.world.signal }),
        pass(1000),
      ]);
      if (refused === undefined) return assert.equal(outcome.status, "fulfilled");
      assert.ok(outcome.status === "rejected" && isApiError(outcome.reason, "forbidden"));
      assert.match(String(outcome.reason), refused);
    });
  }
});
