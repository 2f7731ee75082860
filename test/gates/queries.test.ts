import assert from "node:assert/strict";
import { queriesGate } from "../../daemon/gates/queries.ts";
import {
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

const said = async (post: typeof silent, queries = ["up == 0"], clock?: typeof hastyClock) => {
  const server = prometheus(post, clock && { clock });
  const answer = await queriesGate(server, queries).check(context(0), signal);
  return answer.open ? "open" : `${answer.code}: ${answer.message}`;
};

const scalar = (value: string) =>
  answering(200, { status: "success", data: { resultType: "scalar", result: [0, value] } });

describe("A query", () => {
  it("opens the gate when it finds nothing", async () => assert.equal(await said(vector()), "open"));

  it("closes it with what it finds, whatever the value", async () => {
    const found = vector(element({ __name__: "up", job: "db", instance: 'a"b' }, "0"));
    assert.equal(
      await said(found),
      String.raw`query: the query up == 0 has a result up{job="db", instance="a\"b"}`,
    );
  });

  it("says how much it finds, and shows the first", async () => {
    assert.equal(
      await said(vector(element({ a: "1" }), element({ a: "2" }))),
      'query: the query up == 0 has 2 results, the first {a="1"}',
    );
  });

  it("closes it with a histogram", async () => {
    const result = [{ metric: {}, histogram: [0, { count: "1", sum: "1" }] }];
    const post = answering(200, { status: "success", data: { resultType: "vector", result } });
    assert.equal(await said(post), "query: the query up == 0 has a result {}");
  });

  const numbers = [
    ["0", "open"],
    ["-0", "open"],
    ["1", "query: the query up == 0 is 1"],
    ["-0.5", "query: the query up == 0 is -0.5"],
    ["NaN", "query: the query up == 0 is NaN"],
    ["+Inf", "query: the query up == 0 is +Inf"],
  ] as const;
  it("closes it with a number other than 0", async () => {
    for (const [value, says] of numbers) assert.equal(await said(scalar(value)), says);
  });

  const unclear = [
    ...useless,
    [
      "a text",
      answering(200, { status: "success", data: { resultType: "string", result: [0, "a"] } }),
      /no vector/,
    ],
    [
      "a matrix",
      answering(200, { status: "success", data: { resultType: "matrix", result: [] } }),
      /no vector/,
    ],
    [
      "nothing but a warning",
      answering(200, {
        status: "success",
        data: { resultType: "vector", result: [] },
        warnings: ["store-2"],
      }),
      /may lack a part: store-2/,
    ],
    [
      "nothing but VictoriaMetrics' word that a part is missing",
      answering(200, { status: "success", isPartial: true, data: { resultType: "vector", result: [] } }),
      /may lack a part: isPartial: true/,
    ],
  ] as const;
  it("cannot be told from useless answers", () =>
    everyRow<[typeof silent, RegExp]>(unclear, async (post, says) => {
      const text = await said(post);
      assert.match(text, /^cannot-tell: the query up == 0: cannot tell: /);
      assert.match(text, says);
    }));

  it("has a server that is silent", async () => {
    assert.equal(
      await said(silent, ["up == 0"], hastyClock),
      "timeout: the query up == 0: cannot tell: Prometheus at http://prometheus:9090 has not answered within 10 s",
    );
  });

  it("is one of several that are all asked, and all said", async () => {
    const post: typeof silent = async (url, form, ...rest) => {
      if (field(form, "query") === "a") return answering(500, "")(url, form, ...rest);
      return vector(...(field(form, "query") === "b" ? [element({})] : []))(url, form, ...rest);
    };
    const text = await said(post, ["a", "b", "c"]);
    assert.match(text, /^query: the query a: cannot tell: .*; the query b has a result \{\}$/);
  });

  it("is shown with its beginning when it is long, and so are labels", async () => {
    const text = await said(vector(element({ a: "x".repeat(1e5) })), ["y".repeat(1e5)]);
    assert.ok(text.length < 400);
  });
});
