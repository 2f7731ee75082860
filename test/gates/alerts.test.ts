import assert from "node:assert/strict";
import { type AlertFilter, alertsGate, blockingAlerts, type HttpPost } from "../../daemon/gates/alerts.ts";
import { moment } from "./moment.ts";

const { signal } = new AbortController();
const noFilter: AlertFilter = { names: undefined, matchOnly: false, firingOnly: false };

function alert(name: string, alertstate = "firing", value = "1") {
  return { metric: { alertname: name, alertstate }, value: [0, value] as [number, string] };
}

function answering(status: number, text: string): HttpPost {
  return async () => ({ status, text });
}

function vector(...result: ReturnType<typeof alert>[]): HttpPost {
  return answering(200, JSON.stringify({ status: "success", data: { resultType: "vector", result } }));
}

describe("Alerts that block", () => {
  const series = [
    alert("Watchdog"),
    alert("DiskFull", "pending"),
    alert("DiskFull"),
    alert("Gone", "firing", "0"),
  ];
  const rows: [what: string, filter: Partial<AlertFilter>, names: string[]][] = [
    ["are all that are active, each once, without a filter", {}, ["DiskFull", "Watchdog"]],
    ["are not those that the filter names", { names: /^Watchdog$/ }, ["DiskFull"]],
    ["are those alone when the filter is turned round", { names: /dog/, matchOnly: true }, ["Watchdog"]],
    ["are all when there is no filter to turn round", { matchOnly: true }, ["DiskFull", "Watchdog"]],
    ["are none when the filter matches everything", { names: /(?:)/ }, []],
  ];
  for (const [what, filter, names] of rows) {
    it(what, () => assert.deepEqual(blockingAlerts(series, { ...noFilter, ...filter }), names));
  }

  it("may be pending or not, as is asked", () => {
    const pending = [alert("DiskFull", "pending")];
    assert.deepEqual(blockingAlerts(pending, noFilter), ["DiskFull"]);
    assert.deepEqual(blockingAlerts(pending, { ...noFilter, firingOnly: true }), []);
  });
});

describe("The alerts gate", () => {
  const gate = (post: HttpPost) => alertsGate("http://prometheus:9090", noFilter, post);

  it("asks Prometheus for the alerts of now", async () => {
    const asked: unknown[] = [];
    await gate(async (...request) => {
      asked.push(request.slice(0, 2));
      return vector()(...request);
    }).check(moment(1_764_000_000_500), signal);
    assert.deepEqual(asked, [
      ["http://prometheus:9090/api/v1/query", { query: "ALERTS", time: "1764000000.5" }],
    ]);
  });

  it("is open without alerts", async () => {
    assert.deepEqual(await gate(vector()).check(moment(0), signal), { open: true });
  });

  it("is closed with alerts, and names them", async () => {
    const answer = await gate(vector(alert("DiskFull"), alert("Watchdog"))).check(moment(0), signal);
    assert.deepEqual(answer, {
      open: false,
      code: "active",
      message: "2 alerts are active: DiskFull, Watchdog",
    });
  });

  it("names ten at most", async () => {
    const many = Array.from({ length: 30 }, (_, index) => alert(`Alert${index}`));
    const answer = await gate(vector(...many)).check(moment(0), signal);
    assert.ok(!answer.open && answer.message.startsWith("30 alerts") && answer.message.endsWith(", …"));
  });

  for (const [what, post] of [
    ["an error of Prometheus", answering(503, "busy")],
    ["an answer that is not JSON", answering(200, "<html>")],
    [
      "an answer that is no vector",
      answering(200, '{"status":"success","data":{"resultType":"scalar","result":[0,"1"]}}'),
    ],
  ] as const) {
    it(`cannot tell from ${what}`, async () => {
      await assert.rejects(
        gate(post).check(moment(0), signal),
        /Prometheus at http:\/\/prometheus:9090 answered/,
      );
    });
  }
});
