import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { prometheusGates } from "../../daemon/compose/gates.ts";
import { parseSettings } from "../../daemon/config/settings.ts";
import { openHttpAccess } from "../../daemon/prometheus/access.ts";
import { createPost } from "../../daemon/prometheus/http.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import { dashboard } from "../../manifests/monitoring/dashboard.ts";
import { ruleFile } from "../../manifests/monitoring/rules.ts";
import { context } from "../gates/builders.ts";
import { administrator, type SimulatedServer, startSimulatedServer } from "../kubernetes/server.ts";
import { dashboardSchema } from "../monitoring/grafana-schema.ts";
import { dashboardSvg } from "../monitoring/picture/dashboard.ts";
import type { Series, ShownPanel } from "../monitoring/picture/data.ts";
import { bundle, startRebootd } from "../world/rebootd.ts";
import { startWorld, type World } from "../world/world.ts";
import { startNodeFigures } from "./node-figures.ts";
import { freePort } from "./prometheus-binaries.ts";
import { hastened, type Sample, type WatchedDaemons, watchDaemons } from "./watched-daemons.ts";

const names = ["n1", "n2", "n3", "n4", "n5"];
const parsed = dashboardSchema.parse(JSON.parse(JSON.stringify(dashboard())));
const panels = parsed.panels.filter((panel): panel is ShownPanel => panel.type !== "row");

let server: SimulatedServer;
let world: World;
let watched: WatchedDaemons;
let figures: Awaited<ReturnType<typeof startNodeFigures>>;

const secondsNow = () => Math.floor(Date.now() / 1000);
const firing = () => watched.now('ALERTS{alertstate="firing"}');
const namesOf = (alerts: readonly Sample[]) => alerts.map(({ metric }) => metric["alertname"]);

/** Open from an hour ago until 11 hours from now, each day. */
function windowAroundNow(): string {
  const start = new Date(Date.now() - 3_600_000);
  return `${start.getUTCMinutes()} ${start.getUTCHours()} * * * for 12h`;
}

/** The daemon asks the Prometheus that watches it. */
async function startCluster(): Promise<void> {
  server = await startSimulatedServer(systemClock, { authorization: "always-allow" });
  const ports = new Map(await Promise.all(names.map(async (name) => [name, await freePort()] as const)));
  const port = await freePort();
  const signal = AbortSignal.timeout(600_000);
  figures = await startNodeFigures(server.apiFor(administrator), signal);
  watched = await watchDaemons({
    port,
    rules: hastened(ruleFile()),
    daemons: [...ports.values()].map((one) => `127.0.0.1:${one}`),
    nodeFigures: figures.address,
  });
  world = await startWorld({
    server,
    nodes: names,
    rebootSeconds: 4,
    workloads: [
      { name: "agent", namespace: "kube-system" },
      { name: "web", replicas: 15, budget: { maxUnavailable: 2 } },
    ],
    kubelet: { heartbeatMs: 1000, podStopMs: 1500, podStartMs: 1500 },
    controllerOptions: { nodeGraceMs: 4000 },
    startDaemon: (place) =>
      startRebootd(
        place,
        [
          `--metrics-port=${ports.get(place.name)}`,
          `--prometheus-url=${watched.url}`,
          `--window=${windowAroundNow()}`,
          "--ready-settle=2s",
        ],
        bundle,
      ),
  });
}

describe("Debian's Prometheus, with our rules, and the daemons of a roll", () => {
  let roll: { from: number; to: number };

  before(async function () {
    this.timeout(300_000);
    await startCluster();
    const up = async () => (await watched.now("rebootd_build_info")).length === names.length;
    await world.until("all daemons are scraped", up);
    const from = secondsNow();
    for (const node of world.nodes) node.wantsReboot();
    await world.rolled(undefined, 240_000);
    await world.until("every node is Idle", async () => {
      const phases = await Promise.all(world.nodes.map((node) => node.phase()));
      return phases.every((phase) => phase === "Idle");
    });
    // A last scrape of each.
    await world.pass(3000);
    roll = { from, to: secondsNow() };
  });
  after(async () => {
    // A world ends its server too.
    await (world ?? server)?.stop();
    await watched?.stop();
    figures?.stop();
  });

  it("fire no alert in a roll", async () => {
    const active = await watched.course('ALERTS{alertstate="firing"}', roll.from, roll.to);
    assert.deepEqual(namesOf(active), []);
    assert.equal((await world.report()).nodes.length, names.length);
  });

  it("answer each query of the dashboard with data", async () => {
    const { data, empty } = await answers(roll);
    assert.deepEqual(empty, []);
    assert.doesNotMatch(dashboardSvg(parsed, data, { ...roll, step: 1 }), />no data</);
    const file = process.env["DASHBOARD_SVG"];
    if (file === undefined) return;
    // While the roll goes on there is more to see.
    const until = { from: roll.from, to: roll.from + Math.round((roll.to - roll.from) * 0.7) };
    writeFileSync(file, dashboardSvg(parsed, (await answers(until)).data, { ...until, step: 1 }));
  });

  it("know when each node has rebooted, for the marks in the dashboard", async () => {
    const [{ expr } = assert.fail()] = parsed.annotations.list;
    const times = await watched.now(withVariables(expr, 60));
    assert.deepEqual(times.map(({ metric }) => metric["node"]).sort(), names);
    for (const { points } of times) {
      const seconds = (points[0]?.[1] ?? 0) / 1000;
      assert.ok(seconds >= roll.from && seconds <= roll.to, `${seconds}`);
    }
  });

  it("fire for a machine that does not come back, and hold no other node back", async function () {
    this.timeout(240_000);
    const [broken, waiting] = [world.node("n2"), world.node("n3")];
    broken.machine.behaviour.comesBack = false;
    broken.wantsReboot();
    await world.until("it is down", () => !broken.machine.isUp, 60_000);
    waiting.wantsReboot();
    const isNamed = ({ metric }: Sample) => metric["node"] === "n2";
    await world.until("the alert fires", async () => (await firing()).some(isNamed), 90_000);
    assert.deepEqual([...new Set(namesOf(await firing()))], ["RebootdNodeNotBack"]);

    assert.deepEqual(await gateSays(), ["open"]);
    const reasons = (await waiting.record())?.reasons.map(({ code }) => code);
    assert.deepEqual(reasons, ["lock-taken"]);

    broken.machine.powerOn();
    await world.until("no alert fires", async () => (await firing()).length === 0, 60_000);
    await world.until(
      "both are Idle",
      async () => {
        const phases = await Promise.all([broken, waiting].map((node) => node.phase()));
        return phases.every((phase) => phase === "Idle") && waiting.machine.boots.length === 3;
      },
      120_000,
    );
  });
});

/** The series of each panel in this time, and the queries without any. */
async function answers({ from, to }: { from: number; to: number }) {
  const data = new Map<number, Series[]>();
  const empty: string[] = [];
  for (const panel of panels) {
    for (const { expr, legendFormat, instant } of panel.targets) {
      const query = withVariables(expr, to - from);
      const found = await (instant ? watched.now(query, to) : watched.course(query, from, to));
      const series = found.map(({ metric, points }) => ({
        name: legendFormat.replaceAll(/\{\{(\w+)\}\}/g, (_, label) => metric[label] ?? ""),
        points: points.filter(([, value]) => !Number.isNaN(value)),
      }));
      if (!series.some(({ points }) => points.length > 0)) empty.push(`${panel.title}: ${expr}`);
      data.set(panel.id, [...(data.get(panel.id) ?? []), ...series]);
    }
  }
  return { data, empty };
}

/** As Grafana does it with `All`, at a scrape interval of a second. */
const withVariables = (expr: string, rangeSeconds: number) =>
  expr
    .replaceAll("$__rate_interval", "4s")
    .replaceAll("$__range", `${rangeSeconds}s`)
    .replaceAll(/\$(cluster|node)\b/g, ".*");

/** What the gate of a daemon would say now. */
async function gateSays(): Promise<string[]> {
  const settings = parseSettings({ "node-id": "n3", "prometheus-url": watched.url });
  const access = await openHttpAccess(settings.alerts?.access ?? assert.fail(), assert.fail);
  const post = createPost(access);
  const gates = prometheusGates(settings, {
    clock: systemClock,
    post,
    instance: "rebootd-x7k2p",
    warn: () => {},
  });
  const answers = gates.map(async (gate) => {
    const answer = await gate.check(context(Date.now()), world.signal);
    return answer.open ? "open" : answer.message;
  });
  return await Promise.all(answers);
}
