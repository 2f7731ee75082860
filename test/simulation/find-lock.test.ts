import assert from "node:assert/strict";
import { type Api, ApiError } from "../../daemon/cluster/api.ts";
import { ensureNamespace } from "../kubernetes/workloads.ts";
import { installationWords } from "./installation.ts";
import { createStory, minute } from "./story.ts";
import { type } from "./typed.ts";

const story = createStory();
const { install, addLease, leases } = installationWords(story);
const { boots, pass, start, wantReboot } = story;

const rebootd = (...args: string[]) => type(story.world, args);

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
