import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../daemon/time/clock.ts";
import { readLog } from "../e2e/daemon-process.ts";
import { startSuite } from "../kubernetes/suite.ts";
import { daemonUserOn, installRights } from "../world/manifests.ts";
import { startRebootd } from "../world/rebootd.ts";
import { startWorld, type World } from "../world/world.ts";
import { debianBinaries } from "./prometheus-binaries.ts";

/** The forms in which the daemon of n1 was read, after it has rebooted its machine. */
let text: string;
let openMetrics: string;
let world: World;

function promtool(args: readonly string[], input = ""): { code: number | null; out: string } {
  const { status, stdout, stderr } = spawnSync(join(debianBinaries(), "promtool"), args, {
    input,
    encoding: "utf8",
  });
  return { code: status, out: stdout + stderr };
}

async function readAs(accept: string): Promise<string> {
  const lines = await readLog(world.node("n1").logFile);
  const port = lines.findLast((line) => line.metricsPort !== undefined)?.metricsPort;
  const response = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { accept } });
  assert.equal(response.status, 200);
  return await response.text();
}

describe("Debian's promtool", () => {
  before(async () => {
    const suite = await startSuite(systemClock);
    await installRights(suite.server);
    world = await startWorld({
      ...suite,
      daemonUser: daemonUserOn,
      nodes: ["n1"],
      workloads: [{ name: "web", replicas: 2 }],
      startDaemon: (place) => startRebootd(place, ["--window=@daily for 24h", "--window-margin=0"]),
    });
    world.node("n1").wantsReboot();
    await world.rolled();
    openMetrics = await readAs("application/openmetrics-text");
    text = await readAs("text/plain");
  });
  after(() => world?.stop());

  it("has nothing to say against the metrics of a daemon that has rebooted its machine", () => {
    assert.match(text, /^rebootd_cycles_total\{outcome="rebooted",node="n1"\} 1$/m);
    assert.deepEqual(promtool(["check", "metrics"], text), { code: 0, out: "" });
    const wrong = "# HELP a_total A.\n# TYPE a_total gauge\na_total 1\n";
    assert.notEqual(promtool(["check", "metrics"], wrong).code, 0);
  });

  it("reads them as OpenMetrics, each series", async () => {
    const folder = await mkdtemp(join(tmpdir(), "rebootd-metrics-"));
    const blocksFrom = async (metrics: string) => {
      await writeFile(join(folder, "metrics"), metrics);
      return promtool([
        "tsdb",
        "create-blocks-from",
        "openmetrics",
        join(folder, "metrics"),
        join(folder, "tsdb"),
      ]);
    };
    try {
      // Blocks are made of samples with a time.
      const timed = openMetrics.replace(/^[^#\n].*$/gm, "$& 1795867200");
      const { code, out } = await blocksFrom(timed);
      assert.equal(code, 0, out);
      assert.notEqual((await blocksFrom(timed.replace("# EOF\n", ""))).code, 0);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
