import assert from "node:assert/strict";
import { createStory, minute } from "./story.ts";
import { type } from "./typed.ts";

const story = createStory();
const { pass, start, stop } = story;
const rebootd = (...args: string[]) => type(story.world, args);
const reachedLines = (text: string) => text.split("\n").filter((line) => line !== "");

async function startThree(): Promise<void> {
  await start({ "reboot-days": ["sun"], "start-time": "0:00", "end-time": "0:01" }, { nodes: 3 });
  for (const [name, pool] of [
    ["n1", "a"],
    ["n2", "b"],
    ["n3", "b"],
  ] as const) {
    const metadata = { labels: { pool } };
    await story.world.api.patch(`/api/v1/nodes/${name}`, { metadata }, { signal: story.world.signal });
  }
  for (const name of ["n1", "n2"]) story.node(name).wantsReboot();
  await pass(2 * minute);
}

describe("The status of some nodes", () => {
  before(startThree);
  after(stop);

  it("has those whose labels are selected; the server selects them", async () => {
    const { server } = story.world;
    server.ledger.clear();
    assert.equal((await rebootd("status", "-l", "pool=b", "-o", "name")).out, "node/n2\n");
    const { out } = await rebootd("status", "-l", "pool=b", "-o", "json");
    assert.deepEqual(JSON.parse(out).count.nodes, 2);
  });

  it("has those in a phase, also Idle", async () => {
    assert.equal((await rebootd("status", "--phase", "idle", "-o=name")).out, "node/n3\n");
    assert.equal(
      (await rebootd("status", "--phase=idle,Waiting", "-o=name")).out,
      "node/n1\nnode/n2\nnode/n3\n",
    );
  });

  it("has those that wait, and why", async () => {
    const { out } = await rebootd("status", "--blocked", "--no-headers");
    assert.equal(reachedLines(out).length, 2);
    for (const line of reachedLines(out)) assert.match(line, /^n[12] +\S+ +Waiting +\S/);
  });

  const refused: [args: string[], says: RegExp][] = [
    [["--phase", "sleeping"], /invalid value "sleeping" for --phase: must be a list of Idle, /],
    [["-l", "a b"], /invalid value "a b" for --selector: must be a label selector/],
    [["-o", "xml"], /invalid value "xml" for --output: must be text, wide, json, yaml or name/],
  ];
  for (const [args, says] of refused) {
    it(`is refused for ${args.join(" ")}, before any request`, async () => {
      story.world.server.ledger.clear();
      const { code, err } = await rebootd("status", ...args);
      assert.equal(code, 2);
      assert.match(err, says);
      assert.equal(story.world.server.ledger.total, 0);
    });
  }
});

describe("The status that is watched", () => {
  beforeEach(startThree);
  afterEach(stop);

  async function watched(args: string[], meanwhile: () => Promise<void>, screen?: { texts: string[] }) {
    const gone = new AbortController();
    const typed = type(story.world, ["status", "--watch", ...args], {
      readerGone: gone.signal,
      ...(screen && { onRedraw: (text: string) => screen.texts.push(text) }),
    });
    await pass(2000);
    await meanwhile();
    await pass(2000);
    gone.abort();
    await pass(2000);
    return await typed;
  }
  const pause = async () => void (await rebootd("pause", "n1", "--reason=disk"));

  it("is printed once, and again for each change, until nobody reads it", async () => {
    const { code, out } = await watched([], pause);
    const [first = "", second = "", ...more] = out.split(/\n--- \S+\n/);
    assert.deepEqual([code, more], [0, []]);
    assert.doesNotMatch(first, /disk/);
    assert.match(second, /n1 .*Waiting +this node is paused: .*disk/);
  });

  it("is a JSON document for each change", async () => {
    const { out } = await watched(["-o", "json"], pause);
    const documents = out.split(/^(?=\{)/m).map((text) => JSON.parse(text));
    assert.equal(documents.length, 2);
  });

  it("is not printed again while nothing changes", async () => {
    const { out } = await watched(["-o", "name"], async () => {});
    assert.equal(out, "node/n1\nnode/n2\n");
  });

  it("is drawn each second on a terminal, and says when it is not up to date", async () => {
    const screen = { texts: [] as string[] };
    await watched(
      [],
      async () => {
        story.world.setAway("test", true);
        await pass(minute);
      },
      screen,
    );
    assert.ok(screen.texts.length > 30, `${screen.texts.length} times`);
    assert.match(screen.texts.at(-1) ?? "", /^not up to date: .*\nlease/);
  });
});
