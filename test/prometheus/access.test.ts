import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseSettings, type RawOptions } from "../../daemon/config/settings.ts";
import { openHttpAccess, proxyTo } from "../../daemon/prometheus/access.ts";
import { ConfigError } from "../../daemon/text/config-error.ts";
import { certificate } from "../kubernetes/api/https.ts";
import { everyRow } from "../rows.ts";

describe("A request to Prometheus carries", () => {
  let folder: string;
  const file = async (name: string, content: string) => {
    await writeFile(join(folder, name), content);
    return join(folder, name);
  };
  const accessOf = (raw: RawOptions) => {
    const { alerts } = parseSettings({ "node-id": "n1", "prometheus-url": "http://prometheus:9090", ...raw });
    return openHttpAccess(alerts?.access ?? assert.fail(), (path) => readFile(path, "utf8"));
  };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "rebootd-alerts-"));
  });
  after(() => rm(folder, { recursive: true }));

  it("nothing by default", async () => {
    assert.deepEqual(await (await accessOf({}))(), { headers: {}, caPem: undefined });
  });

  it("headers", async () => {
    const read = await accessOf({ "prometheus-header": ["X-Scope-OrgID: infra", "x-two:  2 "] });
    assert.deepEqual((await read()).headers, { "X-Scope-OrgID": "infra", "x-two": "2" });
  });

  it("a token, as it is in the file at the time", async () => {
    const token = await file("token", "first\n");
    const read = await accessOf({ "prometheus-bearer-token-file": token });
    assert.deepEqual((await read()).headers, { authorization: "Bearer first" });
    await file("token", "second");
    assert.deepEqual((await read()).headers, { authorization: "Bearer second" });
    await rm(token);
    await assert.rejects(
      read(),
      /^ConfigError: invalid value ".*token" for --prometheus-bearer-token-file: ENOENT/,
    );
  });

  it("a user with a password", async () => {
    const path = await file("basic", "me:p:ß\n");
    const { headers } = await (await accessOf({ "prometheus-basic-auth-file": path }))();
    assert.deepEqual(headers, { authorization: `Basic ${Buffer.from("me:p:ß").toString("base64")}` });
  });

  it("trust in all certificates of the file", async () => {
    const [one, two] = [await certificate(), await certificate()];
    const path = await file("ca", `# one\n${one.cert}\n${two.cert}`);
    const { caPem = "" } = await (await accessOf({ "prometheus-ca-file": path }))();
    assert.equal(caPem.match(/BEGIN/g)?.length, 2);
  });

  it("the content of no invalid file, which is refused at the start without being shown", () =>
    everyRow<[keyof RawOptions, string | undefined, RegExp]>(
      [
        ["a missing token", "prometheus-bearer-token-file", undefined, /ENOENT/],
        ["a missing user", "prometheus-basic-auth-file", undefined, /ENOENT/],
        ["a missing authority", "prometheus-ca-file", undefined, /ENOENT/],
        ["an empty token", "prometheus-bearer-token-file", "", /must be a file with a token on one line/],
        ["a token of two words", "prometheus-bearer-token-file", "my secret", /must be/],
        [
          "no user",
          "prometheus-basic-auth-file",
          "secret",
          /must be a file with one line, for example prometheus:s/,
        ],
        ["two users", "prometheus-basic-auth-file", "me:my secret\nyou:secret", /must be/],
        ["no certificate", "prometheus-ca-file", "my secret", /must be a file with certificates as PEM/],
        [
          "a broken certificate",
          "prometheus-ca-file",
          "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
          /asn1|PEM/,
        ],
      ],
      async (option, content, rule) => {
        const path = content === undefined ? join(folder, "nowhere") : await file("some", content);
        await assert.rejects(accessOf({ [option]: path }), (error) => {
          assert.ok(error instanceof ConfigError);
          assert.ok(error.message.startsWith(`invalid value "${path}" for --${option}: `), error.message);
          assert.match(error.message, rule);
          return !error.message.includes("my secret");
        });
      },
    ));
});

describe("The proxy to Prometheus", () => {
  it("is refused at the start where the environment does not name it by a URL", () => {
    assert.throws(
      () => proxyTo([undefined, "http://prometheus:9090"], { HTTP_PROXY: "ftp://secret" }),
      (error) => error instanceof ConfigError && /^HTTP_PROXY: must be/.test(error.message),
    );
    assert.equal(proxyTo([undefined], { HTTP_PROXY: "ftp://secret" })(new URL("https://p")), undefined);
  });
});
