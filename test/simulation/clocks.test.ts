/** Wall clocks are set forward and back: durations do not change with them. */
import assert from "node:assert/strict";
import { type SmallWorld, startSmallWorld } from "./small-world.ts";
import { recordOn } from "./stored.ts";

const minute = 60_000;
const hour = 60 * minute;

let world: SmallWorld;

const recordOf = (node: string) => recordOn(world, node);
const boots = (node: string) => world.machine(node).boots.length;

describe("A wall clock that is set", () => {
  afterEach(() => world.stop());

  it("back, once a node has rebooted with a wrong one, does not keep the node from being uncordoned", async () => {
    world = await startSmallWorld({ nodes: 1 });
    world.node("n1").wantsReboot();
    await world.time.until("n1 is down", () => !world.machine("n1").isUp, 10 * minute);
    world.clockOf("n1").step(2 * hour);
    await world.time.until("n1 is up", () => world.machine("n1").isUp, 10 * minute);
    await world.pass(10_000);
    world.clockOf("n1").step(-2 * hour);
    await world.time.until("n1 is uncordoned", () => recordOf("n1")?.outcome?.result === "rebooted", minute);
  });

  it("back by decades in the middle of a drain, does not make the drain endless", async () => {
    const decades = 70 * 365 * 24 * hour;
    world = await startSmallWorld({
      nodes: 1,
      skewMs: { n1: decades },
      options: { "drain-timeout": "15m", preflight: "off" },
      workloads: [{ name: "web", replicas: 2, budget: { maxUnavailable: 0 } }],
    });
    world.node("n1").wantsReboot();
    await world.pass(10_000);
    world.clockOf("n1").step(-decades);
    await world.time.until("the drain has failed", () => recordOf("n1")?.phase === "Failed", 16 * minute);
  });

  it("back across a restart of the daemon, does not make the drain endless either", async () => {
    world = await startSmallWorld({
      nodes: 1,
      skewMs: { n1: 5 * hour },
      options: { "drain-timeout": "15m", preflight: "off" },
      workloads: [{ name: "web", replicas: 2, budget: { maxUnavailable: 0 } }],
    });
    world.node("n1").wantsReboot();
    await world.pass(10_000);
    world.clockOf("n1").step(-5 * hour);
    world.node("n1").crashDaemon();
    await world.time.until("the drain has failed", () => recordOf("n1")?.phase === "Failed", 17 * minute);
  });

  it("back, while an alert keeps the node waiting, does not keep it longer than the alert lasts", async () => {
    let firing = true;
    const metric = { alertname: "Storm", alertstate: "firing" };
    const text = () => {
      const result = firing ? [{ metric, value: [0, "1"] }] : [];
      return JSON.stringify({ status: "success", data: { resultType: "vector", result } });
    };
    world = await startSmallWorld({
      nodes: 1,
      options: { "prometheus-url": "http://prometheus.test" },
      post: async () => ({ status: 200, text: text() }),
    });
    world.node("n1").wantsReboot();
    await world.pass(2 * minute);
    world.clockOf("n1").step(-2 * hour);
    firing = false;
    await world.time.until("n1 has rebooted", () => boots("n1") === 2, 4 * minute);
  });

  it("back, does not make a failed node rest for as long as the step", async () => {
    world = await startSmallWorld({
      nodes: 1,
      skewMs: { n1: 6 * hour },
      options: { "reboot-attempts": "1", "reboot-timeout": "1m" },
    });
    const machine = world.machine("n1");
    machine.behaviour.goesDown = false;
    machine.wantReboot();
    await world.time.until("it has failed", () => recordOf("n1")?.phase === "Failed", 3 * minute);
    machine.behaviour.goesDown = true;
    world.clockOf("n1").step(-6 * hour);
    await world.time.until("n1 has rebooted", () => boots("n1") === 2, 3 * minute);
  });

  it("forward by hours in the middle of a drain, does not end the drain", async () => {
    world = await startSmallWorld({
      nodes: 2,
      options: { "drain-timeout": "15m" },
      workloads: [{ name: "web", replicas: 4 }],
      kubelet: { podStopMs: 5 * minute },
    });
    world.node("n1").wantsReboot();
    await world.time.until("n1 drains", () => recordOf("n1")?.phase === "Draining", minute);
    world.clockOf("n1").step(3 * hour);
    await world.pass(20 * minute);
    assert.deepEqual([boots("n1"), recordOf("n1")?.outcome?.result], [2, "rebooted"]);
  });
});
