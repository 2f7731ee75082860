import assert from "node:assert/strict";
import ICAL from "ical.js";
import type { Forecast } from "../../daemon/forecast/result.ts";
import { installationWords } from "./installation.ts";
import { slowCluster } from "./small-world.ts";
import { createStory, minute } from "./story.ts";
import { type } from "./typed.ts";

const story = createStory();
const { install } = installationWords(story);

const options = { window: "30 11 * * * for 1h", "time-zone": "Europe/Berlin", "max-per-zone": "1" };

/** The DaemonSet of the daemons of the story, with their options; its pods are on each node. */
async function installHere(...args: string[]): Promise<void> {
  await install("kube-system", ({ spec }) => {
    const template = spec?.template.spec;
    if (template === undefined) return;
    template.nodeSelector = {};
    template.containers[0]?.args?.push(...args);
  });
  await story.pass(minute);
}

async function begin(): Promise<void> {
  await story.start(options, { ...slowCluster, nodes: 3 });
  await installHere(...Object.entries(options).map(([name, value]) => `--${name}=${value}`));
  for (const name of ["n1", "n2"]) story.node(name).wantsReboot();
  await story.pass(minute);
}

const rebootd = (...args: string[]) => type(story.world, args);

describe("rebootd forecast", () => {
  afterEach(story.stop);

  it("reads the options of the installed daemons, and changes nothing", async () => {
    await begin();
    const before = story.world.server.resourceVersion;
    const { code, out, err } = await rebootd("forecast");
    assert.deepEqual([code, err], [0, ""]);
    assert.equal(story.world.server.resourceVersion, before);
    assert.match(out, /^2 nodes reboot: the first one starts Wed 2026-11-25 11:30 CET/);
    assert.match(
      out,
      /\n2 of 2 fit into the window from Wed 2026-11-25 11:30 CET to Wed 2026-11-25 12:30 CET\n/,
    );
    assert.match(out, /\nn[12] {4}Wed 2026-11-25 11:30 CET/);
    assert.match(out, /\nASSUMED\n- on 3 nodes a drain takes 5m/);
  });

  it("takes all nodes for needy, and begins later, on request", async () => {
    await begin();
    const args = ["--if-all-need", "--at=2026-11-28T09:00:00Z", "--days=1", "-o", "json"];
    const { out } = await rebootd("forecast", ...args);
    const { from, nodes, windows } = JSON.parse(out) as Forecast;
    assert.equal(from, "2026-11-28T09:00:00.000Z");
    assert.deepEqual(
      nodes.map(({ node, startsAt }) => [node, startsAt?.slice(0, 10)]),
      [
        ["n1", "2026-11-28"],
        ["n2", "2026-11-28"],
        ["n3", "2026-11-28"],
      ],
    );
    assert.equal(windows.length, 1);
  });

  it("shows the nodes that were named alone, and refuses names that no node has", async () => {
    await begin();
    const { out } = await rebootd("forecast", "n3");
    assert.match(out, /\nn3 .*no reboot is needed\n/);
    assert.doesNotMatch(out, /\nn1 /);
    const { code, err } = await rebootd("forecast", "n9");
    assert.deepEqual([code, err], [1, 'rebootd: the cluster has no Node "n9"\n']);
  });

  it("writes a calendar that other programs read", async () => {
    await begin();
    const files: Record<string, string> = {};
    const writeText = async (file: string, text: string) => {
      files[file] = text;
    };
    const { code } = await type(story.world, ["forecast", "--days=2", "--ics", "reboots.ics"], { writeText });
    assert.equal(code, 0);
    const calendar = new ICAL.Component(ICAL.parse(files["reboots.ics"] ?? ""));
    const titles = calendar.getAllSubcomponents("vevent").map((one) => new ICAL.Event(one).summary);
    assert.deepEqual(titles, ["Reboots allowed", "Reboots allowed", "n1 reboots", "n2 reboots"]);
  });

  it("says so where a file cannot be written, and where the options of the daemons are not known", async () => {
    await story.start();
    const unknown = await rebootd("forecast");
    assert.equal(unknown.code, 1);
    assert.match(unknown.err, /no DaemonSet of rebootd has its lock on lease\/rebootd in kube-system/);
    await installHere();
    const writeText = async () => {
      throw new Error("EACCES: permission denied");
    };
    const refused = await type(story.world, ["forecast", "--ics=/nowhere/a.ics"], { writeText });
    assert.deepEqual(
      [refused.code, refused.err],
      [1, 'rebootd: cannot write "/nowhere/a.ics": EACCES: permission denied\n'],
    );
  });

  const invalid: [args: string[], message: RegExp][] = [
    [["--days=0"], /invalid value "0" for --days: must be a number from 1 to 366/],
    [["--at=yesterday"], /invalid value "yesterday" for --at: must be a time in the future/],
    [["--output=xml"], /--output/],
  ];
  for (const [args, message] of invalid) {
    it(`refuses ${args.join(" ")} before the cluster is asked`, async () => {
      await story.start();
      const { code, err } = await rebootd("forecast", ...args);
      assert.equal(code, 2);
      assert.match(err, message);
    });
  }
});
