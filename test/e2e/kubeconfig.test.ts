/** The ways to an API server that kubectl knows, taken by a person's command. */
import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "../../daemon/cluster/client.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import { type ApiServer, createApiServer, type Listening, listen } from "../kubernetes/api/server.ts";
import { startHttpProxy, startPlainFront, startSocksProxy } from "../kubernetes/middlemen.ts";
import { defaultLock, setLock } from "../world/lock-place.ts";
import { type Ended, runDaemonProcess } from "./daemon-process.ts";

let server: ApiServer;
let https: Listening;
let folder: string;
let port: number;
let token: string;
const middlemen: { close(): Promise<void> }[] = [];

interface Fields {
  cluster?: object;
  user?: object;
}

const file = (name: string) => join(folder, name);

/** With one name for everything, as many installers write "default". JSON is YAML. */
async function writeKubeconfig(
  name: string,
  { cluster = {}, user = { token } }: Fields = {},
): Promise<string> {
  const authority = Buffer.from(https.caPem).toString("base64");
  const config = {
    clusters: [
      {
        name: "default",
        cluster: { server: https.url, "certificate-authority-data": authority, ...cluster },
      },
    ],
    users: [{ name: "default", user }],
    contexts: [{ name: "default", context: { cluster: "default", user: "default" } }],
    "current-context": "default",
  };
  await writeFile(file(name), JSON.stringify(config));
  return file(name);
}

const status = (environment: Record<string, string>): Promise<Ended> =>
  runDaemonProcess(["status"], environment);

async function isAnswered(environment: Record<string, string>): Promise<void> {
  const { code, err } = await status(environment);
  assert.deepEqual([code, err], [0, ""]);
}

async function failsWith(environment: Record<string, string>, says: RegExp): Promise<void> {
  const { code, out, err } = await status(environment);
  assert.match(err, says);
  assert.match(err, /^rebootd: [^\n]+\n$/);
  assert.deepEqual([code, out], [1, ""]);
}

async function keep<T extends { close(): Promise<void> }>(starting: Promise<T>): Promise<T> {
  const middleman = await starting;
  middlemen.push(middleman);
  return middleman;
}

const askers = () => [...new Set(server.ledger.entries().map(({ user }) => user))];

describe("A person's command", () => {
  before(async () => {
    server = createApiServer();
    https = await listen(server);
    port = Number(new URL(https.url).port);
    folder = await mkdtemp(join(tmpdir(), "rebootd-kubeconfig-"));
    token = server.adminToken;
    const api = createClient({ transport: server.transport(token), clock: systemClock });
    await setLock({ api, signal: AbortSignal.timeout(5000) }, defaultLock, null);
  });
  beforeEach(() => server.ledger.clear());
  afterEach(async () => {
    for (const middleman of middlemen.splice(0)) await middleman.close();
  });
  after(async () => {
    await https.close();
    await rm(folder, { recursive: true });
  });

  it("takes the first of several files that have the same names, and heeds neither missing nor empty ones", async () => {
    const first = await writeKubeconfig("first");
    const second = await writeKubeconfig("second", { cluster: { server: "https://127.0.0.1:1" } });
    await writeFile(file("empty"), "");
    await isAnswered({ KUBECONFIG: `${file("missing")}:${file("empty")}:${first}:${second}:${first}` });
    await failsWith({ KUBECONFIG: `${second}:${first}` }, /: https:\/\/127\.0\.0\.1:1: connection refused/);
  });

  it("says which files are missing when all are", async () => {
    const { code, err } = await status({ KUBECONFIG: `${file("missing")}:${file("gone")}` });
    assert.equal(code, 2);
    assert.match(err, /KUBECONFIG.*missing, .*gone/);
  });

  it("has the token from the user's tokenFile, which is beside the kubeconfig, and not the one that is written down", async () => {
    await writeFile(file("token"), `${token}\n`);
    await isAnswered({
      KUBECONFIG: await writeKubeconfig("config", { user: { tokenFile: "token", token: "old" } }),
    });
    await failsWith(
      { KUBECONFIG: await writeKubeconfig("config", { user: { tokenFile: "no-token" } }) },
      /ENOENT: .*no-token/,
    );
  });

  it("finds the certificate authority beside the kubeconfig", async () => {
    await mkdir(file("pki"), { recursive: true });
    await writeFile(file("pki/ca.crt"), https.caPem);
    const cluster = { "certificate-authority-data": undefined, "certificate-authority": "pki/ca.crt" };
    await isAnswered({ KUBECONFIG: await writeKubeconfig("config", { cluster }) });
  });

  describe("with a credential plugin", () => {
    /** Counts its runs, and gives the token that is in a file by then. */
    async function plugin(name: string, expirationTimestamp = "2999-01-01T00:00:00Z") {
      const answer = { kind: "ExecCredential", status: { token: "TOKEN", expirationTimestamp } };
      await writeFile(
        file(name),
        `#!/bin/sh\ncd ${folder}\necho "$WHO $KUBERNETES_EXEC_INFO" >> runs\n` +
          `cat <<END | sed "s/TOKEN/$(cat next)/"\n${JSON.stringify(answer)}\nEND\n` +
          // The second run has another token.
          `echo ${token} > next\n`,
      );
      await chmod(file(name), 0o755);
      await rm(file("runs"), { force: true });
      const exec = {
        apiVersion: "client.authentication.k8s.io/v1",
        command: `./${name}`,
        env: [{ name: "WHO", value: "me" }],
        provideClusterInfo: true,
      };
      return { KUBECONFIG: await writeKubeconfig("config", { user: { exec } }) };
    }
    const runs = async () => (await readFile(file("runs"), "utf8")).trim().split("\n");

    it("runs it once, and not for each request", async () => {
      await writeFile(file("next"), token);
      await isAnswered(await plugin("login"));
      assert.ok(server.ledger.total > 1);
      const [run = "", ...more] = await runs();
      assert.deepEqual(more, []);
      assert.match(run, /^me {"apiVersion":"client\.authentication\.k8s\.io\/v1","kind":"ExecCredential"/);
      assert.match(run, /"server":"https:\/\/127/);
    });

    it("does not run it for each request where its credentials have expired by this machine's clock", async () => {
      await writeFile(file("next"), token);
      await isAnswered(await plugin("login", "2001-01-01T00:00:00Z"));
      assert.equal((await runs()).length, 1);
    });

    it("runs it again when the server does not take its token any more", async () => {
      await writeFile(file("next"), "revoked");
      await isAnswered(await plugin("login"));
      assert.equal((await runs()).length, 2);
    });

    it("says what the plugin says when it fails, and how to get one that is not there", async () => {
      const exec = {
        apiVersion: "client.authentication.k8s.io/v1",
        installHint: "see https://login.example",
      };
      const args = ["-c", "echo 'please log in' >&2; exit 3"];
      const failing = { exec: { ...exec, command: "sh", args } };
      await failsWith(
        { KUBECONFIG: await writeKubeconfig("config", { user: failing }) },
        /credential plugin sh: it exited with 3: please log in/,
      );
      await failsWith(
        {
          KUBECONFIG: await writeKubeconfig("config", {
            user: { exec: { ...exec, command: "no-such-plugin" } },
          }),
        },
        /credential plugin no-such-plugin: .*ENOENT; see https:\/\/login\.example/,
      );
    });
  });

  describe("where only a proxy reaches the server", () => {
    // The certificate is valid for this name too; here nobody knows its address.
    const far = { server: "https://kubernetes.default.svc:6443" };

    it("goes through the proxy that HTTPS_PROXY names", async () => {
      const proxy = await keep(startHttpProxy(port));
      const KUBECONFIG = await writeKubeconfig("config", { cluster: far });
      for (const name of ["HTTPS_PROXY", "https_proxy"]) {
        await isAnswered({ KUBECONFIG, [name]: `http://me:p%40ss@127.0.0.1:${proxy.port}` });
      }
      assert.deepEqual(new Set(proxy.asked), new Set(["kubernetes.default.svc:6443"]));
      assert.equal(proxy.authorizations[0], `Basic ${btoa("me:p@ss")}`);
    });

    it("does not where NO_PROXY names the server", async () => {
      const proxy = await keep(startHttpProxy(port));
      const KUBECONFIG = await writeKubeconfig("config", { cluster: far });
      const environment = { KUBECONFIG, HTTPS_PROXY: `127.0.0.1:${proxy.port}`, NO_PROXY: "10.0.0.0/8,.svc" };
      await failsWith(
        environment,
        /kubernetes\.default\.svc:6443: (unknown host name|its name cannot be resolved now): .*/,
      );
      assert.deepEqual(proxy.asked, []);
    });

    it("goes through the kubeconfig's proxy rather than the environment's", async () => {
      const proxy = await keep(startHttpProxy(port));
      const cluster = { ...far, "proxy-url": `http://127.0.0.1:${proxy.port}` };
      const KUBECONFIG = await writeKubeconfig("config", { cluster });
      await isAnswered({ KUBECONFIG, HTTPS_PROXY: "http://127.0.0.1:1", NO_PROXY: "*" });
    });

    it("goes through a SOCKS proxy", async () => {
      const proxy = await keep(startSocksProxy(port));
      const cluster = { ...far, "proxy-url": `socks5://127.0.0.1:${proxy.port}` };
      await isAnswered({ KUBECONFIG: await writeKubeconfig("config", { cluster }) });
      assert.equal(proxy.asked[0], "kubernetes.default.svc:6443");
    });

    it("says what the proxy says, and which one is no URL", async () => {
      const proxy = await keep(startHttpProxy(port, 407));
      const KUBECONFIG = await writeKubeconfig("config", { cluster: far });
      const url = `http://127.0.0.1:${proxy.port}`;
      await failsWith(
        { KUBECONFIG, HTTPS_PROXY: url },
        new RegExp(`the proxy ${url} answered 407 to CONNECT`),
      );
      await failsWith(
        { KUBECONFIG, HTTPS_PROXY: "http://127.0.0.1:1" },
        /the proxy http:\/\/127\.0\.0\.1:1 .*ECONNREFUSED/,
      );
      const { code, err } = await status({ KUBECONFIG, HTTPS_PROXY: "ftp://proxy" });
      assert.deepEqual([code, /^rebootd: HTTPS_PROXY: must be the URL of a proxy/.test(err)], [2, true]);
    });
  });

  it("asks a server without TLS, and sends it no credentials", async () => {
    const front = await keep(startPlainFront(https, token));
    const cluster = { server: `http://127.0.0.1:${front.port}`, "certificate-authority-data": undefined };
    await isAnswered({ KUBECONFIG: await writeKubeconfig("config", { cluster, user: { token: "secret" } }) });
    assert.deepEqual(new Set(front.authorizations), new Set([undefined]));
    assert.deepEqual(askers(), ["kubernetes-admin"]);
  });

  it("asks a server without a scheme over TLS where the kubeconfig speaks of TLS, else without", async () => {
    const front = await keep(startPlainFront(https, token));
    const [secure, plain] = [`127.0.0.1:${port}`, `127.0.0.1:${front.port}`];
    await isAnswered({ KUBECONFIG: await writeKubeconfig("config", { cluster: { server: secure } }) });
    const cluster = { server: plain, "certificate-authority-data": undefined };
    await isAnswered({ KUBECONFIG: await writeKubeconfig("config", { cluster }) });
    assert.ok(front.connections > 0);
  });

  describe("that cannot reach the server", () => {
    const causes: [what: string, fields: () => Fields, says: RegExp][] = [
      [
        "the certificate has other names",
        () => ({ cluster: { "tls-server-name": "other.example" } }),
        /https:\/\/127\.0\.0\.1:\d+: x509: its certificate is valid for 127\.0\.0\.1, localhost, kubernetes\.default\.svc, not other\.example; .*tls-server-name/,
      ],
      [
        "the certificate is signed by somebody else",
        () => ({ cluster: { "certificate-authority-data": undefined } }),
        /https:\/\/127\.0\.0\.1:\d+: self-signed certificate: .*certificate-authority/,
      ],
      [
        "the server does not speak TLS",
        () => ({ cluster: { server: `https://127.0.0.1:${plainPort}` } }),
        /https:\/\/127\.0\.0\.1:\d+: it does not speak TLS; .*http:/,
      ],
      [
        "nothing listens there",
        () => ({ cluster: { server: "https://127.0.0.1:1/prefix" } }),
        /https:\/\/127\.0\.0\.1:1\/prefix: connection refused/,
      ],
      [
        "its name is not known",
        () => ({ cluster: { server: "https://nowhere.invalid" } }),
        /https:\/\/nowhere\.invalid: (unknown host name|its name cannot be resolved now): .*nowhere\.invalid/,
      ],
      ["the token has a line break", () => ({ user: { token: "a\nb" } }), /the token must be one word/],
    ];
    let plainPort = 0;
    for (const [what, fields, says] of causes) {
      it(`says that ${what}`, async () => {
        plainPort = (await keep(startPlainFront(https, token))).port;
        await failsWith({ KUBECONFIG: await writeKubeconfig("config", fields()) }, says);
      });
    }
  });
});

describe("A daemon outside of a pod", () => {
  const once = (environment: Record<string, string>): Promise<Ended> =>
    runDaemonProcess(
      [
        ...["run", "--once", "--node-id=n1", `--boot-id-path=${file("boot_id")}`, "--inhibitors=ignore"],
        ...["--enter-host=false", "--reboot-command=true", `--reboot-sentinel=${file("reboot-required")}`],
      ],
      environment,
    );

  before(async () => {
    server = createApiServer();
    https = await listen(server);
    folder = await mkdtemp(join(tmpdir(), "rebootd-kubeconfig-"));
    token = server.adminToken;
    await writeFile(file("boot_id"), "1c09ca98-649c-4c7a-bc77-9cd04c96812e\n");
    const api = createClient({ transport: server.transport(token), clock: systemClock });
    await api.create("/api/v1/nodes", { metadata: { name: "n1" } }, { signal: AbortSignal.timeout(5000) });
  });
  after(async () => {
    await https.close();
    await rm(folder, { recursive: true });
  });

  it("takes the first of several files in KUBECONFIG, and heeds neither missing nor empty ones", async () => {
    const first = await writeKubeconfig("first");
    const second = await writeKubeconfig("second", { cluster: { server: "https://127.0.0.1:1" } });
    await writeFile(file("empty"), "");
    const KUBECONFIG = `${file("missing")}:${file("empty")}:${first}:${second}`;
    const { code, out, err } = await once({ KUBECONFIG });
    assert.deepEqual([code, err], [0, ""]);
    assert.match(out, /^n1 is Idle and would wait: no reboot is needed\n/);
  });

  it("takes the file of its option before those", async () => {
    const right = await writeKubeconfig("right");
    const wrong = await writeKubeconfig("wrong", { cluster: { server: "https://127.0.0.1:1" } });
    const { code } = await once({ KUBECONFIG: wrong, REBOOTD_KUBECONFIG: right });
    assert.equal(code, 0);
    assert.equal((await once({ KUBECONFIG: right, REBOOTD_KUBECONFIG: "" })).code, 0);
  });

  it("ends with 2 where none of them is there, or nothing is named: ~/.kube/config is for people", async () => {
    const missing = await once({ KUBECONFIG: `${file("missing")}:${file("gone")}` });
    assert.deepEqual([missing.code, missing.out], [2, ""]);
    assert.match(
      missing.err,
      /^rebootd: --kubeconfig must be [^\n]+, but no file of KUBECONFIG exists: [^\n]+missing, [^\n]+gone\n/,
    );
    await mkdir(file(".kube"), { recursive: true });
    await writeFile(file(".kube/config"), await readFile(await writeKubeconfig("own")));
    const none = await once({ HOME: folder });
    assert.deepEqual([none.code, none.out], [2, ""]);
    assert.match(
      none.err,
      /^rebootd: --kubeconfig must be [^\n]+, but not in a pod [^\n]+no --kubeconfig given\n/,
    );
  });
});
