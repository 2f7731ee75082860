import { createRequire } from "node:module";
import type { Clock } from "../../daemon/time/clock.ts";
import type { ApiServer } from "./api/server.ts";
import type { ControllerName } from "./controllers/manager.ts";
import { useExternalServer } from "./external-server.ts";
import { type ClusterServer, startSimulatedServer } from "./server.ts";

/** A kubeconfig of an administrator; without it the suite runs on the simulated server. */
const externalKubeconfig = process.env["TEST_KUBECONFIG"];
const hasControllers = process.env["TEST_CONTROLLERS"] === "server";

const leftOut: { what: string; why: string }[] = [];

export interface Suite {
  server: ClusterServer;
  /** For faults and the ledger; a server that somebody else runs has none. */
  simulated: ApiServer | undefined;
  /** Ours, where the server has none of its own. */
  controllers: readonly ControllerName[] | undefined;
}

export async function startSuite(clock: Clock): Promise<Suite> {
  const controllers = hasControllers ? [] : undefined;
  if (externalKubeconfig !== undefined) {
    return { server: useExternalServer(externalKubeconfig, clock), simulated: undefined, controllers };
  }
  const server = await startSimulatedServer(clock);
  return { server, simulated: server.api, controllers };
}

/** Defines tests that need the simulated server; elsewhere they are listed at the end, with the reason. */
export function onSimulatedServer(what: string, why: string, define: () => void): void {
  if (externalKubeconfig === undefined) define();
  else leftOut.push({ what, why });
}

/** Defines tests for a server that somebody else runs, and hands on its kubeconfig. */
export function onExternalServer(define: (kubeconfig: string, hasControllers: boolean) => void): void {
  if (externalKubeconfig !== undefined) define(externalKubeconfig, hasControllers);
}

interface SuiteParts {
  simulatedOnly: { files: string; why: string }[];
}

/** mocha calls this where it has loaded this file by itself, which it does against a server of somebody else. */
export const mochaHooks = {
  afterAll(): void {
    const { simulatedOnly } = createRequire(import.meta.url)("./suite.json") as SuiteParts;
    console.log(`\nNot run against ${externalKubeconfig}:`);
    for (const { files, why } of simulatedOnly) console.log(`  ${files}: ${why}`);
    for (const { what, why } of leftOut) console.log(`  ${what}: ${why}`);
  },
};
