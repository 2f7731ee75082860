import assert from "node:assert/strict";
import { idleRecord } from "../../daemon/cycle/record.ts";
import { formFor, toOpenMetrics, withNaN } from "../../daemon/report/exposition.ts";
import { showRecord } from "../../daemon/report/gauges.ts";
import { createMetrics } from "../../daemon/report/metrics.ts";
import { addProcessMetrics, createProcessMetrics } from "../../daemon/report/process-metrics.ts";
import { everyRow } from "../rows.ts";

const openMetrics = "application/openmetrics-text";

describe("The form of the metrics", () => {
  it("is the one that the client prefers, and text where it does not care", () =>
    everyRow(
      [
        ["no header", undefined, "text"],
        ["anything", "*/*", "text"],
        ["a browser", "text/html,application/xml;q=0.9,*/*;q=0.8", "text"],
        ["the text form alone", "text/plain;version=0.0.4", "text"],
        ["OpenMetrics alone", openMetrics, "openMetrics"],
        [
          "Prometheus 2",
          `${openMetrics};version=1.0.0,${openMetrics};version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1`,
          "openMetrics",
        ],
        [
          "Prometheus 3",
          `application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,${openMetrics};version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=1.0.0;q=0.3,*/*;q=0.2`,
          "openMetrics",
        ],
        ["text before OpenMetrics", `${openMetrics};q=0.3, text/plain;q=0.5`, "text"],
        ["either alike", `text/plain, ${openMetrics}`, "openMetrics"],
        ["a quoted version, in capitals", `Application/OpenMetrics-Text; Version="1.0.0"`, "openMetrics"],
        ["a version of later", `${openMetrics};version=2.0.0`, "text"],
        ["not OpenMetrics", `${openMetrics};q=0`, "text"],
        ["a quality that is none", `${openMetrics};q=much`, "text"],
        ["more ranges than anybody sends", `${"a/b,".repeat(2000)}${openMetrics}`, "text"],
        ["nothing but commas", ",;,;=,", "text"],
      ] as const,
      (accept, form) => assert.equal(formFor(accept), form),
    ));

  it("as OpenMetrics has the same series as the text, and each counter by its name without _total", async () => {
    const metrics = createMetrics('n"1\\', "1.2.3");
    addProcessMetrics(metrics.registry, createProcessMetrics());
    showRecord(metrics, idleRecord(0));
    metrics.slotsHeld.set(Number.NaN);
    const text = withNaN(await metrics.registry.metrics());
    const open = toOpenMetrics(text);
    const series = (form: string) => form.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    assert.deepEqual(series(open), series(text));
    assert.match(open, /\n# EOF\n$/);
    assert.doesNotMatch(open, /\n\n/);
    assert.match(open, /\nrebootd_slots_held\{node="n\\"1\\\\"\} NaN\n/);
    const families = [...open.matchAll(/^# TYPE (\S+) (\S+)$/gm)];
    assert.ok(families.length > 50);
    for (const [, name, kind] of families) {
      assert.ok(open.includes(`# HELP ${name} `), name);
      assert.doesNotMatch(name ?? "", /_total$/);
      if (kind !== "counter") continue;
      assert.match(text, new RegExp(`^# TYPE ${name}_total counter$`, "m"));
    }
    // A gauge that is called like a counter keeps its name.
    assert.match(
      toOpenMetrics("# HELP a_total A.\n# TYPE a_total gauge\na_total 1\n"),
      /# TYPE a_total gauge/,
    );
  });
});
