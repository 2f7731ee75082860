import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { prometheusGates } from "../../daemon/compose/gates.ts";
import { createNodeSilences } from "../../daemon/compose/silences.ts";
import { parseSettings } from "../../daemon/config/settings.ts";
import { openHttpAccess } from "../../daemon/prometheus/access.ts";
import { createPost } from "../../daemon/prometheus/http.ts";
import type { HttpPost } from "../../daemon/prometheus/server.ts";
import type { SilenceOutcome } from "../../daemon/silence/silences.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import { context } from "../gates/builders.ts";
import { certificate } from "../kubernetes/api/https.ts";
import { type Monitoring, startMonitoring } from "./prometheus.ts";

const deadlineMs = 30_000;
const minute = 60_000;
const rules = ["n1", "n10", "n2"].flatMap((node) => [
  { alert: "NodeDown", expr: `node_down_${node} > 0`, labels: { node, instance: `${node}.test:9100` } },
  { alert: "NodeSlow", expr: `node_slow_${node} > 0`, for: "1h", labels: { node } },
]);

interface Listed {
  id: string;
  status: { state: string };
  startsAt: string;
  endsAt: string;
  comment: string;
}

describe("Silences in Debian's Alertmanager", () => {
  let monitoring: Monitoring;
  let post: HttpPost;
  /** How far the server's clock seems to be ahead: an extension by a minute is not worth a request. */
  let aheadMs = 0;
  const outcomes: SilenceOutcome[] = [];
  const failures: string[] = [];
  const over = new AbortController();
  let signal: AbortSignal;

  const settings = () =>
    parseSettings({
      "node-id": "n1",
      "prometheus-url": monitoring.prometheusUrl,
      "alertmanager-url": monitoring.alertmanagerUrl,
      "prometheus-ca-file": monitoring.caFile,
      "prometheus-basic-auth-file": monitoring.basicAuthFile,
      "silence-matchers": ['node="{node}",alertname!~"Rebootd.*"', 'instance=~"{node}(:[0-9]+)?"'],
    });

  /** The silences of a new process of the daemon. */
  function startProcess() {
    const stop = new AbortController();
    const silences = createNodeSilences(
      settings(),
      {
        post,
        clock: systemClock,
        random: Math.random,
        log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
        metrics: {
          silences: { inc: ({ outcome }: { outcome: SilenceOutcome }) => outcomes.push(outcome) } as never,
        },
        report: {
          failed: (what: string, error: Error) => failures.push(`${what}: ${error.message}`),
        } as never,
      },
      AbortSignal.any([signal, stop.signal]),
    );
    assert.ok(silences);
    return { silences, stop: () => stop.abort() };
  }

  async function listed(): Promise<Listed[]> {
    const answer = await fetch(`${monitoring.alertmanagerUrl}/api/v2/silences`);
    return (await answer.json()) as Listed[];
  }

  async function gateSays(): Promise<string> {
    const gates = prometheusGates(settings(), {
      clock: systemClock,
      post,
      instance: "rebootd-x7k2p",
      warn: () => {},
    });
    const answers = await Promise.all(gates.map((gate) => gate.check(context(Date.now()), signal)));
    return answers.map((answer) => (answer.open ? "open" : answer.message)).join();
  }

  async function until<T>(expected: T, look: () => Promise<T> | T): Promise<void> {
    let last = await look();
    for (const end = Date.now() + deadlineMs; Date.now() < end; last = await look()) {
      if (JSON.stringify(last) === JSON.stringify(expected)) return;
      await sleep(250);
    }
    assert.deepEqual(last, expected);
  }

  const cycle = (step: string) => ({ id: "1 (boot 4f3a9c1e)", step, reason: "linux" });
  const leftMs = ({ endsAt }: Listed) => Date.parse(endsAt) - Date.now();

  before(async () => {
    signal = AbortSignal.any([AbortSignal.timeout(300_000), over.signal]);
    monitoring = await startMonitoring(rules, [], await certificate());
    const access = settings().silences?.access ?? assert.fail();
    const plain = createPost(await openHttpAccess(access, (file) => readFile(file, "utf8")));
    post = async (...request) => {
      const answer = await plain(...request);
      return { ...answer, date: answer.date === undefined ? undefined : answer.date + aheadMs };
    };
    for (const { expr } of rules) monitoring.figures.set(expr.split(" ")[0] ?? "", 0);
  });
  after(() => {
    // Processes that still keep silences would keep this one.
    over.abort();
    return monitoring?.stop();
  });

  it("are created, extended, found again after a restart and ended, and hide no other node's alerts", async () => {
    const theirs = await monitoring.silence({ node: "n1", alertname: "Other" });
    const [before] = await listed();
    monitoring.figures.set("node_down_n1", 1);
    monitoring.figures.set("node_slow_n1", 1);
    await until("2 alerts are active: NodeDown, NodeSlow", gateSays);

    const first = startProcess();
    first.silences.follow(cycle("Draining 0"));
    await until(["created", "created"], () => outcomes);
    await until("open", gateSays);
    const own = async () => (await listed()).filter(({ id }) => id !== theirs);
    const created = await own();
    assert.equal(created.length, 2);
    for (const silence of created) {
      assert.equal(silence.comment, "Node n1, cycle 1 (boot 4f3a9c1e), reboots: linux");
      assert.ok(Math.abs(leftMs(silence) - 25 * minute) < 5000, `${leftMs(silence)} ms`);
    }

    for (const node of ["n10", "n2"]) {
      monitoring.figures.set(`node_down_${node}`, 1);
      await until("1 alert is active: NodeDown", gateSays);
      monitoring.figures.set(`node_down_${node}`, 0);
      await until("open", gateSays);
    }

    aheadMs = 2 * minute;
    first.silences.follow(cycle("Rebooting 1"));
    await until(["created", "created", "extended", "extended"], () => outcomes);
    first.stop();
    outcomes.length = 0;
    aheadMs = 4 * minute;
    const second = startProcess();
    second.silences.follow(cycle("Returning 1"));
    await until(["extended", "extended"], () => outcomes);
    const extended = await own();
    assert.deepEqual(extended.map(({ id }) => id).sort(), created.map(({ id }) => id).sort());
    for (const silence of extended) assert.ok(leftMs(silence) > 28 * minute, `${leftMs(silence)} ms`);
    assert.equal(second.silences.activeCount(), 2);

    aheadMs = 0;
    second.silences.follow(undefined);
    await until(["extended", "extended", "ended", "ended"], () => outcomes);
    const ended = await own();
    assert.equal(ended.length, 2);
    for (const silence of ended) {
      assert.equal(silence.comment, "Node n1, cycle 1 (boot 4f3a9c1e), over: linux");
      const ms = leftMs(silence);
      assert.ok(silence.status.state === "active" && ms > 4 * minute && ms < 5 * minute + 2000, `${ms} ms`);
    }
    // People are spared the noise yet, but no node's gate is.
    await until("2 alerts are active: NodeDown, NodeSlow", gateSays);
    const known = await fetch(`${monitoring.alertmanagerUrl}/api/v2/alerts?active=false&silenced=true`);
    assert.equal(((await known.json()) as object[]).length, 1);

    assert.deepEqual(
      (await listed()).find(({ id }) => id === theirs),
      before,
    );
    assert.deepEqual(failures, []);
  }).timeout(180_000);

  it("are not created again where a person has ended them", async () => {
    for (const { id } of (await listed()).filter(({ status }) => status.state === "active"))
      await monitoring.endSilence(id);
    outcomes.length = 0;
    const { silences } = startProcess();
    const next = { ...cycle("Draining 0"), id: "2 (boot 4f3a9c1e)" };
    silences.follow(next);
    await until(["created", "created"], () => outcomes);
    for (const { id } of (await listed()).filter(({ status }) => status.state === "active"))
      await monitoring.endSilence(id);
    silences.follow({ ...next, step: "Rebooting 1" });
    await until(0, () => silences.activeCount());
    assert.deepEqual([outcomes, failures], [["created", "created"], []]);
  });
});
