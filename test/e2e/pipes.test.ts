import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { contract } from "../../daemon/annotations/names.ts";
import { createClient } from "../../daemon/cluster/client.ts";
import { idleRecord, writeRecord } from "../../daemon/cycle/record.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import { createApiServer, kubeconfig, type Listening, listen } from "../kubernetes/api/server.ts";
import { createManifests } from "../world/manifests.ts";
import { bareEnvironment, program } from "../world/program.ts";

const { signal } = new AbortController();
const server = createApiServer();
const nodeCount = 600;
let https: Listening;
let folder: string;

/** Runs a pipeline as a shell does, with `rebootd` for the daemon. */
function shell(pipeline: string): Promise<{ code: number | null; out: string; err: string }> {
  return new Promise((resolve, reject) => {
    const script = `set -o pipefail; rebootd() { ${process.execPath} ${program} "$@"; }; ${pipeline}`;
    const child = spawn("bash", ["-c", script], {
      env: { ...bareEnvironment, KUBECONFIG: join(folder, "kubeconfig") },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: 30_000,
    });
    const said = { out: "", err: "" };
    for (const [stream, name] of [
      [child.stdout, "out"],
      [child.stderr, "err"],
    ] as const) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        said[name] += text;
      });
    }
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, ...said }));
  });
}

describe("What a command prints into a pipe", () => {
  before(async () => {
    https = await listen(server, { port: 0 });
    folder = await mkdtemp(join(tmpdir(), "rebootd-pipes-"));
    await writeFile(
      join(folder, "kubeconfig"),
      kubeconfig({ ...https, token: server.adminToken, user: "admin" }),
    );
    const api = createClient({ transport: server.transport(server.adminToken), clock: systemClock });
    await createManifests(api, signal, { without: ["DaemonSet"] });
    for (let index = 0; index < nodeCount; index += 1) {
      const record = writeRecord({ ...idleRecord(Date.now()), phase: "Waiting" });
      const metadata = { name: `node-${index}`, annotations: { [contract.cycle.key]: record } };
      await api.create("/api/v1/nodes", { metadata }, { signal });
    }
  });
  after(async () => {
    await https.close();
    await rm(folder, { recursive: true });
  });

  it("comes whole, however slowly it is read", async () => {
    const { code, out, err } = await shell("rebootd status -o json | (sleep 2; cat)");
    assert.deepEqual([code, err], [0, ""]);
    assert.ok(out.length > 100_000, `${out.length}`);
    assert.equal(JSON.parse(out).others.length, nodeCount);
  });

  it("ends quietly where nobody reads on", async () => {
    const { code, out, err } = await shell("rebootd status -o json | head -1");
    assert.deepEqual([code, out, err], [0, "{\n", ""]);
  });

  it("ends quietly where nobody reads at all, and the deed is done", async () => {
    const { err } = await shell("rebootd pause node-1 | true");
    assert.equal(err, "");
    const { out } = await shell("rebootd resume node-1");
    assert.match(out, /^resumed: /);
  });
});
