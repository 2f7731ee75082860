import { createClient } from "../../daemon/cluster/client.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import { withDeadline } from "../../daemon/time/deadline.ts";
import { type ApiServer, createApiServer } from "./api/server.ts";
import { createInformers, type Informers } from "./controllers/informers.ts";
import { collection, type Resource, type StoredNode, type StoredPod } from "./controllers/objects.ts";
import type { Ports } from "./controllers/ports.ts";
import type { VirtualTime } from "./virtual-time.ts";
import { type Check, createTestNode, type TestCluster } from "./words.ts";

/** An API server in memory with nothing in it, and one client under test at a time. */
export interface Testbed extends TestCluster {
  server: ApiServer;
  ports: Ports;
  /** Started with the testbed's end as its own; an error in it fails the next wait. */
  run(task: Promise<unknown>): void;
  informers(): Informers;
  /** Waits until what is asked for has the answer, and shows the last one if it never has. */
  get<T>(resource: Resource, name: string): Promise<T>;
  list<T>(resource: Resource): Promise<T[]>;
  create<T>(resource: Resource, body: object): Promise<T>;
  patch<T>(resource: Resource, name: string, body: object, subresource?: string): Promise<T>;
  remove(resource: Resource, name: string, options?: object): Promise<void>;
}

const clusterWide: readonly Resource[] = ["nodes", "namespaces", "persistentvolumes", "volumeattachments"];
/** Objects of the tests are in this namespace, where they are in any. */
export const namespace = "default";

/** In real time, or in virtual time, where `until` waits for somebody else to let it pass. */
export function createTestbed(time?: VirtualTime): Testbed {
  const clock = time?.clock ?? systemClock;
  const server = createApiServer({ authorization: "always-allow", ...(time && { timers: time.timers }) });
  const end = new AbortController();
  const { signal } = end;
  const api = createClient({ transport: server.transport(server.adminToken), clock });
  const ports: Ports = { api, clock, random: Math.random, signal };
  const tasks: Promise<unknown>[] = [];
  let failure: unknown;
  const path = (resource: Resource) =>
    collection(resource, clusterWide.includes(resource) ? undefined : namespace);

  async function until(what: string, check: Check, withinMs = 20_000): Promise<void> {
    await withDeadline(clock, withinMs, signal, what, async (inner) => {
      while (!(await check())) {
        if (failure !== undefined) throw failure;
        await clock.sleep(10, inner);
      }
    });
  }

  return {
    server,
    api,
    signal,
    ports,
    node: (name) => createTestNode(name, ports),
    run: (task) => {
      const caught = task.catch((error: unknown) => {
        if (!signal.aborted) failure = error;
      });
      tasks.push(caught);
    },
    informers: () => createInformers(ports),
    until,
    pass: time?.pass ?? ((ms) => clock.sleep(ms, signal)),
    get: (resource, name) => api.get(`${path(resource)}/${name}`, { signal }),
    list: async <T>(resource: Resource) => (await api.get<{ items: T[] }>(path(resource), { signal })).items,
    create: (resource, body) => api.create(path(resource), body, { signal }),
    patch: (resource, name, body, subresource) =>
      api.patch(`${path(resource)}/${name}${subresource === undefined ? "" : `/${subresource}`}`, body, {
        signal,
      }),
    remove: async (resource, name, options = {}) =>
      void (await api.delete(`${path(resource)}/${name}`, options, { signal })),
    stop: async () => {
      end.abort(new Error("the test is over"));
      await Promise.all(tasks);
    },
  };
}

/** A node that is Ready, as if its kubelet had said so. */
export async function addNode(testbed: Testbed, name: string, labels: object = {}): Promise<StoredNode> {
  const hostname = { "kubernetes.io/hostname": name };
  await testbed.create("nodes", {
    metadata: { name, labels: { ...hostname, ...labels } },
    spec: {},
  } as never);
  await testbed.patch("nodes", name, { spec: { taints: null } });
  return setReady(testbed, name, "True");
}

export function setReady(testbed: Testbed, node: string, status: string): Promise<StoredNode> {
  const conditions = [{ type: "Ready", status, reason: "Test", message: "" }];
  return testbed.patch<StoredNode>("nodes", node, { status: { conditions } }, "status");
}

export interface PodFacts {
  app?: string;
  nodeName?: string;
  spec?: object;
  metadata?: object;
}

export function addPod(testbed: Testbed, name: string, facts: PodFacts = {}): Promise<StoredPod> {
  const { app = "web", nodeName, spec = {}, metadata = {} } = facts;
  return testbed.create<StoredPod>("pods", {
    metadata: { name, labels: { app }, ...metadata },
    spec: {
      containers: [{ name: "main", image: "registry.test/app:1" }],
      ...(nodeName && { nodeName }),
      ...spec,
    },
  });
}

/** As its kubelet would say it. */
export function setPodReady(testbed: Testbed, name: string, status = "True"): Promise<StoredPod> {
  const conditions = [{ type: "Ready", status }];
  return testbed.patch<StoredPod>("pods", name, { status: { phase: "Running", conditions } }, "status");
}

export function deployment(name: string, replicas: number, kind = "Deployment"): object {
  const labels = { app: name };
  const template = {
    metadata: { labels },
    spec: { containers: [{ name: "main", image: "registry.test/app:1" }] },
  };
  const spec = { ...(kind !== "DaemonSet" && { replicas }), selector: { matchLabels: labels }, template };
  return { apiVersion: "apps/v1", kind, metadata: { name }, spec };
}
