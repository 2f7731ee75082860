import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkAlertOptions, httpAccessOf } from "../../daemon/config/alerts.ts";
import { ConfigError, parseConfig, type RawOptions } from "../../daemon/config/options.ts";
import { certificate } from "../kubernetes/api/https.ts";

const url = "http://prometheus:9090";
const configOf = (raw: RawOptions) => parseConfig({ "node-id": "n1", ...raw });

describe("The options about alerts", () => {
  const refused: [raw: RawOptions, says: RegExp][] = [
    [
      { "block-on-query": "up == 0" },
      /^--block-on-query: allowed is this together with --prometheus-url=URL, such as/,
    ],
    [{ "alertmanager-url": "http://alertmanager:9093" }, /^--alertmanager-url: .*--prometheus-url/],
    [{ "alert-matchers": "severity=critical" }, /^--alert-matchers: .*--prometheus-url/],
    [{ "alerts-max-age": "24h" }, /^--alerts-max-age: .*--prometheus-url/],
    [{ "prometheus-header": "a: secret" }, /^--prometheus-header: allowed is this together with/],
    [
      { "prometheus-url": url, "prometheus-bearer-token-file": "/t", "prometheus-basic-auth-file": "/b" },
      /^--prometheus-bearer-token-file and --prometheus-basic-auth-file: allowed is one of them$/,
    ],
    [
      { "prometheus-url": "http://me:secret@prometheus", "prometheus-bearer-token-file": "/t" },
      /^user and password in --prometheus-url and --prometheus-bearer-token-file: allowed is one of them$/,
    ],
    [
      { "prometheus-url": "http://me:sec%ret@prometheus" },
      /^--prometheus-url="http:\/\/…@prometheus": .* each % written as %25$/,
    ],
    [
      { "prometheus-url": url, "alertmanager-url": "http://me:sec%ret@alertmanager" },
      /^--alertmanager-url="http:\/\/…@alertmanager": .*%25$/,
    ],
  ];
  for (const [raw, says] of refused) {
    it(`are not ${JSON.stringify(raw)}`, () =>
      assert.throws(
        () => checkAlertOptions(configOf(raw)),
        (error) => error instanceof ConfigError && says.test(error.message),
      ));
  }

  const accepted: RawOptions[] = [
    {},
    { "alert-filter-regexp": "x", "alert-firing-only": "true" },
    { "prometheus-url": url, "block-on-query": ["a", "b"], "prometheus-bearer-token-file": "/t" },
    {
      "prometheus-url": url,
      "alertmanager-url": "http://me:secret@alertmanager",
      "prometheus-bearer-token-file": "/t",
    },
  ];
  for (const raw of accepted) {
    it(`may be ${JSON.stringify(raw)}`, () => checkAlertOptions(configOf(raw)));
  }

  it("show no secret where they are refused", () => {
    for (const raw of [
      { "prometheus-url": "htp://me:secret@prometheus" },
      { "prometheus-url": "me:s/e@secret@prometheus:9090" },
      { "prometheus-header": "Authorization: Bearer secret" },
    ]) {
      assert.throws(
        () => configOf(raw),
        (error) => error instanceof ConfigError && !error.message.includes("secret"),
      );
    }
  });
});

describe("What requests to Prometheus carry", () => {
  let folder: string;
  const file = async (name: string, content: string) => {
    await writeFile(join(folder, name), content);
    return join(folder, name);
  };
  const accessOf = (raw: RawOptions) => httpAccessOf(configOf({ "prometheus-url": url, ...raw }));

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "rebootd-alerts-"));
  });
  after(() => rm(folder, { recursive: true }));

  it("is nothing unless it is asked for", async () => {
    assert.deepEqual(await (await accessOf({}))(), { headers: {}, caPem: undefined });
  });

  it("are headers", async () => {
    const read = await accessOf({ "prometheus-header": ["X-Scope-OrgID: infra", "x-two:  2 "] });
    assert.deepEqual((await read()).headers, { "X-Scope-OrgID": "infra", "x-two": "2" });
  });

  it("is a token, as it is in the file at the time", async () => {
    const token = await file("token", "first\n");
    const read = await accessOf({ "prometheus-bearer-token-file": token });
    assert.deepEqual((await read()).headers, { authorization: "Bearer first" });
    await file("token", "second");
    assert.deepEqual((await read()).headers, { authorization: "Bearer second" });
    await rm(token);
    await assert.rejects(read(), /--prometheus-bearer-token-file=".*token": ENOENT/);
  });

  it("is a user with a password", async () => {
    const path = await file("basic", "me:p:ß\n");
    const { headers } = await (await accessOf({ "prometheus-basic-auth-file": path }))();
    assert.deepEqual(headers, { authorization: `Basic ${Buffer.from("me:p:ß").toString("base64")}` });
  });

  it("are certificates to trust, all that are in the file", async () => {
    const [one, two] = [await certificate(), await certificate()];
    const path = await file("ca", `# one\n${one.cert}\n${two.cert}`);
    const { caPem = "" } = await (await accessOf({ "prometheus-ca-file": path }))();
    assert.equal(caPem.match(/BEGIN/g)?.length, 2);
  });

  it("is not read from a file without an end", async () => {
    const endless = accessOf({ "prometheus-bearer-token-file": "/dev/zero" });
    await assert.rejects(endless, /allowed is a file with a token/);
  });

  const refused: [option: keyof RawOptions, content: string | undefined, says: RegExp][] = [
    ["prometheus-bearer-token-file", undefined, /ENOENT/],
    ["prometheus-basic-auth-file", undefined, /ENOENT/],
    ["prometheus-ca-file", undefined, /ENOENT/],
    ["prometheus-bearer-token-file", "", /allowed is a file with a token on one line/],
    ["prometheus-bearer-token-file", "my secret", /allowed is/],
    ["prometheus-basic-auth-file", "secret", /allowed is a file with one line such as prometheus:s/],
    ["prometheus-basic-auth-file", "me:secret\nyou:secret", /allowed is/],
    ["prometheus-ca-file", "secret", /allowed are certificates as PEM/],
    ["prometheus-ca-file", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", /asn1|PEM/],
  ];
  for (const [option, content, says] of refused) {
    it(`is refused at once: --${option} with ${JSON.stringify(content)}`, async () => {
      const path = content === undefined ? join(folder, "nowhere") : await file("some", content);
      await assert.rejects(accessOf({ [option]: path }), (error) => {
        assert.ok(error instanceof ConfigError);
        assert.ok(error.message.startsWith(`--${option}="${path}": `), error.message);
        assert.match(error.message, says);
        return !error.message.includes("my secret");
      });
    });
  }
});
