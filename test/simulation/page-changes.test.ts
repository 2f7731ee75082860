import assert from "node:assert/strict";
import { contract } from "../../daemon/annotations/names.ts";
import { parsePause } from "../../daemon/annotations/pause.ts";
import { parseRequest } from "../../daemon/annotations/reboot-request.ts";
import type { Access } from "../../daemon/cli/access.ts";
import { createLockObject } from "../../daemon/lock/lock-object.ts";
import { change } from "../../daemon/ui/changes.ts";
import type { ChangeName } from "../../daemon/ui/wire.ts";
import { everyRow } from "../rows.ts";
import { createStory, minute } from "./story.ts";

const story = createStory();
const { pass, readNode, start } = story;
const place = {
  kind: "lease",
  namespace: "kube-system",
  name: "rebootd",
  annotation: contract.lock.key,
} as const;

function access(): Access {
  const { api, time } = story.world;
  const random = () => 0.5;
  const lockObject = createLockObject({ api, clock: time.clock, random, place });
  return { api, place, lockObject, hooks: [], clock: time.clock, random };
}

const make = (name: ChangeName, body: unknown = {}) => change(access(), name, body, story.world.signal);
const annotation = async (key: string) => (await readNode()).metadata?.annotations?.[key];

describe("A change by the page", () => {
  beforeEach(async () => {
    await start();
    await pass(minute);
  });
  afterEach(story.stop);

  it("pauses and resumes a node as rebootd pause does, with the name of the person", async () => {
    assert.match(
      await make("pause", { node: "n1", reason: "disk", until: "2h" }),
      /^paused: n1 does not reboot/,
    );
    const pause = parsePause(await annotation(contract.paused.key));
    assert.match(pause?.reason ?? "", /^disk \(.+\)$/);
    assert.match(await make("resume", { node: "n1" }), /^resumed: n1 may reboot/);
    assert.equal(await annotation(contract.paused.key), undefined);
  });

  it("pauses and resumes all nodes", async () => {
    assert.match(await make("pause"), /^paused: no node reboots until rebootd resume --all/);
    assert.notEqual((await access().lockObject.read(story.world.signal)).paused, undefined);
    assert.match(await make("resume"), /^resumed: nodes may reboot/);
    assert.equal((await access().lockObject.read(story.world.signal)).paused, undefined);
  });

  it("requests a reboot", async () => {
    assert.match(await make("reboot", { node: "n1", urgent: true, reason: "firmware" }), /^reboot requested/);
    const request = parseRequest(await annotation(contract.request.key));
    assert.deepEqual([request?.urgent, request?.reason?.startsWith("firmware (")], [true, true]);
  });

  it("locks and unlocks", async () => {
    assert.match(await make("lock", { reason: "etcd" }), /^locked: no node starts a reboot/);
    const { lock } = await access().lockObject.read(story.world.signal);
    assert.match(JSON.stringify(lock), /"reason":"etcd \(/);
    assert.match(await make("unlock"), /^unlocked: no longer locked manually/);
  });

  const refused: [what: string, name: ChangeName, body: unknown][] = [
    ["no object", "pause", "n1"],
    ["a node with a slip in its field", "pause", { nodes: "n1" }],
    ["a node that is none", "pause", { node: 1 }],
    ["an empty name, which is not all nodes", "resume", { node: "" }],
    ["a name that is a path", "pause", { node: "../namespaces/kube-system" }],
    ["no node to reboot", "reboot", {}],
    ["a time that is none", "pause", { node: "n1", until: "tomorrow" }],
    ["a reason without end", "lock", { reason: "x".repeat(2000) }],
    ["urgency that is a text", "reboot", { node: "n1", urgent: "yes" }],
  ];
  it("is refused in one sentence, and nothing is asked or changed, with a body that has", () =>
    everyRow(
      refused.map(([what, name, body]) => [what, { name, body }] as const),
      async ({ name, body }) => {
        story.world.server.ledger.clear();
        await assert.rejects(make(name, body), { name: "ConfigError", message: /^invalid [^\n]+$/ });
        assert.deepEqual(story.world.server.ledger.entries({}), []);
      },
    ));

  it("says that a Node does not exist", async () => {
    await assert.rejects(make("reboot", { node: "n9" }), /the cluster has no Node "n9"/);
  });
});
