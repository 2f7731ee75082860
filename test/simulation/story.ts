import assert from "node:assert/strict";
import type { WholeNode } from "../../daemon/cluster/objects.ts";
import type { RawOptions } from "../../daemon/config/settings.ts";
import type { Check } from "../kubernetes/words.ts";
import { type SmallWorld, type SmallWorldOptions, startSmallWorld } from "./small-world.ts";

export const minute = 60_000;
export const pods = "/api/v1/namespaces/default/pods";
const budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";
const daemonSets = "/apis/apps/v1/namespaces/default/daemonsets";
/** The object that carries the lock. */
export const lease = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/rebootd";

export interface PodFacts {
  on?: string;
  app?: string;
  annotations?: Record<string, string>;
  finalizers?: string[];
  ownerReferences?: object[];
  spec?: object;
}

/** A function that answers with the world of the story that is being told. */
type Told = () => SmallWorld;

/**
 * Tells stories one after the other, each in a world of its own; the words speak of the one that started last. Most words
 * are about one node, n1. A file of tests has a story of its own and stops it after each test.
 */
export function createStory() {
  let world: SmallWorld | undefined;
  const told: Told = () => world ?? assert.fail("the story has not been started");
  return {
    get world() {
      return told();
    },
    async start(options: RawOptions = {}, more: Partial<SmallWorldOptions> = {}): Promise<void> {
      world = await startSmallWorld({ nodes: 1, options, ...more });
    },
    stop: async () => world?.stop(),
    look: () => told().look(),
    node: (name: string) => told().node(name),
    pass: (ms: number) => told().pass(ms),
    until: (what: string, check: Check, withinMs?: number) => told().until(what, check, withinMs),
    setLock: (value: string | null) => told().setLock(value),
    ...objectWords(told),
    ...nodeWords(told),
    ...daemonWords(told),
  };
}

/** Words for what somebody else creates and changes in the cluster. */
function objectWords(told: Told) {
  const create = async (path: string, body: object) => void (await told().api.create(path, body, told()));
  return {
    addPod(
      name: string,
      { on = "n1", app = name, annotations, finalizers, ownerReferences, spec }: PodFacts = {},
    ): Promise<void> {
      const labels = { app };
      const metadata = {
        name,
        labels,
        ...(annotations && { annotations }),
        ...(finalizers && { finalizers }),
        ...(ownerReferences && { ownerReferences }),
      };
      const containers = [{ name: "main", image: "app:1" }];
      return create(pods, { metadata, spec: { nodeName: on, containers, ...spec } });
    },
    addBudget(app: string, name = app, spec: object = { maxUnavailable: 0 }): Promise<void> {
      const body = { metadata: { name }, spec: { ...spec, selector: { matchLabels: { app } } } };
      return create(budgets, body);
    },
    addDaemonSet(name: string, spec: object = {}): Promise<void> {
      const labels = { app: name };
      const containers = [{ name: "main", image: "agent:1" }];
      const template = { metadata: { labels }, spec: { containers, ...spec } };
      return create(daemonSets, {
        metadata: { name },
        spec: { selector: { matchLabels: labels }, template },
      });
    },
    async annotateLease(key: string, value: string | null): Promise<void> {
      await told().api.patch(lease, { metadata: { annotations: { [key]: value } } }, told());
    },
  };
}

/** Words for n1, and for the pods on any node. */
function nodeWords(told: Told) {
  const n1 = () => told().node("n1");
  const phase = () => n1().phase();
  const boots = () => n1().machine.boots.length;
  return {
    podsOn: async (node: string) => (await told().node(node).pods()).map(({ metadata }) => metadata.name),
    phase,
    boots,
    isRebooted: async () => boots() === 2 && (await phase()) === "Idle",
    async wantReboot(): Promise<void> {
      await told().pass(3000);
      n1().wantsReboot();
    },
    readNode: (): Promise<WholeNode> => n1().object(),
    record: () => n1().record(),
    /** What holds it back, as its Node says. */
    reasons: async () =>
      ((await n1().record())?.reasons ?? []).map(
        ({ gate, code, message }) => `${gate} (${code}): ${message}`,
      ),
    patchNode: (body: object) => n1().patch(body),
    setCordon: (unschedulable: true | null) => n1().patch({ spec: { unschedulable } }),
  };
}

/** Words for what the daemons do and say. */
function daemonWords(told: Told) {
  return {
    /** Names of the pods that the daemon asked to go, in order, each with the server's answer. */
    evictions: () =>
      told()
        .server.ledger.entries({ subresource: "eviction" })
        .map(({ name, status }) => `${name} ${status}`),
    saysOf: (text: string) => told().logs.some((line) => line.includes(text)),
    /** Acts in the moment in which a slot is taken; answers how often a daemon has written the lock since. */
    asSlotIsTaken(act: () => void): () => number {
      let writes = 0;
      told().onDaemonRequest = (_, { method, path }) => {
        if (method === "PATCH" && path.includes("/leases/") && writes++ === 0) act();
      };
      return () => writes;
    },
  };
}
