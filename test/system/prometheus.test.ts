import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { prometheusGates } from "../../daemon/compose/gates.ts";
import { parseSettings, type RawOptions, type Settings } from "../../daemon/config/settings.ts";
import type { GateAnswer } from "../../daemon/gates/gate.ts";
import { openHttpAccess } from "../../daemon/prometheus/access.ts";
import { createPost } from "../../daemon/prometheus/http.ts";
import { queryPrometheus } from "../../daemon/prometheus/query.ts";
import { compileRe2 } from "../../daemon/text/re2.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import { context } from "../gates/builders.ts";
import { certificate } from "../kubernetes/api/https.ts";
import { type Monitoring, startMonitoring } from "./prometheus.ts";

const { signal } = new AbortController();
const deadlineMs = 30_000;
const seed = randomInt(2 ** 31);

const httpAccess = ({ alerts }: Settings) =>
  openHttpAccess(alerts?.access ?? assert.fail(), (file) => readFile(file, "utf8"));

const rules = [
  { alert: "DiskFull", expr: "disk_full > 0", labels: { severity: "critical", team: 'd"b' } },
  { alert: "DiskFilling", expr: "disk_filling > 0", for: "1h", labels: { severity: "info" } },
  { alert: "RackDown", expr: "rack_down > 0", labels: { severity: "critical" } },
  { alert: "HostDown", expr: "host_down > 0", labels: { severity: "warning" } },
  { alert: "RebootdOverdue", expr: "vector(1)" },
];
const inhibitRules = [
  { source_matchers: ["alertname = RackDown"], target_matchers: ["alertname = HostDown"] },
];

describe("Debian's Prometheus and Alertmanager", () => {
  let monitoring: Monitoring;

  /** What the gates say to real servers with these options beside the way to them, "open" for each that is. */
  async function said(options: RawOptions = {}): Promise<string[]> {
    const settings = parseSettings({
      "node-id": "n1",
      "prometheus-url": monitoring.prometheusUrl,
      "prometheus-ca-file": monitoring.caFile,
      "prometheus-basic-auth-file": monitoring.basicAuthFile,
      ...options,
    });
    const post = createPost(await httpAccess(settings));
    const gates = prometheusGates(settings, {
      clock: systemClock,
      post,
      instance: "rebootd-x7k2p",
      warn: () => {},
    });
    const answers = gates.map((gate) =>
      gate
        .check(context(Date.now()), signal)
        .then((answer: GateAnswer) => (answer.open ? "open" : `${answer.code}: ${answer.message}`)),
    );
    return await Promise.all(answers);
  }

  async function until(says: string[], options: RawOptions = {}): Promise<void> {
    let last: string[] = [];
    for (const end = Date.now() + deadlineMs; Date.now() < end; await sleep(250)) {
      last = await said(options);
      if (last.join() === says.join()) return;
    }
    assert.deepEqual(last, says);
  }

  const silenced = () => ({ "alertmanager-url": monitoring.alertmanagerUrl });

  before(async () => {
    monitoring = await startMonitoring(rules, inhibitRules, await certificate());
  });
  after(() => monitoring?.stop());
  beforeEach(async () => {
    for (const name of ["disk_full", "disk_filling", "rack_down", "host_down"])
      monitoring.figures.set(name, 0);
    await until(["open"]);
  });

  it("have no alert but rebootd's own: open", async () => {
    assert.deepEqual(await said({ "block-on-query": "disk_full > 0" }), ["open", "open"]);
    const own =
      'query: the query ALERTS has a result ALERTS{alertname="RebootdOverdue", alertstate="firing"}';
    await until(["open", own], { "block-on-query": "ALERTS" });
  });

  it("have an alert that fires, and is resolved", async () => {
    monitoring.figures.set("disk_full", 1);
    await until(["active: 1 alert is active: DiskFull"]);
    monitoring.figures.set("disk_full", 0);
    await until(["open"]);
  });

  it("have an alert that is pending", async () => {
    monitoring.figures.set("disk_filling", 1);
    await until(["active: 1 alert is active: DiskFilling"]);
    assert.deepEqual(await said({ "alert-firing-only": "true" }), ["open"]);
  });

  it("have alerts with labels", async () => {
    monitoring.figures.set("disk_full", 1);
    monitoring.figures.set("disk_filling", 1);
    await until(["active: 2 alerts are active: DiskFilling, DiskFull"]);
    const rows: [matchers: string[], names: string | undefined][] = [
      [["severity=critical"], "DiskFull"],
      [["severity!=critical"], "DiskFilling"],
      [['severity=~"crit.*",team="d\\"b"'], "DiskFull"],
      [['severity=~"crit.*",team=x'], undefined],
      [["severity=critical", "severity=info"], "DiskFilling, DiskFull"],
      [['team="x\\"} or up{job=\\"target"'], undefined],
    ];
    for (const [matchers, names] of rows) {
      const [answer] = await said({ "alert-matchers": matchers });
      assert.equal(answer?.split(": ").at(-1), names ?? "open", matchers.join());
    }
  });

  it("say what is wrong with an expression", async () => {
    const rows: [options: RawOptions, says: RegExp][] = [
      [{ "alert-matchers": 'team=~"(a)\\\\1"' }, / for --alert-matchers: .*invalid escape sequence/],
      [{ "block-on-query": "up ==" }, /answered 400: .*parse error/],
      [{ "block-on-query": "up[5m]" }, /no vector/],
    ];
    for (const [options, says] of rows) {
      const text = await said(options).catch((error: Error) => [error.message]);
      assert.match(text.join(), says);
    }
  });

  it("have results for queries, and numbers", async () => {
    monitoring.figures.set("disk_full", 0.5);
    const options = {
      "block-on-query": ["disk_full > 0", "disk_full == bool 2", "scalar(disk_full)", "sum(nothing)"],
    };
    await until(
      [
        "active: 1 alert is active: DiskFull",
        [
          `query: the query disk_full > 0 has a result disk_full{instance="${await instance()}", job="target"}`,
          `the query disk_full == bool 2 has a result {instance="${await instance()}", job="target"}`,
          "the query scalar(disk_full) is 0.5",
        ].join("; "),
      ],
      options,
    );
  });

  const instance = async () => {
    const [, found] = await said({ "block-on-query": "up" });
    return /instance="([^"]+)"/.exec(found ?? "")?.[1];
  };

  it("have an alert that is silenced while it fires, and not any longer", async () => {
    monitoring.figures.set("disk_full", 1);
    await until(["active: 1 alert is active: DiskFull"], silenced());
    const id = await monitoring.silence({ alertname: "Disk.*", cluster: "test" });
    await until(["open"], silenced());
    assert.deepEqual(await said(), ["active: 1 alert is active: DiskFull"]);
    await monitoring.endSilence(id);
    await until(["active: 1 alert is active: DiskFull"], silenced());
  });

  it("have an alert that is silenced while it is pending", async () => {
    monitoring.figures.set("disk_filling", 1);
    await until(["active: 1 alert is active: DiskFilling"], silenced());
    const id = await monitoring.silence({ alertname: "DiskFil.*g" });
    await until(["open"], silenced());
    await monitoring.endSilence(id);
    await until(["active: 1 alert is active: DiskFilling"], silenced());
  });

  it("have silences with what Go's expressions know", async () => {
    monitoring.figures.set("disk_filling", 1);
    await until(["active: 1 alert is active: DiskFilling"], silenced());
    for (const expression of [
      "(?i)diskFILL.*",
      "\\QDiskFilling\\E",
      "[[:alpha:]]+",
      "\\ADisk(?P<x>Filling)\\z",
    ]) {
      const id = await monitoring.silence({ alertname: expression });
      await until(["open"], silenced());
      await monitoring.endSilence(id);
      await until(["active: 1 alert is active: DiskFilling"], silenced());
    }
  });

  it(`read expressions as rebootd does (seed ${seed})`, async () => {
    const settings = parseSettings({
      "node-id": "n1",
      "prometheus-url": monitoring.prometheusUrl,
      "prometheus-ca-file": monitoring.caFile,
      "prometheus-basic-auth-file": monitoring.basicAuthFile,
    });
    const post = createPost(await httpAccess(settings));
    const ways = { url: monitoring.prometheusUrl, timeoutMs: deadlineMs, clock: systemClock, post };
    const server = { name: "Prometheus", ...ways } as const;
    const theirs = async (expression: string, text: string) => {
      const labelled = `label_replace(vector(1), "text", ${JSON.stringify(text)}, "", "")`;
      const query = `label_replace(${labelled}, "matches", "yes", "text", ${JSON.stringify(expression)})`;
      try {
        const { data } = await queryPrometheus(server, query, signal);
        assert.ok(data.resultType === "vector");
        return data.result[0]?.metric["matches"] === "yes";
      } catch (error) {
        assert.match((error as Error).message, /invalid regular expression in label_replace/);
        return "refused";
      }
    };
    const ours = (expression: string, text: string) => {
      try {
        return compileRe2(`^(?:${expression})$`).test(text);
      } catch {
        return "refused";
      }
    };
    const parts = [
      "a",
      "b",
      "B",
      "ab",
      ".",
      "*",
      "+",
      "?",
      "|",
      "(",
      ")",
      "(?i)",
      "(?:",
      "(?P<n>",
      "(?=",
      "[",
      "]",
      "[^a]",
    ];
    const more = [
      "[[:alpha:]]",
      "\\d",
      "\\w",
      "\\b",
      "\\A",
      "\\z",
      "\\Z",
      "^",
      "$",
      "\\Qa.b\\E",
      "{2}",
      "{1,3}",
      "\\1",
      "\\pL",
      "\\x{61}",
    ];
    const expressions = fc.array(fc.constantFrom(...parts, ...more), { minLength: 1, maxLength: 6 });
    const texts = fc.array(fc.constantFrom("a", "b", "B", "1", "-", "a.b", "é"), { maxLength: 4 });
    const rows = fc.sample(fc.tuple(expressions, texts), { numRuns: 900, seed });
    const tally: Record<string, number> = {};
    for (const [some, letters] of rows) {
      const [expression, text] = [some.join(""), letters.join("")];
      const answer = ours(expression, text);
      assert.equal(answer, await theirs(expression, text), JSON.stringify([expression, text]));
      tally[String(answer)] = (tally[String(answer)] ?? 0) + 1;
    }
    // Of the rarest, which is true, there are 24 on average.
    for (const answer of ["true", "false", "refused"]) assert.ok((tally[answer] ?? 0) > 5, answer);
  });

  it("have an alert that another inhibits", async () => {
    monitoring.figures.set("host_down", 1);
    await until(["active: 1 alert is active: HostDown"], silenced());
    monitoring.figures.set("rack_down", 1);
    await until(["active: 2 alerts are active: HostDown, RackDown"]);
    await until(["active: 1 alert is active: RackDown"], silenced());
  });

  it("are spoken to over TLS and with a password alone", async () => {
    const { prometheusUrl } = monitoring;
    await assert.rejects(
      said({ "prometheus-basic-auth-file": [], "prometheus-url": prometheusUrl }),
      /^Error: Prometheus at https:\/\/127\.0\.0\.1:\d+ answered 401: Unauthorized$/,
    );
    await assert.rejects(said({ "prometheus-ca-file": [] }), /self-signed certificate/);
    const url = prometheusUrl.replace("//", "//rebootd:a-password@");
    assert.deepEqual(await said({ "prometheus-basic-auth-file": [], "prometheus-url": url }), ["open"]);
  });
});
