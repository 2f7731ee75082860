import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "../../daemon/cluster/client.ts";
import type { DaemonSet } from "../../daemon/cluster/objects.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import { createApiServer, kubeconfig, type Listening, listen } from "../kubernetes/api/server.ts";
import { bareEnvironment, program } from "../world/program.ts";

const server = createApiServer();
const { signal } = new AbortController();
const admin = createClient({ transport: server.transport(server.adminToken), clock: systemClock });
const daemonSets = "/apis/apps/v1/namespaces/kube-system/daemonsets";
const lock = "weave.works/kured-node-lock";

describe("A process that is called kured", () => {
  let https: Listening;
  let folder: string;
  let kured: string;
  before(async () => {
    https = await listen(server, { port: 0 });
    folder = await mkdtemp(join(tmpdir(), "rebootd-kured-"));
    kured = join(folder, "kured");
    await symlink(program, kured);
    await writeFile(
      join(folder, "kubeconfig"),
      kubeconfig({ ...https, token: server.adminToken, user: "admin" }),
    );
    await writeFile(join(folder, "reboot-required"), "");
    await admin.create("/api/v1/nodes", { metadata: { name: "n1" } }, { signal });
    const labels = { name: "kured" };
    const template = { metadata: { labels }, spec: { containers: [{ name: "kured", image: "kured" }] } };
    // People have stopped all reboots, as kured's manual says, and this machine is not to go down.
    const metadata = { name: "kured", annotations: { [lock]: '{"nodeID":"manual"}' } };
    const spec = { selector: { matchLabels: labels }, template };
    await admin.create(daemonSets, { metadata, spec }, { signal });
  });
  after(async () => {
    await https.close();
    await rm(folder, { recursive: true });
  });

  /** Its end, after SIGTERM once its output has this. */
  async function run(args: readonly string[], environment: Record<string, string>, until?: RegExp) {
    const env = { ...bareEnvironment, KUBECONFIG: join(folder, "kubeconfig"), ...environment };
    const child = spawn(process.execPath, [kured, ...args], { env, stdio: "pipe", timeout: 30_000 });
    const closed = once(child, "close");
    let [out, err] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      out += text;
    });
    let metrics = "";
    for await (const text of child.stderr.setEncoding("utf8")) {
      err += text;
      if (metrics !== "" || until?.test(err) !== true) continue;
      const [, port] = /metricsPort="?(\d+)/.exec(err) ?? assert.fail(err);
      metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      child.kill("SIGTERM");
    }
    const [code] = await closed;
    return { code, out, err, metrics };
  }

  it("prints kured's flags", async () => {
    const { code, out, err } = await run(["--help"], {});
    assert.deepEqual([code, err], [0, ""]);
    assert.match(out, /^Usage: kured \[--FLAG=VALUE \.\.\.\]\n[\s\S]*\n {2}--annotate-nodes bool/);
  });

  for (const [args, environment, line] of [
    [["--version"], {}, "kured: unknown flag \"--version\": kured has no such flag; see 'kured --help'\n"],
    [["status"], { KURED_PERIOD: "60" }, /^kured: invalid value "60" for KURED_PERIOD: must be [^\n]+\n$/],
    [[], {}, /^kured: invalid value "" for --node-id: must be [^\n]+\n$/],
  ] as const) {
    it(`refuses ${JSON.stringify([args, environment])} on one line, with exit code 2`, async () => {
      const { code, out, err } = await run(args, environment);
      assert.deepEqual([code, out], [2, ""]);
      if (typeof line === "string") assert.equal(err, line);
      else assert.match(err, line);
    });
  }

  it("waits for the lock on kured's DaemonSet, and tells of it as kured does", async () => {
    const args = [
      `--reboot-sentinel=${folder}/reboot-required`,
      // The machine that runs this is to stay up whatever happens: SIGURG means nothing to its process 1.
      "--reboot-method=signal",
      "--reboot-signal=23",
      "--metrics-host=127.0.0.1",
      "--metrics-port=8080",
      "--slack-username=x",
    ];
    const environment = { KURED_NODE_ID: "n1", KURED_METRICS_PORT: "0", REBOOTD_PERIOD: "1s" };
    const { code, err, metrics } = await run(args, environment, /manual/);
    assert.equal(code, 0, err);
    const lines = err.trimEnd().split("\n");
    for (const line of lines) assert.match(line, /^time="\S+Z" level=(info|warning) msg=/);
    assert.match(lines[0] ?? "", / level=info msg="rebootd started" node=n1 phase=Starting version=/);
    const said = (text: string) => lines.filter((line) => line.includes(text)).length;
    assert.equal(said("KURED_METRICS_PORT before --metrics-port"), 1);
    assert.equal(said("--slack-username has no effect"), 1);
    assert.equal(said("REBOOTD_PERIOD is ignored"), 1);
    assert.equal(said("other than kured, --drain-timeout: "), 1);
    assert.match(metrics, /^kured_reboot_required\{node="n1"\} 1$/m);
    const { metadata } = await admin.get<DaemonSet>(`${daemonSets}/kured`, { signal });
    assert.equal(metadata?.annotations?.[lock], '{"nodeID":"manual"}');
  });
});
