/** Connections to an API server with HTTP/2 and HTTP/1.1, as kube-apiserver has them, or with only the latter. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { ServerHttp2Session } from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KubeConfig } from "@kubernetes/client-node";
import { type Api, isApiError } from "../../daemon/cluster/api.ts";
import { createClient } from "../../daemon/cluster/client.ts";
import { createConnections } from "../../daemon/cluster/connection.ts";
import { watchObject } from "../../daemon/cluster/informer.ts";
import { kubeconfigTransport } from "../../daemon/cluster/kubeconfig-transport.ts";
import { type Clock, systemClock } from "../../daemon/time/clock.ts";
import { certificate } from "../kubernetes/api/https.ts";
import {
  type ApiServer,
  createApiServer,
  kubeconfig,
  type Listening,
  listen,
} from "../kubernetes/api/server.ts";
import { type Relay, startRelay } from "../kubernetes/middlemen.ts";

/** A clock that is ten times as fast. */
const tenTimes: Clock = {
  wall: () => Date.now(),
  elapsed: () => performance.now() * 10,
  sleep: (ms, signal) => systemClock.sleep(ms / 10, signal),
};

let server: ApiServer;
let https: Listening;
let relay: Relay;
let sessions: ServerHttp2Session[];
let end: AbortController;

async function begin(onlyHttp1 = false): Promise<void> {
  server = createApiServer();
  sessions = [];
  https = await listen(server, { onlyHttp1, onSession: (session) => sessions.push(session) });
  relay = await startRelay(Number(new URL(https.url).port));
  end = new AbortController();
  const admin = createClient({ transport: server.transport(server.adminToken), clock: systemClock });
  await admin.create("/api/v1/nodes", { metadata: { name: "n1" } }, { signal: end.signal });
}

async function finish(): Promise<void> {
  end.abort();
  await relay.close();
  await https.close();
}

function connect(clock: Clock): Api {
  const config = new KubeConfig();
  const url = `https://127.0.0.1:${relay.port}`;
  config.loadFromString(kubeconfig({ ...https, url, token: server.adminToken, user: "admin" }));
  return createClient({ transport: kubeconfigTransport(config, clock), clock });
}

const getNode = (api: Api) => api.get<{ metadata: object }>("/api/v1/nodes/n1", { signal: end.signal });

/** Watches Node n1, and returns the list of its steps. */
function watchNode(api: Api, clock: Clock): string[] {
  const seen: string[] = ["start"];
  const informed = {
    api,
    clock,
    random: () => 0.5,
    collection: "/api/v1/nodes",
    name: "n1",
    onChange: (metadata: object | undefined) => seen.push(metadata === undefined ? "gone" : "there"),
    onBreak: () => seen.push("broken"),
    onReopened: () => seen.push("open again"),
  };
  void watchObject(informed, end.signal);
  return seen;
}

async function eventually(predicate: () => boolean): Promise<void> {
  for (let tries = 0; !predicate() && tries < 2000; tries += 1) await systemClock.sleep(5, end.signal);
  assert.ok(predicate());
}

/** A clock that is stepped, and whose waits never end. */
function steppedClock(): Clock & { pass(ms: number): void } {
  let now = 0;
  return {
    wall: () => Date.now(),
    elapsed: () => now,
    sleep: (_, signal) =>
      new Promise((_, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason), { once: true }),
      ),
    pass: (ms) => {
      now += ms;
    },
  };
}

describe("Credentials in files", () => {
  let folder: string;
  beforeEach(async () => {
    await begin();
    folder = await mkdtemp(join(tmpdir(), "rebootd-files-"));
  });
  afterEach(async () => {
    await finish();
    await rm(folder, { recursive: true });
  });

  /** Connects with the files of a pod. */
  function connectByFiles(clock: Clock): Api {
    const config = new KubeConfig();
    const authProvider = { name: "tokenFile", config: { tokenFile: join(folder, "token") } };
    config.loadFromClusterAndUser(
      { name: "c", server: https.url, caFile: join(folder, "ca.crt"), skipTLSVerify: false },
      { name: "u", authProvider },
    );
    return createClient({ transport: kubeconfigTransport(config, clock), clock });
  }
  const write = (name: string, text: string) => writeFile(join(folder, name), text);
  const lastAsker = () => server.ledger.entries().at(-1)?.user;

  it("are read for each request: the certificate authority", async () => {
    const api = connectByFiles(steppedClock());
    await write("token", server.adminToken);
    await write("ca.crt", (await certificate()).cert);
    await assert.rejects(getNode(api), (error) => isApiError(error, "unreachable"));
    await write("ca.crt", https.caPem);
    await getNode(api);
  });

  it("are read after a minute: the token", async () => {
    const clock = steppedClock();
    const api = connectByFiles(clock);
    await write("ca.crt", https.caPem);
    await write("token", server.adminToken);
    await getNode(api);
    await write("token", server.addUser({ name: "next", groups: ["system:masters"] }));
    clock.pass(59_000);
    await getNode(api);
    assert.equal(lastAsker(), "kubernetes-admin");
    clock.pass(1000);
    await getNode(api);
    assert.equal(lastAsker(), "next");
  });

  it("are read at once after a 401: the token", async () => {
    const api = connectByFiles(steppedClock());
    await write("ca.crt", https.caPem);
    await write("token", "old");
    await assert.rejects(getNode(api), (error) => isApiError(error, "unauthorized"));
    assert.equal(server.ledger.count({ status: 401 }), 1);
    await write("token", server.adminToken);
    await getNode(api);
  });

  it("are read within the same request if they have changed: the token", async () => {
    const api = connectByFiles(steppedClock());
    await write("ca.crt", https.caPem);
    const expired = server.addUser({ name: "old", groups: ["system:masters"] });
    await write("token", expired);
    await getNode(api);
    await write("token", server.adminToken);
    const refusal = { code: 401, reason: "Unauthorized", message: "expired" };
    server.faults.add({ match: { user: "old" }, effect: { refusal } });
    await getNode(api);
    assert.equal(lastAsker(), "kubernetes-admin");
  });
});

describe("Connections to the API server", () => {
  afterEach(finish);

  for (const [version, onlyHttp1] of [
    ["HTTP/2", false],
    ["HTTP/1.1", true],
  ] as const) {
    describe(`over ${version}, dropped by the network`, () => {
      beforeEach(() => begin(onlyHttp1));

      it("are replaced: a request succeeds again within 45 s", async () => {
        const api = connect(tenTimes);
        await getNode(api);
        assert.equal(sessions.length, onlyHttp1 ? 0 : 1);
        // Over HTTP/1.1 the connection is free a moment after the end of the answer.
        await systemClock.sleep(20, end.signal);
        relay.forget();
        const since = tenTimes.elapsed();
        const failures: unknown[] = [];
        while (tenTimes.elapsed() - since < 600_000) {
          const answer = await getNode(api).catch((error: unknown) => failures.push(error));
          if (typeof answer !== "number") break;
        }
        assert.ok(failures.length > 0, "the connection was not the one that was forgotten");
        const tookMs = tenTimes.elapsed() - since;
        assert.ok(tookMs < 45_000, `${tookMs} ms: ${failures}`);
      });
    });
  }

  describe("over HTTP/2", () => {
    beforeEach(() => begin());

    it("are replaced if dropped by the network: a watch is open again within 45 s", async () => {
      const seen = watchNode(connect(tenTimes), tenTimes);
      await eventually(() => seen.includes("there"));
      relay.forget();
      const since = tenTimes.elapsed();
      await eventually(() => seen.includes("open again"));
      const tookMs = tenTimes.elapsed() - since;
      assert.ok(tookMs < 45_000, `${tookMs} ms`);
    });

    it("are shared by requests and watches", async () => {
      const api = connect(systemClock);
      await getNode(api);
      const seen = watchNode(api, systemClock);
      await eventually(() => seen.includes("there"));
      await Promise.all(Array.from({ length: 20 }, () => getNode(api)));
      assert.equal(relay.connections, 1);
    });

    it("are kept without traffic, because the server answers a PING", async () => {
      let now = 0;
      const wakes = new Set<() => void>();
      const stepped: Clock = {
        wall: () => now,
        elapsed: () => now,
        sleep: () => new Promise((resolve) => wakes.add(resolve)),
      };
      const connections = createConnections({
        server: new URL(`https://127.0.0.1:${relay.port}`),
        tls: { ca: https.caPem, rejectUnauthorized: true },
        proxy: undefined,
        clock: stepped,
      });
      const { body } = await connections.exchange({
        path: "/api/v1/nodes?watch=true",
        method: "GET",
        headers: { authorization: `Bearer ${server.adminToken}` },
        signal: end.signal,
      });
      const chunks = body.setEncoding("utf8")[Symbol.asyncIterator]();
      assert.match(String((await chunks.next()).value), /"n1"/);
      const [session] = sessions as [ServerHttp2Session];
      const look = async () => {
        now += 10_000;
        for (const wake of wakes) wake();
        wakes.clear();
        await eventually(() => wakes.size > 0);
      };
      while (now < 10 * 60_000) {
        // Since the last look, something has come; then nothing, so that a PING is sent.
        await look();
        const pinged = once(session, "ping");
        await look();
        await pinged;
        // The answer to this PING of the server shows that its own answer has arrived.
        await new Promise((resolve) => session.ping(resolve));
      }
      assert.deepEqual([relay.connections, session.closed], [1, false]);
      void chunks.return?.();
      connections.close();
    });

    it("are left after a GOAWAY of the server, without losing a request or a watch", async () => {
      const api = connect(systemClock);
      const seen = watchNode(api, systemClock);
      await eventually(() => seen.includes("there"));
      // kube-apiserver --goaway-chance: open requests stay, new ones go elsewhere. The answer to the PING shows that it arrived.
      sessions[0]?.goaway(0);
      await new Promise((resolve) => sessions[0]?.ping(resolve));
      await getNode(api);
      await getNode(api);
      await api.patch("/api/v1/nodes/n1", { metadata: { labels: { a: "b" } } }, { signal: end.signal });
      await eventually(() => seen.filter((word) => word === "there").length >= 2);
      assert.deepEqual([sessions.length, seen.includes("broken")], [2, false]);
    });
  });
});
