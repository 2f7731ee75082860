import { runBudgets } from "./budgets.ts";
import { runDaemonSets } from "./daemonsets.ts";
import { runDeployments } from "./deployments.ts";
import { runOwnerCollector, runPodCollector } from "./garbage.ts";
import { createInformers, type Informers } from "./informers.ts";
import { runJobs } from "./jobs.ts";
import { runNodeLifecycle } from "./node-lifecycle.ts";
import type { Ports } from "./ports.ts";
import { runReplicaSets } from "./replicasets.ts";
import { runScheduler } from "./scheduler.ts";
import { runVolumes } from "./volumes.ts";

export interface ControllerOptions {
  /** A Lease that is not renewed for this long makes its node Unknown. */
  nodeGraceMs?: number;
  /** Pods of a node that is gone are left alone for this long. */
  podQuarantineMs?: number;
  /** A volume stays attached to a node for this long after the last pod that uses it. */
  volumeDetachMs?: number;
}

type Controller = (ports: Ports, informers: Informers, options: ControllerOptions) => Promise<void>;

const controllers = {
  scheduler: runScheduler,
  deployments: runDeployments,
  replicaSets: runReplicaSets,
  daemonSets: runDaemonSets,
  jobs: runJobs,
  budgets: runBudgets,
  nodeLifecycle: (ports, informers, { nodeGraceMs = 40_000 }) =>
    runNodeLifecycle(ports, informers, { graceMs: nodeGraceMs }),
  podCollector: (ports, informers, { podQuarantineMs = 40_000 }) =>
    runPodCollector(ports, informers, { quarantineMs: podQuarantineMs }),
  ownerCollector: runOwnerCollector,
  volumes: (ports, informers, { volumeDetachMs = 3000 }) =>
    runVolumes(ports, informers, { detachMs: volumeDetachMs }),
} satisfies Record<string, Controller>;

export type ControllerName = keyof typeof controllers;
export const controllerNames = Object.keys(controllers) as ControllerName[];

/** Runs the named controllers on shared copies until the signal ends them. */
export async function runControllers(
  ports: Ports,
  names: readonly ControllerName[] = controllerNames,
  options: ControllerOptions = {},
): Promise<void> {
  const informers = createInformers(ports);
  // Each asks for its copies before it first waits, so all of them are known below.
  const running = names.map((name) => {
    const run: Controller = controllers[name];
    return run(ports, informers, options);
  });
  await Promise.all([...running, informers.done()]);
}
