import assert from "node:assert/strict";
import type { Api } from "../../../daemon/cluster/api.ts";
import { createNodePods } from "../../../daemon/cluster/pods.ts";
import { createGates } from "../../../daemon/compose/gates.ts";
import { parseSettings, type RawOptions } from "../../../daemon/config/settings.ts";
import type { Gate } from "../../../daemon/gates/gate.ts";
import type { Clock } from "../../../daemon/time/clock.ts";
import { alert, answering, element, type silent, vector } from "../../prometheus/servers.ts";
import { context } from "../builders.ts";

const hour = 3_600_000;

interface World {
  answer: typeof silent;
  /** As the server finds them with a selector; each is NAMESPACE/NAME. */
  pods: (labelSelector: string | undefined) => string[];
}

/** A daemon with these options that waits for its reboot: what its log says, by the day. */
function waiting(options: RawOptions, world: Partial<World> = {}) {
  let elapsed = 0;
  const clock: Clock = { wall: () => elapsed, elapsed: () => elapsed, sleep: () => new Promise(() => {}) };
  const found: World = { answer: vector(), pods: () => [], ...world };
  const list = async (_: string, { query = {} }: { query?: Record<string, string> }) => ({
    metadata: {},
    items: found.pods(query["labelSelector"]).map((pod) => {
      const [namespace, name] = pod.split("/");
      return { metadata: { namespace, name, uid: pod } };
    }),
  });
  const said: string[] = [];
  const none = async () => [];
  const settings = parseSettings({ "node-id": "n1", ...options });
  const api = { list } as unknown as Api;
  const gates: Gate[] = createGates(settings, {
    random: () => 0,
    api,
    listPods: createNodePods(api, clock, "n1"),
    daemonSetExists: async () => true,
    clock,
    post: (...request) => found.answer(...request),
    logind: { listInhibitors: none, listSessions: none },
    instance: "rebootd-x7k2p",
    warn: (what) => said.push(what),
  }).filter(({ name }) => ["alerts", "queries", "pods", "drain-names", "disruption"].includes(name));
  return {
    found,
    said,
    /** One look an hour. */
    async pass(days: number) {
      said.length = 0;
      for (let hours = 0; hours < days * 24; hours += 1) {
        elapsed += hour;
        for (const gate of gates) {
          const { signal: inner } = new AbortController();
          await gate.check(context(elapsed), inner).catch(() => {});
        }
      }
      return said;
    },
  };
}

const url = "http://prometheus:9090";

describe("What an option names and nothing was", () => {
  const rows: [option: string, options: RawOptions, world?: Partial<World>][] = [
    ['--blocking-pod-selector="app=migratoin"', { "blocking-pod-selector": "app=migratoin" }],
    [
      '--blocking-pod-namespace="shpo"',
      { "blocking-pod-selector": "app=x", "blocking-pod-namespace": ["shop", "shpo"] },
      { pods: () => ["shop/x"] },
    ],
    ['--budget-held-selector="application=spillo"', { "budget-held-selector": "application=spillo" }],
    ['--drain-pod-selector="tier=wbe"', { "drain-pod-selector": "tier=wbe" }],
    [
      '--drain-skip-namespace="mintoring"',
      { "drain-skip-namespace": "mintoring" },
      { pods: () => ["shop/x"] },
    ],
    ['--block-on-query="ceph_helth > 0"', { "prometheus-url": url, "block-on-query": "ceph_helth > 0" }],
    [
      '--alert-matchers=severity="critcal"',
      { "prometheus-url": url, "alert-matchers": ["severity=critcal", "severity=warning"] },
      { answer: vector(alert("DiskFull", "firing", "1", { severity: "warning" })) },
    ],
    [
      '--alert-matchers=team=~"db",severity!="info"',
      { "prometheus-url": url, "alert-matchers": "team=~db,severity!=info" },
      { answer: vector(alert("DiskFull", "firing", "1", { team: "dba" })) },
    ],
    [
      "--alert-filter-regexp",
      { "prometheus-url": url, "alert-filter-regexp": "^Watchdgo$" },
      { answer: vector(alert("Watchdog")) },
    ],
  ];
  for (const [option, options, world] of rows) {
    it(`is said once a day after two weeks: ${option}`, async () => {
      const daemon = waiting(options, world);
      assert.deepEqual(await daemon.pass(14), []);
      const said = await daemon.pass(3);
      assert.equal(said.length, 3);
      assert.equal(said[0], `${option} has matched nothing for 14 days, in 337 looks: check its spelling`);
      assert.ok(said.every((one) => one.startsWith(option)));
    });
  }

  it("is not said of what is found now and then", async () => {
    const daemon = waiting({ "blocking-pod-selector": "app=x" });
    await daemon.pass(10);
    daemon.found.pods = () => ["shop/x"];
    await daemon.pass(1);
    daemon.found.pods = () => [];
    assert.deepEqual(await daemon.pass(14), []);
    assert.equal((await daemon.pass(1)).length, 1);
  });

  it("is not said when nobody could be asked, or the answer may lack a part", async () => {
    const options = { "prometheus-url": url, "block-on-query": "up == 0", "alert-filter-regexp": "x" };
    const empty = { resultType: "vector", result: [] };
    for (const answer of [
      answering(500, ""),
      answering(200, { status: "success", isPartial: true, data: empty }),
    ]) {
      assert.deepEqual(await waiting(options, { answer }).pass(20), []);
    }
  });

  it("is not said of a query that has a result, or of matchers that an alert has", async () => {
    const options = {
      "prometheus-url": url,
      "block-on-query": "up == 0",
      "alert-matchers": ['severity=~"crit.*",team=""', 'a!~"x|y"'],
      "alert-filter-regexp": "Full",
    };
    const answer = vector(element({ alertname: "DiskFull", severity: "critical" }));
    assert.deepEqual(await waiting(options, { answer }).pass(20), []);
  });
});
