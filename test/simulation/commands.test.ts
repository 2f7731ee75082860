import assert from "node:assert/strict";
import { loadYaml } from "@kubernetes/client-node";
import type { Lease } from "../../daemon/cluster/objects.ts";
import { installationWords } from "./installation.ts";
import { createStory, lease, minute } from "./story.ts";
import { type } from "./typed.ts";

const story = createStory();
const { install, leases } = installationWords(story);
const { addPod, pass, phase, readNode, record, setLock, start, until, wantReboot } = story;

const rebootd = (...args: string[]) => type(story.world, args);
const annotationsOfNode = async () => (await readNode()).metadata?.annotations ?? {};

describe("An explanation of a Node with annotations that are hooks", () => {
  afterEach(story.stop);

  const explained = async () => {
    await story.world.api.patch(
      "/api/v1/nodes/n1",
      { metadata: { annotations: { "rebootd.dev/raid": "true", "rebootd.dev/pause": "true" } } },
      { signal: story.world.signal },
    );
    const { out } = await rebootd("explain", "n1");
    return out.split("\n").filter((line) => line.startsWith("not understood"));
  };

  it("takes none for a slip that the DaemonSet names, by argument or environment", async () => {
    for (const name of [
      "--before-reboot-hooks=example.com/a,rebootd.dev/raid",
      "REBOOTD_AFTER_REBOOT_HOOKS",
    ]) {
      await start();
      await install("kube-system", ({ spec }) => {
        const [container] = spec?.template.spec?.containers ?? [];
        if (name.startsWith("--")) container?.args?.push(name);
        else container?.env?.push({ name, value: "rebootd.dev/raid" });
      });
      const [pause = "", ...more] = await explained();
      assert.match(pause, /^not understood: rebootd\.dev\/pause: unknown annotation of a Node; known are/);
      assert.deepEqual(more, []);
    }
  });

  it("says that it may be one where the options are not to be seen", async () => {
    await start();
    await install("kube-system", ({ spec }) => {
      const valueFrom = { configMapKeyRef: { name: "settings", key: "hooks" } };
      spec?.template.spec?.containers[0]?.env?.push({ name: "REBOOTD_BEFORE_REBOOT_HOOKS", valueFrom });
    });
    const lines = await explained();
    assert.equal(lines.length, 2);
    for (const line of lines) assert.match(line, /of a Node, unless an option names it as a hook; known are/);
  });
});

describe("The name of a node that a person types", () => {
  afterEach(story.stop);

  for (const name of [
    "n1?dryRun=All",
    "n1?fieldManager=x",
    "../namespaces/kube-system",
    "n1/status",
    "",
    "n1/",
    "N1",
    "n1#frag",
    "n%31",
    "n1,spec.nodeName!=x",
  ]) {
    it(`is refused where it is ${JSON.stringify(name)}: one line, exit code 2, and nothing is asked or changed`, async () => {
      await start();
      await pass(minute);
      story.world.server.ledger.clear();
      for (const verb of ["reboot", "pause", "resume", "unlock", "explain", "plan"]) {
        const { code, out, err } = await rebootd(verb, name);
        assert.deepEqual([code, out], [2, ""], verb);
        assert.match(err, /^rebootd: invalid node name "[^\n]*": must be lower case letters, [^\n]+\n$/);
      }
      assert.deepEqual(story.world.server.ledger.entries({ user: "kubernetes-admin" }), []);
    });
  }

  it("may be as kubectl prints it", async () => {
    await start();
    assert.equal((await rebootd("pause", "node/n1")).code, 0);
    assert.equal((await annotationsOfNode())["rebootd.dev/paused"], "by kubernetes-admin");
  });
});

describe("What a person asks of several nodes, or for a program", () => {
  afterEach(story.stop);

  it("is explained one node after the other, and what is not there at the end", async () => {
    await start({}, { nodes: 2 });
    const [one, two] = [await rebootd("explain", "n1"), await rebootd("explain", "n2")];
    assert.match(one.out, /^the cluster has no pod with the label .*\nrebootd has recorded nothing on n1 /);
    assert.deepEqual(await rebootd("explain", "n1", "node/n2", "n1"), {
      code: 0,
      out: `${one.out}\n${two.out}`,
      err: "",
    });
    assert.deepEqual(await rebootd("explain", "n1", "n9", "n2"), {
      code: 1,
      out: `${one.out}\n${two.out}`,
      err: 'rebootd: the cluster has no Node "n9"\n',
    });
  });

  it("comes as JSON and as YAML, with the same in both: status, explain and plan", async () => {
    await start({ "start-time": "2:00", "end-time": "3:00" });
    await wantReboot();
    await until("it waits", async () => (await phase()) === "Waiting");
    for (const args of [["status"], ["explain", "n1"], ["plan", "n1"]]) {
      const json = await rebootd(...args, "-o", "json");
      const yaml = await rebootd(...args, "-o=yaml");
      assert.deepEqual([json.code, yaml.code], [0, 0]);
      assert.deepEqual(loadYaml(yaml.out), JSON.parse(json.out));
      assert.doesNotMatch(yaml.out, /^[{[]/);
    }
    const [{ node, explanation, record } = assert.fail("no node")] = JSON.parse(
      (await rebootd("explain", "n1", "-o", "json")).out,
    );
    const text = (await rebootd("explain", "n1")).out;
    assert.deepEqual([node, record.phase, record.reasons[0].gate], ["n1", "Waiting", "window"]);
    assert.equal(`${explanation.join("\n")}\n`, text);
  });
});

describe("An end of a pause that a person types", () => {
  afterEach(story.stop);

  const noon = Date.parse("2026-11-24T12:00:00Z");
  const hour = 3_600_000;
  const local = (...time: [year: number, month: number, day: number, hours?: number]) =>
    new Date(...time).getTime();
  const rows: [until: string, end: number, toleranceMs?: number][] = [
    ["2026-12-24T06:00:00Z", Date.parse("2026-12-24T06:00:00Z")],
    ["2026-12-24T06:00:00+01:00", Date.parse("2026-12-24T05:00:00Z")],
    ["2026-12-24", local(2026, 11, 24)],
    ["2026-12-24 06:00", local(2026, 11, 24, 6)],
    ["2026-12-24T06:00", local(2026, 11, 24, 6)],
    ["90m", noon + 1.5 * hour, minute],
    ["1d", noon + 24 * hour, minute],
    ["2d12h", noon + 60 * hour, minute],
  ];
  for (const [until, end, toleranceMs = 0] of rows) {
    it(`may be ${until}`, async () => {
      await start();
      const { code, out } = await rebootd("pause", "n1", "--until", until);
      assert.equal(code, 0);
      const [, told = ""] = /until (\S+)\n$/.exec(out) ?? [];
      assert.ok(
        Math.abs(Date.parse(told) - end) <= toleranceMs,
        `${told} for ${new Date(end).toISOString()}`,
      );
      assert.equal((await annotationsOfNode())["rebootd.dev/paused"], `until ${told}: by kubernetes-admin`);
    });
  }
});

describe("A pause or a resume that names no node", () => {
  afterEach(story.stop);

  it("asks for --all, as a variable may have been empty", async () => {
    await start();
    for (const verb of ["pause", "resume"]) {
      const { code, err } = await rebootd(verb);
      assert.equal(code, 2);
      assert.match(err, new RegExp(`^rebootd: ${verb} requires NODE or --all, for example [^\n]*\n$`));
      const both = await rebootd(verb, "n1", "--all");
      assert.deepEqual(both, {
        code: 2,
        out: "",
        err: `rebootd: ${verb}: NODE and --all are mutually exclusive\n`,
      });
    }
    assert.deepEqual(await leases("kube-system"), ["rebootd -"]);
  });
});

describe("What a person has set before", () => {
  afterEach(story.stop);

  const cases: [what: string, first: string[], second: string[], says: RegExp][] = [
    [
      "pause of a node",
      ["pause", "n1", "--until", "2h", "--reason", "disk"],
      ["pause", "n1", "--reason", "fan"],
      /^paused: n1 does not reboot until rebootd resume n1\nbefore: paused until \S+Z: disk \(by kubernetes-admin\)\n$/,
    ],
    [
      "pause of all nodes",
      ["pause", "--all", "--reason", "racks"],
      ["pause", "--all"],
      /^paused: no node reboots .*\nbefore: paused: racks \(by kubernetes-admin\)\n$/,
    ],
    [
      "lock",
      ["lock", "--reason", "new switch"],
      ["lock"],
      /^locked: .*\nbefore: locked manually: new switch \(by kubernetes-admin\) \(since \S+\)\n$/,
    ],
    [
      "request",
      ["reboot", "n1", "--reason", "urgent"],
      ["reboot", "n1"],
      /^reboot requested; .*\nbefore: requested: urgent \(by kubernetes-admin\)\n$/,
    ],
    [
      "pause of a node that is resumed",
      ["pause", "n1", "--reason", "disk"],
      ["resume", "n1"],
      /^resumed: n1 may reboot\nbefore: paused: disk \(by kubernetes-admin\)\n$/,
    ],
    [
      "pause of all nodes that is ended",
      ["pause", "--all", "--reason", "racks"],
      ["resume", "--all"],
      /^resumed: nodes may reboot\nbefore: paused: racks \(by kubernetes-admin\)\n$/,
    ],
    [
      "lock that is taken back",
      ["lock", "--reason", "new switch"],
      ["unlock"],
      /^unlocked: no longer locked manually\nbefore: locked manually: new switch \(by kubernetes-admin\) \(since \S+\)\n$/,
    ],
  ];
  for (const [what, first, second, says] of cases) {
    it(`is shown to the next one, with the name of who did it: the ${what}`, async () => {
      await start({ "start-time": "2:00", "end-time": "3:00" });
      const { code, out } = await rebootd(...first);
      assert.equal(code, 0);
      assert.doesNotMatch(out, /before/);
      assert.match((await rebootd(...second)).out, says);
    });
  }

  it("is nothing, says unlock, and who holds a slot", async () => {
    await start();
    assert.equal((await rebootd("unlock")).out, "not locked manually\n");
    await setLock(JSON.stringify({ nodeID: "n9", created: "2026-11-24T11:00:00Z", TTL: 0 }));
    assert.equal((await rebootd("unlock")).out, "not locked manually; these nodes hold a slot: n9\n");
    const { metadata } = await story.world.api.get<Lease>(lease, { signal: story.world.signal });
    assert.match(metadata?.annotations?.["rebootd.dev/lock"] ?? "", /n9/);
  });
});

describe("A request for a reboot that reads like the one before", () => {
  afterEach(story.stop);

  it("lets a node that was given up try again", async () => {
    await start({ "drain-timeout": "10s", "max-failures-per-node": "1" });
    await addPod("web", { finalizers: ["example.com/hold"] });
    await pass(3000);
    await rebootd("reboot", "n1", "--reason", "firmware");
    await until("it was given up", async () => (await phase()) === "Failed");
    await pass(4 * 3_600_000);
    assert.equal(await phase(), "Failed");
    const { code } = await rebootd("reboot", "n1", "--reason", "firmware");
    assert.equal(code, 0);
    await until("it drains again", async () => (await phase()) === "Draining", 30_000);
  });

  it("changes nothing where the node is in mid-cycle", async () => {
    await start();
    await addPod("web", { finalizers: ["example.com/hold"] });
    await pass(3000);
    await rebootd("reboot", "n1");
    await until("it drains", async () => (await phase()) === "Draining");
    await pass(minute);
    const before = await record();
    assert.equal(before?.reasons.length, 1, "what the drain waits for has been written");
    await rebootd("reboot", "n1");
    await pass(minute);
    assert.deepEqual(await record(), before);
  });
});

describe("The history of a cluster", () => {
  afterEach(story.stop);

  it("has the reboot of each node, and reads only", async () => {
    await start({}, { nodes: 2 });
    await wantReboot();
    await until("n1 has rebooted", async () => (await record())?.history?.cycles.rebooted === 1, 5 * minute);
    story.world.server.ledger.clear();
    const { code, out } = await rebootd("history");
    assert.equal(code, 0);
    assert.match(out, /^NODE +ENDED +OUTCOME .*\nn1 +\d+s +rebooted .* file\n\nin all 1 cycle of 1 node: 1 /);
    const { cycles } = JSON.parse((await rebootd("history", "n1", "-o", "json")).out);
    assert.deepEqual([cycles[0].node, cycles[0].result, cycles[0].why], ["n1", "rebooted", "file"]);
    assert.deepEqual(await rebootd("history", "n2"), { code: 0, out: "no cycle has ended yet\n", err: "" });
    const missing = await rebootd("history", "n9");
    assert.deepEqual([missing.code, missing.err], [1, 'rebootd: the cluster has no Node "n9"\n']);
    for (const wrong of ["--limit=0", "--limit=x", "--since=yesterday", "--since=0"])
      assert.equal((await rebootd("history", wrong)).code, 2, wrong);
    const asked = story.world.server.ledger.entries({ user: "kubernetes-admin" });
    assert.deepEqual([...new Set(asked.map(({ verb }) => verb))].sort(), ["get", "list"]);
  });
});
