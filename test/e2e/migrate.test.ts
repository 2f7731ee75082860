import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { parse } from "yaml";
import { createClient } from "../../daemon/cluster/client.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import { createApiServer, kubeconfig, type Listening, listen } from "../kubernetes/api/server.ts";
import { ensureNamespace } from "../kubernetes/workloads.ts";
import { bareEnvironment, program } from "../world/program.ts";

const server = createApiServer();
const { signal } = new AbortController();
const admin = createClient({ transport: server.transport(server.adminToken), clock: systemClock });
const manifest = new URL("../kured/manifests/kured-ds.yaml", import.meta.url);

describe("A process of rebootd migrate", () => {
  let https: Listening;
  let folder: string;
  before(async () => {
    https = await listen(server, { port: 0 });
    folder = await mkdtemp(join(tmpdir(), "rebootd-migrate-"));
    await writeFile(
      join(folder, "kubeconfig"),
      kubeconfig({ ...https, token: server.adminToken, user: "admin" }),
    );
    await ensureNamespace({ api: admin, signal }, "kube-system");
    const daemonSet = parse(await readFile(manifest, "utf8"));
    await admin.create("/apis/apps/v1/namespaces/kube-system/daemonsets", daemonSet, { signal });
  });
  after(async () => {
    await https.close();
    await rm(folder, { recursive: true });
  });

  async function migrate(args: readonly string[], input = "") {
    const env = { ...bareEnvironment, KUBECONFIG: join(folder, "kubeconfig") };
    const child = spawn(process.execPath, [program, "migrate", ...args], {
      env,
      stdio: "pipe",
      timeout: 30_000,
    });
    child.stdin.end(input);
    const closed = once(child, "close");
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
    const [code] = await closed;
    return { code, out, err };
  }

  it("reads kured in the cluster, and changes nothing", async () => {
    const before = server.resourceVersion;
    const { code, out, err } = await migrate([]);
    assert.deepEqual([code, err], [0, ""]);
    assert.match(out, /^kube-system\/kured, image \S+, from the DaemonSet in the cluster /);
    assert.equal(server.resourceVersion, before);
  });

  it("reads the standard input, and says what is wrong with it in one line", async () => {
    const values = "configuration:\n  concurrency: 2\n";
    const { code, out } = await migrate(["-f", "-", "-o", "json"], values);
    assert.equal(code, 0);
    assert.deepEqual(JSON.parse(out).values.configuration.concurrency, 2);
    const wrong = await migrate(["-f", "-"], values.replace("2", "two"));
    assert.deepEqual([wrong.code, wrong.out], [2, ""]);
    assert.match(
      wrong.err,
      /^rebootd: standard input:2: configuration\.concurrency: invalid value "two" for --concurrency: must be [^\n]+\n$/,
    );
  });
});
