import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { systemClock } from "../../daemon/time/clock.ts";
import { onSimulatedServer, type Suite, startSuite } from "../kubernetes/suite.ts";
import { daemonUserOn, installRights } from "../world/manifests.ts";
import { startRebootd } from "../world/rebootd.ts";
import { startWorld, type World } from "../world/world.ts";
import { askDaemon, readLog } from "./daemon-process.ts";

/** Answers as Prometheus does, with the alerts that are set. */
async function startPrometheus() {
  const state = { firing: [] as string[] };
  const server: Server = createServer((_, response) => {
    const result = state.firing.map((alertname) => ({
      metric: { __name__: "ALERTS", alertname, alertstate: "firing" },
      value: [0, "1"],
    }));
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ status: "success", data: { resultType: "vector", result } }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    state,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => server.close(),
  };
}

const nodes = ["n1", "n2", "n3"];
let prometheus: Awaited<ReturnType<typeof startPrometheus>>;
let suite: Suite;
let world: World;

async function cordonedNow(): Promise<number> {
  const objects = await Promise.all(nodes.map((name) => world.node(name).object()));
  return objects.filter(({ spec }) => spec?.unschedulable === true).length;
}

describe("A roll of real daemons", () => {
  before(async () => {
    prometheus = await startPrometheus();
    suite = await startSuite(systemClock);
    await installRights(suite.server);
    world = await startWorld({
      ...suite,
      daemonUser: daemonUserOn,
      nodes,
      workloads: [{ name: "web", replicas: 6, budget: { maxUnavailable: 2 } }],
      startDaemon: (place) => startRebootd(place, [`--prometheus-url=${prometheus.url}`, "--period=1s"]),
    });
  });
  after(async () => {
    await world.stop();
    prometheus.close();
  });

  it("does not begin while an alert fires, and log and metrics say why", async () => {
    prometheus.state.firing = ["DiskFull"];
    for (const name of nodes) world.node(name).wantsReboot();
    await world.allWaitFor("active");
    await systemClock.sleep(2000, world.signal);
    assert.equal(await cordonedNow(), 0);
    for (const name of nodes) {
      const { logFile } = world.node(name);
      const lines = await readLog(logFile);
      assert.ok(
        lines.some(({ message, why = "" }) => `${message} ${why}`.includes("1 alert is active: DiskFull")),
      );
      for (const line of lines) assert.ok(line.node === name && line.phase !== undefined);
      const metrics = await askDaemon(logFile, "/metrics");
      assert.match(
        metrics,
        new RegExp(`rebootd_gate_closed\\{gate="alerts",reason="active",node="${name}"\\} 1`),
      );
      assert.match(metrics, new RegExp(`rebootd_reboot_required\\{node="${name}"\\} 1`));
      assert.equal(await askDaemon(logFile, "/healthz"), "ok\n");
    }
  });

  it("does not begin while the lock is set by hand", async () => {
    await world.setLock('{"nodeID":"manual"}');
    prometheus.state.firing = [];
    await world.allWaitFor("lock-manual");
    await systemClock.sleep(2000, world.signal);
    assert.equal(await cordonedNow(), 0);
  });

  it("begins once that is taken away", async () => {
    await world.setLock(null);
    await world.until("the first node is cordoned", async () => (await cordonedNow()) === 1);
  });

  onSimulatedServer("an outage in mid-roll", "nobody can make this server go away", () => {
    it("survives an API server that goes away", async () => {
      suite.simulated?.setAway(true);
      await systemClock.sleep(4000, world.signal);
      suite.simulated?.setAway(false);
    });
  });

  it("ends", () => world.rolled());

  it("keeps every promise", async () => {
    const report = await world.report();
    assert.deepEqual(report.violations, []);
    assert.equal(report.maxUnavailable, 1);
    assert.equal(report.lockAtEnd, null);
    for (const name of nodes) {
      const { bootIDs } = report.nodes.find((node) => node.name === name) ?? assert.fail(name);
      assert.equal(bootIDs.length, 2, name);
    }
    for (const name of nodes) assert.equal(await askDaemon(world.node(name).logFile, "/healthz"), "ok\n");
  });
});
