import type { Api } from "../../daemon/cluster/api.ts";
import { collection, type StoredNode, type StoredPod } from "./controllers/objects.ts";
import type { Ports } from "./controllers/ports.ts";

/**
 * The words that tests have for a cluster, whichever starter it comes from: `createTestbed` (an API server alone),
 * `startSmallWorld` (virtual time) or `startWorld` (real time and processes). A starter adds words of its own.
 */
export interface TestCluster {
  /** With all rights. */
  readonly api: Api;
  /** Ends with the cluster. */
  readonly signal: AbortSignal;
  node(name: string): TestNode;
  /** Waits until the check holds; after `withinMs` of the cluster's time an error that names `what`. */
  until(what: string, check: Check, withinMs?: number): Promise<void>;
  /** Lets this much of the cluster's time pass. */
  pass(ms: number): Promise<void>;
  /** Resolves when nothing of the cluster runs any more. */
  stop(): Promise<void>;
}

export type Check = () => boolean | Promise<boolean>;

/** A Node object; each answer is what the server has stored now. */
export interface TestNode {
  readonly name: string;
  object(): Promise<StoredNode>;
  /** All pods bound to the node. */
  pods(): Promise<StoredPod[]>;
  isCordoned(): Promise<boolean>;
  cordon(): Promise<void>;
  uncordon(): Promise<void>;
  /** A JSON merge patch, as an administrator makes it. */
  patch(body: object): Promise<void>;
}

export function createTestNode(name: string, { api, signal }: Pick<Ports, "api" | "signal">): TestNode {
  const path = `${collection("nodes")}/${name}`;
  const object = () => api.get<StoredNode>(path, { signal });
  const patch = async (body: object) => void (await api.patch(path, body, { signal }));
  return {
    name,
    object,
    pods: async () => {
      const query = { fieldSelector: `spec.nodeName=${name}` };
      return (await api.list<StoredPod>(collection("pods"), { signal, query })).items;
    },
    isCordoned: async () => (await object()).spec?.unschedulable === true,
    cordon: () => patch({ spec: { unschedulable: true } }),
    uncordon: () => patch({ spec: { unschedulable: null } }),
    patch,
  };
}
