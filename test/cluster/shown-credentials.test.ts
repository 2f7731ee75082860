/** An API server, or a proxy, that shows the credentials of its client in a refusal. */
import assert from "node:assert/strict";
import { createSecureServer, type Http2SecureServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { KubeConfig, type User } from "@kubernetes/client-node";
import { createClient } from "../../daemon/cluster/client.ts";
import { kubeconfigTransport } from "../../daemon/cluster/kubeconfig-transport.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import { certificate } from "../kubernetes/api/https.ts";

describe("An API server that shows the credentials that it was sent", () => {
  let server: Http2SecureServer;
  let authority: string;
  before(async () => {
    const { key, cert } = await certificate();
    authority = cert;
    server = createSecureServer({ key, cert, allowHTTP1: true });
    server.on("request", ({ headers }, response) => {
      const [scheme, sent = ""] = headers.authorization?.split(" ") ?? [];
      const decoded = scheme === "Basic" ? Buffer.from(sent, "base64").toString() : sent;
      response.writeHead(403).end(JSON.stringify({ message: `no rights for ${sent} ${decoded}` }));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  after(() => {
    server.close();
  });

  const users: [what: string, user: Omit<User, "name">][] = [
    ["a token", { token: "t0k3n-of-the-daemon" }],
    ["a password", { username: "me", password: "s3cret-of-the-daemon" }],
  ];
  for (const [what, user] of users) {
    it(`adds no ${what.slice(2)} to the log`, async () => {
      const config = new KubeConfig();
      const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const caData = Buffer.from(authority).toString("base64");
      const cluster = { name: "c", server: url, caData, skipTLSVerify: false };
      config.loadFromClusterAndUser(cluster, { name: "u", ...user });
      const transport = kubeconfigTransport(config, systemClock, {});
      const asked = createClient({ transport, clock: systemClock }).get("/", {
        signal: new AbortController().signal,
      });
      await assert.rejects(asked, { message: "get /: 403: no rights for *** ***" });
    });
  }
});
