import assert from "node:assert/strict";
import { createClient } from "../../daemon/cluster/client.ts";
import { lookForOthers } from "../../daemon/compose/others.ts";
import { hostManagers } from "../../daemon/host/others/managers.ts";
import type { LockPlace } from "../../daemon/lock/lock-object.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import { createApiServer } from "../kubernetes/api/server.ts";

const { signal } = new AbortController();
const clock = systemClock;
const ownLock: LockPlace = {
  kind: "lease",
  namespace: "kube-system",
  name: "rebootd",
  annotation: "rebootd.dev/lock",
};
const kuredLock: LockPlace = { ...ownLock, kind: "daemonset", name: "kured" };
const container = { name: "kured", image: "kured:1.23.0" };
const kured = {
  metadata: { name: "kured" },
  spec: {
    selector: { matchLabels: { name: "kured" } },
    template: { metadata: { labels: { name: "kured" } }, spec: { containers: [container] } },
  },
};
const aks = { "kubernetes.azure.com/upgrade-status": "Quarantined" };
const flatcar = { "flatcar-linux-update.v1.flatcar-linux.net/reboot-ok": "true" };

async function cluster({ node = {}, hasKured = false }: { node?: object; hasKured?: boolean }) {
  const server = createApiServer();
  const api = createClient({ transport: server.transport(server.adminToken), clock });
  await api.create("/api/v1/nodes", { metadata: { name: "n1", ...node } }, { signal });
  if (hasKured) await api.create("/apis/apps/v1/namespaces/kube-system/daemonsets", kured, { signal });
  return { server, api };
}

type Looked = Parameters<typeof lookForOthers>[2];
async function names(place: LockPlace, { api, host = {} }: Pick<Looked, "api"> & Partial<Looked>) {
  const found = await lookForOthers("n1", place, { api, clock, host }, signal);
  return found.map(({ name }) => name);
}

describe("What a daemon notices of other reboot managers when it starts", () => {
  it("is nothing where there is none", async () => {
    assert.deepEqual(await names(ownLock, await cluster({})), []);
  });

  it("is what its machine runs", async () => {
    const [first, second] = hostManagers;
    const host = { otherManagers: async () => [first, second].filter((one) => one !== undefined) };
    assert.deepEqual(await names(ownLock, { ...(await cluster({})), host }), [first?.name, second?.name]);
  });

  it("is what its Node says", async () => {
    const node = { labels: aks, annotations: flatcar };
    assert.deepEqual(await names(ownLock, await cluster({ node })), ["Flatcar update operator", "AKS"]);
  });

  it("is kured in its usual place, unless both share its lock", async () => {
    const there = await cluster({ hasKured: true });
    assert.deepEqual(await names(ownLock, there), ["kured"]);
    assert.deepEqual(await names({ ...kuredLock, namespace: "reboots" }, there), ["kured"]);
    assert.deepEqual(await names(kuredLock, there), []);
  });

  it("is the rest where one part cannot be looked at", async () => {
    const { server } = await cluster({ node: { labels: aks }, hasKured: true });
    const api = createClient({ transport: server.transport("nobody's token"), clock });
    const host = { otherManagers: async () => hostManagers.slice(0, 1) };
    assert.deepEqual(await names(ownLock, { api, host }), [hostManagers[0]?.name]);
    const broken = { otherManagers: () => Promise.reject(new Error("no bus")) };
    assert.deepEqual(
      await names(kuredLock, { ...(await cluster({ node: { labels: aks } })), host: broken }),
      ["AKS"],
    );
  });

  it("is nothing after its deadline, and does not hold the daemon up", async () => {
    const { api } = await cluster({ node: { labels: aks } });
    const fast = { ...clock, sleep: (ms: number, inner: AbortSignal) => clock.sleep(ms / 1000, inner) };
    const host = { otherManagers: () => new Promise<never>(() => {}) };
    assert.deepEqual(await lookForOthers("n1", ownLock, { api, clock: fast, host }, signal), []);
  });
});
