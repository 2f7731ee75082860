import assert from "node:assert/strict";
import { createClient } from "../../daemon/cluster/client.ts";
import { lookForOthers } from "../../daemon/compose/others.ts";
import { hostManagers } from "../../daemon/host/others/managers.ts";
import type { LockPlace } from "../../daemon/lock/lock-object.ts";
import { type Clock, systemClock } from "../../daemon/time/clock.ts";
import { createApiServer } from "../kubernetes/api/server.ts";

const { signal } = new AbortController();
/** Waits for nothing but deadlines of the client. */
const clock: Clock = { ...systemClock, sleep: (ms, inner) => systemClock.sleep(ms < 60_000 ? ms : 0, inner) };
const random = () => 0.5;
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
  const found = await lookForOthers("n1", place, { api, clock, random, host }, signal);
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

  it("is looked for five to ten minutes after the start, and not at all by a daemon that is stopped before", async () => {
    const { api, server } = await cluster({ node: { labels: aks } });
    const slept: number[] = [];
    const stop = new AbortController();
    const watched: Clock = {
      ...clock,
      async sleep(ms) {
        slept.push(ms);
        stop.abort();
      },
    };
    const before = server.ledger.entries({}).length;
    const ports = { api, clock: watched, random, host: {} };
    assert.deepEqual(await lookForOthers("n1", ownLock, ports, stop.signal), []);
    assert.deepEqual(slept, [450_000]);
    assert.equal(server.ledger.entries({}).length, before);
  });

  it("is nothing after its deadline, and does not hold the daemon up", async () => {
    const { api } = await cluster({ node: { labels: aks } });
    const fast = {
      ...clock,
      sleep: (ms: number, inner: AbortSignal) => systemClock.sleep(ms / 10_000, inner),
    };
    const host = { otherManagers: () => new Promise<never>(() => {}) };
    assert.deepEqual(await lookForOthers("n1", ownLock, { api, clock: fast, random, host }, signal), []);
  });
});
