import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "../../daemon/cluster/client.ts";
import type { DaemonSet, WholeNode } from "../../daemon/cluster/objects.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import { createApiServer, kubeconfig, type Listening, listen } from "../kubernetes/api/server.ts";
import { installKured, kuredUser } from "../world/kured-rights.ts";
import { bareEnvironment, program } from "../world/program.ts";

const server = createApiServer({ authorization: "rbac" });
const { signal } = new AbortController();
const admin = createClient({ transport: server.transport(server.adminToken), clock: systemClock });
const daemonSet = "/apis/apps/v1/namespaces/kube-system/daemonsets/kured";
const lock = "weave.works/kured-node-lock";
const pods = "/api/v1/namespaces/default/pods";

describe("A process that is called kured, with kured's rights alone,", () => {
  let https: Listening;
  let folder: string;
  let child: ChildProcess;
  let said = "";
  before(async () => {
    https = await listen(server, { port: 0 });
    folder = await mkdtemp(join(tmpdir(), "rebootd-rights-"));
    await symlink(program, join(folder, "kured"));
    const token = server.addUser(kuredUser);
    await writeFile(join(folder, "kubeconfig"), kubeconfig({ ...https, token, user: "kured" }));
    await writeFile(join(folder, "reboot-required"), "");
    await installKured(admin, signal);
    await admin.create("/api/v1/nodes", { metadata: { name: "n1" } }, { signal });
    const containers = [{ name: "main", image: "app:1" }];
    const spec = { nodeName: "n1", terminationGracePeriodSeconds: 0, containers };
    await admin.create(pods, { metadata: { name: "web" }, spec }, { signal });
    const args = [
      `--reboot-sentinel=${folder}/reboot-required`,
      // The machine that runs this is to stay up: SIGURG means nothing to its process 1.
      "--reboot-method=signal",
      "--reboot-signal=23",
      "--metrics-host=127.0.0.1",
      "--metrics-port=0",
      "--node-id=n1",
    ];
    const env = { ...bareEnvironment, KUBECONFIG: join(folder, "kubeconfig") };
    child = spawn(process.execPath, [join(folder, "kured"), ...args], {
      env,
      stdio: "pipe",
      timeout: 50_000,
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
  });
  after(async () => {
    const closed = once(child, "close");
    child.kill("SIGTERM");
    await closed;
    await https.close();
    await rm(folder, { recursive: true });
  });

  it("takes the lock, cordons and drains its node, and asks for the reboot", async () => {
    const phase = async () => {
      const { metadata } = await admin.get<WholeNode>("/api/v1/nodes/n1", { signal });
      return JSON.parse(metadata?.annotations?.["rebootd.dev/cycle"] ?? "{}").phase;
    };
    for (let waits = 0; (await phase()) !== "Rebooting"; waits += 1) {
      assert.ok(waits < 450, `not within 45 s:\n${said}`);
      await systemClock.sleep(100, signal);
    }
    const { metadata } = await admin.get<DaemonSet>(daemonSet, { signal });
    assert.equal(JSON.parse(metadata?.annotations?.[lock] ?? "{}").nodeID, "n1");
    const { spec } = await admin.get<WholeNode>("/api/v1/nodes/n1", { signal });
    assert.equal(spec?.unschedulable, true);
    assert.deepEqual((await admin.list(pods, { signal })).items, []);
  });

  it("was refused only what it goes without, and has said so once", () => {
    const refused = server.ledger.entries({ user: kuredUser.name }).filter(({ status }) => status === 403);
    const kinds = refused.map(({ verb, resource, subresource }) => `${verb} ${resource}${subresource ?? ""}`);
    assert.ok(kinds.includes("watch nodes") && kinds.includes("patch daemonsets"), kinds.join());
    const lines = said.split("\n").filter((line) => line.includes(" is off without the right to "));
    assert.ok(lines.length >= 5, said);
    for (const line of lines) assert.match(line, /^time="\S+Z" level=warning msg="/);
    const features = lines.map((line) => /msg="(.*) is off without/.exec(line)?.[1]);
    assert.equal(new Set(features).size, features.length, features.join());
    assert.doesNotMatch(said, / failed: /);
  });
});
