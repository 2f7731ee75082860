import assert from "node:assert/strict";
import { parseTable } from "../../daemon/config/option.ts";
import { alertOptions } from "../../daemon/config/options/alerts.ts";
import {
  type AlertFilter,
  type AlertSources,
  alertNames,
  alertsGate,
  alertsQuery,
  blockingAlerts,
} from "../../daemon/gates/alerts.ts";
import { SilentServerError } from "../../daemon/prometheus/server.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import {
  alert,
  alertmanager,
  answering,
  element,
  field,
  hastyClock,
  prometheus,
  signal,
  silent,
  useless,
  vector,
} from "../prometheus/servers.ts";
import { everyRow } from "../rows.ts";
import { context } from "./builders.ts";

const noFilter: AlertFilter = {
  names: undefined,
  matchOnly: false,
  firingOnly: false,
  instance: "rebootd-x7k2p",
};

/** What is typed after --alert-filter-regexp=. */
const filter = (expression: string) =>
  parseTable(alertOptions, { "alert-filter-regexp": expression })["alert-filter-regexp"];

const namesOf = (series: Parameters<typeof blockingAlerts>[0], filter: Partial<AlertFilter> = {}) =>
  alertNames(blockingAlerts(series, { ...noFilter, ...filter }));

describe("Alerts that block", () => {
  const series = [
    alert("Watchdog"),
    alert("DiskFull", "pending"),
    alert("DiskFull"),
    alert("Gone", "firing", "0"),
    alert("Gone", "firing", "0.0"),
    element({ __name__: "ALERTS", alertstate: "firing" }),
  ];
  // As kured counts them.
  const rows: [what: string, filter: Partial<AlertFilter>, names: string[]][] = [
    ["are all that are active, each once, without a filter", {}, ["DiskFull", "Watchdog"]],
    ["are not those that the filter names", { names: filter("^Watchdog$") }, ["DiskFull"]],
    ["are not those that it matches in the middle", { names: filter("iskF") }, ["Watchdog"]],
    [
      "are those alone when the filter is turned round",
      { names: filter("dog"), matchOnly: true },
      ["Watchdog"],
    ],
    ["are all when there is no filter to turn round", { matchOnly: true }, ["DiskFull", "Watchdog"]],
    ["are none when the filter matches everything", { names: filter("(?:)") }, []],
    [
      "are all when it is turned round and matches everything",
      { names: filter("(?:)"), matchOnly: true },
      ["DiskFull", "Watchdog"],
    ],
    ["are none when it is turned round and matches nothing", { names: filter("x"), matchOnly: true }, []],
  ];
  it("are those that kured counts with the same filter", () =>
    everyRow(rows, (filter, names) => assert.deepEqual(namesOf(series, filter), names)));

  // What each means to kured, whose expressions are Go's.
  const alike = [
    ...[
      "(?i)^watchdog$",
      "\\A(Watchdog|InfoInhibitor)\\z",
      "^[[:alpha:]]+$",
      "(?P<x>Watchdog)",
      "(?<x>Watchdog)",
    ],
    ...[
      "^\\pL+$",
      "^\\x{57}atchdog$",
      "^(?s:.*)$",
      "^Watch(?i:DOG)$",
      "^\\QWatchdog\\E$",
      "(?U)^W.*g$",
      "\\bWatchdog\\b",
    ],
  ];
  it("are matched by the expressions of kured, which are those of Go", () =>
    everyRow(
      alike.map((expression) => [expression, expression] as const),
      (expression) => assert.deepEqual(namesOf([alert("Watchdog")], { names: filter(expression) }), []),
    ));

  it("are found at once with a filter that repeats what repeats", () => {
    const long = `${"a".repeat(100_000)}!`;
    assert.deepEqual(namesOf([alert(long)], { names: filter("(a+)+$") }), [long]);
  });

  it("may be pending or not, as is asked", () => {
    const pending = [alert("DiskFull", "pending")];
    assert.deepEqual(namesOf(pending), ["DiskFull"]);
    assert.deepEqual(namesOf(pending, { firingOnly: true }), []);
  });

  const about: [name: string, labels: Record<string, string>, counts: boolean][] = [
    ["RebootdOverdue", {}, false],
    ["rebootd_overdue", {}, false],
    ["RebootRequired", { job: "rebootd" }, false],
    ["RebootRequired", { job: "kube-system/rebootd" }, false],
    ["RebootRequired", { app: "rebootd" }, false],
    ["RebootRequired", { app_kubernetes_io_name: "rebootd" }, false],
    ["KubeContainerWaiting", { container: "rebootd" }, false],
    ["KubeDaemonSetRolloutStuck", { daemonset: "rebootd", namespace: "kube-system" }, false],
    ["KubePodNotReady", { pod: "rebootd-x7k2p" }, false],
    ["KubePodNotReady", { pod: "rebootd-b2b2b" }, false],
    ["KubePodNotReady", { pod: "node-rebooter-x7k2p" }, true],
    ["KubePodNotReady", { pod: "rebootd-of-others-x7k2p" }, true],
    ["RebootRequired", {}, true],
    ["NotRebootd", {}, true],
    ["KubeNodeNotReady", { node: "n1", job: "kube-state-metrics" }, true],
    ["KubePodNotReady", { namespace: "rebootd", pod: "db-0" }, true],
    ["KubeContainerWaiting", { container: "my-rebootd" }, true],
    ["TargetDown", { job: "rebootd/db" }, true],
    ["TargetDown", { instance: "rebootd" }, true],
  ];
  it("are not those about rebootd itself", () =>
    everyRow(
      about.map(
        ([name, labels, counts]) => [`${name} ${JSON.stringify(labels)}`, name, labels, counts] as const,
      ),
      (name, labels, counts) =>
        assert.deepEqual(namesOf([alert(name, "firing", "1", labels)]), counts ? [name] : []),
    ));

  it("are not about the own pod, whatever that is called", () => {
    const own = [alert("KubePodNotReady", "firing", "1", { pod: "node-rebooter-x7k2p" })];
    assert.deepEqual(namesOf(own, { instance: "node-rebooter-x7k2p" }), []);
  });
});

describe("The query for alerts", () => {
  const rows: [matchers: string[], query: string][] = [
    [[], "ALERTS"],
    [['severity="critical",team=~"db|web"'], 'ALERTS{severity="critical",team=~"db|web"}'],
    [['a="1"', 'b="2"'], 'ALERTS{a="1"} or ALERTS{b="2"}'],
  ];
  it("joins the matchers of the options by or", () => {
    for (const [matchers, query] of rows) assert.equal(alertsQuery(matchers), query);
  });
});

describe("The alerts gate", () => {
  const gate = (prometheusAnswers: typeof silent, changes: Partial<AlertSources> = {}) =>
    alertsGate(
      { prometheus: prometheus(prometheusAnswers), alertmanager: undefined, matchers: [], ...changes },
      noFilter,
    );

  /** It knows what is true of its own now, and of no other time. */
  const now = 1_764_000_000_000;
  const asPrometheus: typeof silent = (url, form, ...rest) => {
    const time = field(form, "time") === undefined ? now : Number(field(form, "time")) * 1000;
    const isNow = Math.abs(time - now) < 5 * 60_000;
    return vector(...(isNow ? [alert("DiskFull")] : []))(url, form, ...rest);
  };
  it("sees the present alerts also when the node's clock is 2 hours fast or slow", async () => {
    for (const hours of [-2, 0, 2]) {
      const answer = await gate(asPrometheus).check(context(now + hours * 3_600_000), signal);
      assert.ok(!answer.open && answer.code === "active", `${hours} hours`);
    }
  });

  it("asks Prometheus once, and by POST", async () => {
    const asked: unknown[] = [];
    await gate(async (...request) => {
      asked.push(request.slice(0, 2));
      return vector()(...request);
    }).check(context(0), signal);
    assert.deepEqual(asked, [["http://prometheus:9090/api/v1/query", { query: "ALERTS" }]]);
  });

  /** A proxy that lets readers read, and does nothing else for them. */
  function readOnly(status: number, toGet: typeof silent, urls: string[] = []): typeof silent {
    return async (url, form, ...rest) => {
      if (form !== undefined) return { status, text: "POST is not for you" };
      urls.push(url);
      return await toGet(url, form, ...rest);
    };
  }

  it("asks by GET where POST is refused with 403, 405 or 501", async () => {
    for (const status of [403, 405, 501]) {
      const urls: string[] = [];
      const server = prometheus(readOnly(status, vector(alert("DiskFull")), urls), {
        url: "http://prometheus:9090/?partial_response=false",
      });
      const matchers = ['team="a&b"'];
      const answer = await gate(silent, { prometheus: server, matchers }).check(context(0), signal);
      assert.ok(!answer.open && answer.code === "active");
      assert.deepEqual(urls, [
        "http://prometheus:9090/api/v1/query?partial_response=false&query=ALERTS%7Bteam%3D%22a%26b%22%7D",
      ]);
    }
  });

  it("does not ask by GET where POST fails otherwise", async () => {
    for (const status of [400, 401, 404, 422, 500, 503]) {
      const urls: string[] = [];
      await assert.rejects(gate(readOnly(status, vector(), urls)).check(context(0), signal));
      assert.deepEqual(urls, []);
    }
  });

  it("says both where GET is refused as well", async () => {
    await assert.rejects(
      gate(readOnly(403, answering(404, "no such page"))).check(context(0), signal),
      /^Error: Prometheus at http:\/\/prometheus:9090 answered 403: POST is not for you \(to POST\), and 404: no such page \(to GET\)$/,
    );
  });

  it("gives both together the time of one", async () => {
    const clock = { ...systemClock, sleep: async () => {} };
    const server = prometheus(readOnly(403, silent), { clock });
    await assert.rejects(gate(silent, { prometheus: server }).check(context(0), signal), /within 10 s$/);
  });

  it("keeps the path and the query of the URL, and the user for who sends it", async () => {
    const urls: string[] = [];
    const server = prometheus(
      async (url, ...rest) => {
        urls.push(url);
        return vector()(url, ...rest);
      },
      { url: "https://me:secret@host/select/0/prometheus/?partial_response=false" },
    );
    await gate(silent, { prometheus: server }).check(context(0), signal);
    assert.deepEqual(urls, [
      "https://me:secret@host/select/0/prometheus/api/v1/query?partial_response=false",
    ]);
  });

  it("is open without alerts", async () => {
    assert.deepEqual(await gate(vector()).check(context(0), signal), { open: true });
  });

  it("is closed with alerts, and names them", async () => {
    const answer = await gate(vector(alert("DiskFull"), alert("Watchdog"))).check(context(0), signal);
    assert.deepEqual(answer, {
      open: false,
      code: "active",
      message: "2 alerts are active: DiskFull, Watchdog",
    });
  });

  it("names ten at most, and of a long name the beginning", async () => {
    const many = Array.from({ length: 30 }, (_, index) => alert(`Alert${index}${"x".repeat(1000)}`));
    const answer = await gate(vector(...many)).check(context(0), signal);
    assert.ok(
      !answer.open && answer.message.startsWith("30 alerts") && answer.message.endsWith(" and 20 more"),
    );
    assert.ok(answer.message.length < 1200);
  });

  it("cannot tell from useless answers", () =>
    everyRow(useless, (post, says) => assert.rejects(gate(post).check(context(0), signal), says)));

  it("says why a query was not understood, in the server's words", async () => {
    const refused = answering(400, { status: "error", errorType: "bad_data", error: "parse error: no" });
    const says = /^Error: Prometheus at http:\/\/prometheus:9090 answered 400: parse error: no$/;
    await assert.rejects(gate(refused).check(context(0), signal), says);
  });

  it("cannot tell from an answer that lacks a part, unless what is there closes it", async () => {
    const partial = (...result: unknown[]) =>
      answering(200, {
        status: "success",
        data: { resultType: "vector", result },
        warnings: ["store-2 was not reached"],
      });
    await assert.rejects(
      gate(partial()).check(context(0), signal),
      /may lack a part: store-2 was not reached/,
    );
    assert.equal((await gate(partial(alert("DiskFull"))).check(context(0), signal)).open, false);
  });

  it("cannot tell from an answer that VictoriaMetrics calls partial, unless what is there closes it", async () => {
    const partial = (...result: unknown[]) =>
      answering(200, { status: "success", isPartial: true, data: { resultType: "vector", result } });
    await assert.rejects(gate(partial()).check(context(0), signal), /may lack a part: isPartial: true$/);
    assert.equal((await gate(partial(alert("DiskFull"))).check(context(0), signal)).open, false);
  });

  it("takes an answer that says it is whole for whole", async () => {
    const whole = { isPartial: false, warnings: null, infos: ["PromQL info: not a counter"] };
    const data = { resultType: "vector", result: [] };
    const answer = answering(200, { status: "success", ...whole, data });
    assert.deepEqual(await gate(answer).check(context(0), signal), { open: true });
  });

  it("says that the server was silent, and not that the gate was", async () => {
    const server = prometheus(silent, { clock: hastyClock });
    await assert.rejects(
      gate(silent, { prometheus: server }).check(context(0), signal),
      new SilentServerError("Prometheus at http://prometheus:9090 has not answered within 10 s"),
    );
  });

  it("shows no user and no password", async () => {
    const server = prometheus(answering(500, ""), { url: "http://me:secret@prometheus/?key=secret" });
    await assert.rejects(
      gate(silent, { prometheus: server }).check(context(0), signal),
      /^Error: Prometheus at http:\/\/prometheus answered 500$/,
    );
  });

  describe("with Alertmanager", () => {
    const labels = { alertname: "DiskFull", node: "n1" };
    const status = { state: "suppressed", silencedBy: ["1"], inhibitedBy: [] };
    const mutes: typeof silent = async (url, form) => {
      assert.equal(form, undefined);
      const body = url.endsWith("/api/v2/alerts") ? [{ labels, status }] : [];
      return { status: 200, text: JSON.stringify(body) };
    };
    const full = alert("DiskFull", "firing", "1", { node: "n1" });

    it("is open when all alerts are silenced", async () => {
      const answer = await gate(vector(full), { alertmanager: alertmanager(mutes) }).check(
        context(0),
        signal,
      );
      assert.deepEqual(answer, { open: true });
    });

    it("names those that are not", async () => {
      const answer = await gate(vector(full, alert("Other")), { alertmanager: alertmanager(mutes) }).check(
        context(0),
        signal,
      );
      assert.ok(!answer.open);
      assert.equal(answer.message, "1 alert is active: Other");
    });

    it("does not ask it when there are no alerts", async () => {
      const never: typeof silent = () => assert.fail("nobody is to be asked");
      const answer = await gate(vector(), { alertmanager: alertmanager(never) }).check(context(0), signal);
      assert.deepEqual(answer, { open: true });
    });

    it("stays closed with alerts when its answer is useless", () =>
      everyRow(useless, async (post, says) => {
        const answer = await gate(vector(full), { alertmanager: alertmanager(post) }).check(
          context(0),
          signal,
        );
        assert.ok(!answer.open && answer.code === "active");
        assert.match(answer.message, /^1 alert is active: DiskFull, and cannot tell which are silenced: /);
        assert.match(answer.message, says);
      }));

    it("stays closed with alerts when it is silent", async () => {
      const server = alertmanager(silent, { clock: hastyClock });
      const answer = await gate(vector(full), { alertmanager: server }).check(context(0), signal);
      assert.ok(!answer.open);
      assert.match(answer.message, /Alertmanager at http:\/\/alertmanager:9093 has not answered within 10 s/);
    });

    it("stays closed with alerts when there is too much to compare", async () => {
      let elapsed = 0;
      const clock = { ...systemClock, elapsed: () => (elapsed += 1500) };
      const busy: typeof silent = async (url) => {
        const body = url.endsWith("/api/v2/alerts") ? [] : [busySilence];
        return { status: 200, text: JSON.stringify(body) };
      };
      const matchers = [{ name: "node", value: "n.*", isRegex: true, isEqual: true }];
      const busySilence = { status: { state: "active" }, matchers };
      const answer = await gate(vector(full, full), { alertmanager: alertmanager(busy, { clock }) }).check(
        context(0),
        signal,
      );
      assert.ok(!answer.open);
      assert.match(
        answer.message,
        /cannot tell which are silenced: comparing 2 alerts with 0 and 1 silences of Alertmanager at .* takes more than 2 s$/,
      );
    });

    it("has time for both to be slow", () => {
      const { deadlineMs = 0 } = gate(silent, { alertmanager: alertmanager(silent) });
      assert.ok(deadlineMs > 20_000);
    });
  });
});
