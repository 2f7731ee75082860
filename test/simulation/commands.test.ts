import assert from "node:assert/strict";
import { loadYaml } from "@kubernetes/client-node";
import { type Api, ApiError } from "../../daemon/cluster/api.ts";
import type { DaemonSet, Lease } from "../../daemon/cluster/objects.ts";
import { ensureNamespace } from "../kubernetes/workloads.ts";
import { readManifests } from "../world/manifests.ts";
import { createStory, lease, minute } from "./story.ts";
import { type } from "./typed.ts";

const story = createStory();
const { addPod, boots, pass, phase, readNode, record, setLock, start, until, wantReboot } = story;

const rebootd = (...args: string[]) => type(story.world, args);
const leasesIn = (namespace: string) => `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
const annotationsOfNode = async () => (await readNode()).metadata?.annotations ?? {};

/** The DaemonSet of the manifests, in that namespace; no pods come of it here. */
async function install(namespace: string, change: (daemonSet: DaemonSet) => void = () => {}): Promise<void> {
  await ensureNamespace({ api: story.world.api, signal: story.world.signal }, namespace);
  const daemonSet = readManifests().find(({ kind }) => kind === "DaemonSet") as unknown as DaemonSet;
  const made = structuredClone(daemonSet);
  made.metadata = { ...made.metadata, namespace };
  const template = made.spec?.template.spec;
  if (template) template.nodeSelector = { "example.com/none": "true" };
  change(made);
  const path = `/apis/apps/v1/namespaces/${namespace}/daemonsets`;
  await story.world.api.create(path, made, { signal: story.world.signal });
}

async function addLease(namespace: string, name = "rebootd"): Promise<void> {
  await ensureNamespace({ api: story.world.api, signal: story.world.signal }, namespace);
  await story.world.api.create(leasesIn(namespace), { metadata: { name } }, { signal: story.world.signal });
}

const leases = async (namespace: string) => {
  const { items } = await story.world.api.list<Lease>(leasesIn(namespace), { signal: story.world.signal });
  return items.map(
    ({ metadata }) => `${metadata?.name} ${metadata?.annotations?.["rebootd.dev/paused"] ?? "-"}`,
  );
};

describe("The commands for people look for the lock", () => {
  afterEach(story.stop);

  it("and pause where rebootd runs, in whatever namespace that is", async () => {
    await start({ namespace: "rebootd" }, { nodes: 1, rights: "everything" });
    await addLease("rebootd");
    await install("rebootd");
    const { code, out, err } = await rebootd("pause", "--all", "--reason", "etcd restore");
    assert.deepEqual([code, err], [0, ""]);
    assert.match(out, /^paused: no node reboots until rebootd resume --all\n$/);
    assert.deepEqual(await leases("kube-system"), ["rebootd -"]);
    assert.deepEqual(await leases("rebootd"), ["rebootd etcd restore (by kubernetes-admin)"]);
    await wantReboot();
    await pass(5 * minute);
    assert.equal(boots(), 1);
    assert.match((await rebootd("status")).out, /^lease\/rebootd in rebootd, /);
  });

  const elsewhere: [what: string, option: string, object: string][] = [
    ["a mistyped namespace", "--namespace=kube-systm", "lease/rebootd in kube-systm"],
    ["a mistyped name", "--lock-object=lease/rebotd", "lease/rebotd in kube-system"],
  ];
  for (const [what, option, object] of elsewhere) {
    it(`and say where rebootd runs, for ${what}; nothing is made there`, async () => {
      await start();
      await install("rebootd");
      const before = story.world.server.resourceVersion;
      for (const args of [
        ["pause", "--all"],
        ["resume", "--all"],
        ["lock"],
        ["unlock"],
        ["unlock", "n1"],
        ["status"],
        ["explain", "n1"],
      ]) {
        const { code, out, err } = await rebootd(...args, option);
        assert.deepEqual([code, out], [1, ""], args.join(" "));
        assert.ok(
          err.includes(
            `rebootd: there is no ${object}; rebootd runs in namespace rebootd (DaemonSet rebootd/rebootd, lock on lease/rebootd in rebootd)`,
          ),
          err,
        );
      }
      assert.equal(story.world.server.resourceVersion, before);
    });
  }

  it("and take -n for its namespace, before or behind the subcommand, whatever kind of object it is on", async () => {
    await start();
    await ensureNamespace({ api: story.world.api, signal: story.world.signal }, "ops");
    await addLease("ops");
    await install("ops", ({ metadata }) => {
      if (metadata) metadata.labels = {};
    });
    for (const args of [
      ["status", "-n", "ops"],
      ["-n", "ops", "status"],
      ["-n", "kube-system", "status", "--namespace=ops"],
    ]) {
      assert.match((await rebootd(...args)).out, /^lease\/rebootd in ops, rebootd\.dev\/lock: free/);
    }
    const onDaemonSet = ["--lock-object=daemonset/rebootd", "-n", "ops"];
    assert.match((await rebootd("status", ...onDaemonSet)).out, /^daemonset\/rebootd in ops, weave\.works/);
    const { err } = await rebootd("status", ...onDaemonSet, "--ds-namespace=kube-system");
    assert.match(err, /there is no daemonset\/rebootd in kube-system/);
  });

  it("and say so where no rebootd is installed, or may be seen", async () => {
    await start();
    const missing = await rebootd("status", "--namespace=nowhere");
    assert.equal(missing.code, 1);
    assert.match(
      missing.err,
      /^rebootd: there is no lease\/rebootd in nowhere; no DaemonSet with the label app\.kubernetes\.io\/name=rebootd .* is rebootd installed\?.*--namespace=NAMESPACE[^\n]+\n$/,
    );
  });

  it("and warn where there is one that no daemon looks at", async () => {
    await start();
    await addLease("rebootd");
    await install("rebootd");
    const { code, out, err } = await rebootd("status", "--namespace=kube-system");
    assert.equal(code, 0);
    assert.match(out, /^lease\/rebootd in kube-system/);
    assert.match(
      err,
      /^rebootd: warning: rebootd runs in namespace rebootd .*, and does not look at lease\/rebootd in kube-system\n$/,
    );
  });

  it("and read the options of the daemons as these do", async () => {
    await start();
    await addLease("ops", "reboots");
    await install("ops", ({ spec }) => {
      const [container] = spec?.template.spec?.containers ?? [];
      container?.args?.push("--period=5m", "--an-option-of-later=1");
      container?.env?.push({ name: "REBOOTD_LOCK_OBJECT", value: "lease/$(LOCK)" });
      container?.env?.unshift({ name: "LOCK", value: "reboots" });
    });
    assert.match((await rebootd("status")).out, /^lease\/reboots in ops, rebootd\.dev\/lock: free/);
  });

  it("and ask which one where there are several", async () => {
    await start();
    await install("a");
    await install("b");
    const { code, err } = await rebootd("lock");
    assert.equal(code, 1);
    assert.match(
      err,
      /^rebootd: rebootd runs with more than one lock: DaemonSet a\/rebootd uses lease\/rebootd in a, DaemonSet b\/.*; pass --namespace/,
    );
  });

  it("and ask where the lock is where that is not to be seen", async () => {
    await start();
    await install("ops", ({ spec }) => {
      const key = { configMapKeyRef: { name: "settings", key: "lock" } };
      spec?.template.spec?.containers[0]?.env?.push({ name: "REBOOTD_LOCK_OBJECT", valueFrom: key });
    });
    const { code, err } = await rebootd("lock");
    assert.equal(code, 1);
    assert.match(
      err,
      /^rebootd: the DaemonSet ops\/rebootd has REBOOTD_LOCK_OBJECT from elsewhere, .*; pass --/,
    );
  });

  it("and do without the right to list DaemonSets", async () => {
    await start();
    const api: Api = {
      ...story.world.api,
      list: async (path, options) => {
        if (path.endsWith("/daemonsets")) throw new ApiError("list: 403", { code: "forbidden", status: 403 });
        return await story.world.api.list(path, options);
      },
    };
    assert.match((await type(story.world, ["status"], { api })).out, /^lease\/rebootd in kube-system/);
    const { code, err } = await type(story.world, ["status", "--namespace=ops"], { api });
    assert.equal(code, 1);
    assert.match(
      err,
      /^rebootd: there is no lease\/rebootd in ops; DaemonSets may not be listed, .*; pass --/,
    );
  });
});

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
