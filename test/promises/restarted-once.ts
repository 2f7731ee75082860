/** P12: a drain restarts a Deployment once at most, by the time of its own cordon, and changes nothing else of it. */
import { isDeepStrictEqual } from "node:util";
import { at, ensure, type KubeObject } from "../kubernetes/api/object.ts";
import type { Change } from "../kubernetes/api/store.ts";
import { daemonIn, recordIn } from "./eyes.ts";

const restartedAt = "kubectl.kubernetes.io/restartedAt";

export interface RestartingWorld {
  /** Calls with each change of such an object, and the user who made it. */
  onChange(resource: "nodes" | "deployments.apps", listener: (change: Change, user: string) => void): void;
  violate(promise: string, message: string): void;
}

export function watchRestarts({ onChange, violate }: RestartingWorld): void {
  /** When drains of each node have begun, in milliseconds since the epoch. */
  const drains = new Map<string, Set<number>>();
  const used = new Set<string>();

  onChange("nodes", ({ object }) => {
    const { phase, since } = recordIn(object);
    if (phase !== "Draining" || since === undefined) return;
    const { name } = object.metadata;
    drains.set(name, (drains.get(name) ?? new Set()).add(Date.parse(String(since))));
  });

  onChange("deployments.apps", ({ object, previous }, user) => {
    const node = daemonIn(user);
    if (node === undefined || previous === undefined) return;
    const { name } = object.metadata;
    const value = restartOf(object);
    if (!isDeepStrictEqual(withoutRestart(object), withoutRestart(previous)))
      violate("a daemon only restarts a Deployment", `${node} has changed more of ${name}`);
    if (value === restartOf(previous)) return;
    if (at(object, "spec", "replicas") !== 1)
      violate("only a single replica is replaced", `${node} has restarted ${name}, which has several`);
    if (!drains.get(node)?.has(Date.parse(value ?? "")))
      violate("a drain restarts a Deployment", `${node} has restarted ${name} at ${value}, in no drain`);
    if (used.has(`${name} ${value}`))
      violate("a Deployment is restarted once in a drain", `${node} has restarted ${name} again at ${value}`);
    used.add(`${name} ${value}`);
  });
}

function restartOf(object: KubeObject): string | undefined {
  return at(object, "spec", "template", "metadata", "annotations", restartedAt) as string | undefined;
}

/** The spec, and the labels and annotations of the object, without the time of the restart. */
function withoutRestart({ metadata: { labels, annotations }, spec }: KubeObject): unknown {
  const copy = structuredClone({ labels, annotations, spec });
  delete ensure(copy, "spec", "template", "metadata", "annotations")[restartedAt];
  return copy;
}
