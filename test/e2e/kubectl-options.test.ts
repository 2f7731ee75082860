/** kubectl's options of all commands, by real processes over real HTTP. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "../../daemon/cluster/client.ts";
import { loadPersonalKubeconfig } from "../../daemon/cluster/kubeconfig.ts";
import { kubeconfigTransport } from "../../daemon/cluster/kubeconfig-transport.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import { type ApiServer, createApiServer, type Listening, listen } from "../kubernetes/api/server.ts";
import { everyRow } from "../rows.ts";
import { defaultLock, setLock } from "../world/lock-place.ts";
import { runDaemonProcess } from "./daemon-process.ts";

describe("kubectl's options", () => {
  let server: ApiServer;
  let https: Listening;
  let silent: Server;
  let folder: string;
  let environment: Record<string, string>;

  before(async () => {
    server = createApiServer();
    https = await listen(server);
    silent = createServer(() => {}).listen(0, "127.0.0.1");
    folder = await mkdtemp(join(tmpdir(), "rebootd-options-"));
    const api = createClient({ transport: server.transport(server.adminToken), clock: systemClock });
    await setLock({ api, signal: AbortSignal.timeout(5000) }, defaultLock, null);
    const guest = server.addUser({ name: "guest", groups: [] });
    const port = () => (silent.address() as AddressInfo).port;
    const authority = { "certificate-authority-data": Buffer.from(https.caPem).toString("base64") };
    const config = {
      clusters: [
        { name: "real", cluster: { server: https.url, ...authority } },
        { name: "silent", cluster: { server: `http://127.0.0.1:${port()}` } },
        { name: "nowhere", cluster: { server: "https://127.0.0.1:1" } },
      ],
      users: [
        { name: "admin", user: { token: server.adminToken } },
        { name: "guest", user: { token: guest } },
        {
          name: "sudo",
          user: {
            token: server.adminToken,
            as: "eve",
            "as-uid": "7",
            "as-groups": ["system:masters", "x, y"],
          },
        },
      ],
      contexts: [
        { name: "good", context: { cluster: "real", user: "admin" } },
        { name: "bad", context: { cluster: "nowhere", user: "guest" } },
      ],
      "current-context": "bad",
    };
    await writeFile(join(folder, "config"), JSON.stringify(config));
    environment = { KUBECONFIG: join(folder, "config") };
  });
  beforeEach(() => server.ledger.clear());
  after(async () => {
    silent.close();
    silent.closeAllConnections();
    await https.close();
    await rm(folder, { recursive: true });
  });

  const rebootd = (line: string) => runDaemonProcess(line.split(" "), environment);

  it("choose the cluster, the user, and on whose behalf, before the subcommand and behind it", () =>
    everyRow(
      [
        ["--context bad status --context good", "kubernetes-admin"],
        ["status --cluster real --user=admin -n kube-system", "kubernetes-admin"],
        ["--context good --as bob --as-group dev status --as-group=system:masters", "kubernetes-admin"],
        ["status --context=good --user=sudo", "kubernetes-admin"],
        ["--user=sudo status --context=good --as=mallory", "kubernetes-admin"],
      ].map(([line = "", user]) => [line, line, user] as const),
      async (line, user) => {
        // Nobody but these may read; the ledger has the owner of the token.
        server.ledger.clear();
        const { code, err } = await rebootd(line);
        assert.deepEqual([code, err], [0, ""]);
        assert.deepEqual([...new Set(server.ledger.entries().map((entry) => entry.user))], [user]);
      },
    ));

  it("send a UID and each group by itself, as the server reads them", async () => {
    const chosen = { context: "good", user: "sudo" };
    const reviewed = async (given: Parameters<typeof kubeconfigTransport>[3], one: typeof chosen) => {
      const config = loadPersonalKubeconfig({ kubeconfig: join(folder, "config"), listed: [], chosen: one });
      const api = createClient({
        transport: kubeconfigTransport(config, systemClock, {}, given),
        clock: systemClock,
      });
      const review = { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" };
      const path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
      const { status } = await api.create<{ status: { userInfo: object } }>(path, review, {
        signal: AbortSignal.timeout(10_000),
      });
      return status.userInfo;
    };
    const everybody = "system:authenticated";
    assert.deepEqual(await reviewed({}, chosen), {
      username: "eve",
      uid: "7",
      groups: ["system:masters", "x, y", everybody],
    });
    assert.deepEqual(await reviewed({ as: "bob", groups: ["a, b"], uid: "8" }, chosen), {
      username: "bob",
      uid: "8",
      groups: ["a, b", everybody],
    });
    const admin = { context: "good", user: "admin" };
    assert.deepEqual(await reviewed({ as: "bob" }, admin), { username: "bob", groups: [everybody] });
  });

  it("show the name of a person who may not", async () => {
    const { code, err } = await rebootd("status --context good --as bob --as-group dev");
    assert.equal(code, 1);
    assert.match(err, /User "bob" cannot/);
  });

  it("limit each request, in the forms of kubectl, and need not", () =>
    everyRow(
      ["0.2s", "1"].map((limit) => [limit, limit, undefined] as const),
      async (limit) => {
        const { code, err } = await rebootd(
          `status --context good --cluster silent --request-timeout ${limit}`,
        );
        assert.equal(code, 1);
        assert.match(err, limit === "1" ? /timed out after 1 s/ : /timed out after 0\.2 s/);
      },
    ));

  it("are refused with one line where they make no sense", () =>
    everyRow(
      (
        [
          ["status --context none", /it has no context "none" with a cluster; the contexts are good, bad\n/],
          [
            "status --cluster none",
            /it has no cluster "none" with a server; the clusters are real, silent, nowhere\n/,
          ],
          ["status --user none", /it has no user "none"; the users are admin, guest, sudo\n/],
          ["status --context good --as-group dev", /requires a user to impersonate \(--as\)/],
          ["status --context good --as-uid 5", /requires a user to impersonate \(--as\)/],
        ] as const
      ).map(([line, says]) => [line, line, says] as const),
      async (line, says) => {
        const { code, out, err } = await rebootd(line);
        assert.match(err, says);
        assert.match(err, /^rebootd: [^\n]+\n$/);
        assert.deepEqual([code, out], [2, ""]);
      },
    ));
});
