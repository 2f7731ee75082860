import assert from "node:assert/strict";
import { KubeConfig } from "@kubernetes/client-node";
import { accountIn } from "../../daemon/cluster/pod-account.ts";

const places: [what: string, host: string, port: string][] = [
  ["an address", "10.96.0.1", "443"],
  ["an address of IPv6", "fd00::1", "443"],
  ["a name", "kubernetes.default", "6443"],
  ["a port without TLS", "10.96.0.1", "8080"],
];

describe("The service account of a pod", () => {
  const saved = { ...process.env };
  afterEach(() => {
    for (const name of ["KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"]) delete process.env[name];
    Object.assign(process.env, saved);
  });

  for (const [what, host, port] of places) {
    it(`is read as the official client reads it, at ${what}`, () => {
      const environment = { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port };
      const account = accountIn("/a/var/run/secrets/kubernetes.io/serviceaccount", environment);
      Object.assign(process.env, environment);
      const official = new KubeConfig();
      official.loadFromCluster("/a");
      assert.deepEqual(
        [account.getCurrentCluster(), account.getCurrentUser()],
        [official.getCurrentCluster(), official.getCurrentUser()],
      );
    });
  }
});
