/** A server that tells who it takes its client for, by the certificate that the client shows. */
import assert from "node:assert/strict";
import { createSecureServer, type Http2SecureServer } from "node:http2";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { KubeConfig, type User } from "@kubernetes/client-node";
import type { Api } from "../../daemon/cluster/api.ts";
import { createClient } from "../../daemon/cluster/client.ts";
import { kubeconfigTransport } from "../../daemon/cluster/kubeconfig-transport.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import { certificate } from "../kubernetes/api/https.ts";

const { signal } = new AbortController();

describe("A client with a certificate", () => {
  let server: Http2SecureServer;
  let authority: string;
  let own: { key: string; cert: string };
  before(async () => {
    const { key, cert } = await certificate();
    authority = cert;
    own = await certificate("a-person");
    server = createSecureServer({ key, cert, requestCert: true, rejectUnauthorized: false });
    server.on("request", (request, response) => {
      const socket = request.stream.session?.socket as TLSSocket | undefined;
      response.end(JSON.stringify({ name: socket?.getPeerCertificate().subject?.CN ?? "nobody" }));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  after(() => {
    server.close();
  });

  function connect(user: Omit<User, "name">): Api {
    const config = new KubeConfig();
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const caData = Buffer.from(authority).toString("base64");
    config.loadFromClusterAndUser(
      { name: "c", server: url, caData, skipTLSVerify: false },
      { name: "u", ...user },
    );
    return createClient({
      transport: kubeconfigTransport(config, systemClock, process.env),
      clock: systemClock,
    });
  }
  const takenFor = async (user: Omit<User, "name">) =>
    (await connect(user).get<{ name: string }>("/", { signal })).name;
  const base64 = (text: string) => Buffer.from(text).toString("base64");

  it("shows none without one", async () => assert.equal(await takenFor({}), "nobody"));

  it("shows the one in the kubeconfig", async () => {
    const user = { certData: base64(own.cert), keyData: base64(own.key) };
    assert.equal(await takenFor(user), "a-person");
  });

  it("shows the one of a credential plugin", async () => {
    const status = { clientCertificateData: own.cert, clientKeyData: own.key };
    const answer = JSON.stringify({ kind: "ExecCredential", status });
    const exec = {
      apiVersion: "client.authentication.k8s.io/v1",
      command: "printenv",
      args: ["ANSWER"],
      env: [{ name: "ANSWER", value: answer }],
    };
    assert.equal(await takenFor({ exec }), "a-person");
  });
});
