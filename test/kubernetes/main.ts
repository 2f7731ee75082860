#!/usr/bin/env node
/** The simulated cluster alone, for kubectl and for daemons that are started by hand. */
import { copyFileSync } from "node:fs";
import { Command, Option } from "commander";
import { systemClock } from "../../daemon/time/clock.ts";
import { startCluster } from "./cluster.ts";
import { startSimulatedServer } from "./server.ts";
import { onStopSignals } from "./stop-signals.ts";

interface ClusterOptions {
  nodes: number;
  controllers: "all" | "none";
  kubeconfig: string;
  port: number;
}

function wholeNumber(option: string, max: number) {
  return (text: string): number => {
    if (/^\d+$/.test(text) && Number(text) <= max) return Number(text);
    return refuse(option, text, `a whole number from 0 to ${max}, for example 3`);
  };
}

function oneOf(option: string, choices: readonly string[]) {
  return (text: string): string => {
    if (choices.includes(text)) return text;
    return refuse(option, text, `one of ${choices.join(", ")}, for example ${choices[0]}`);
  };
}

function refuse(option: string, text: string, rule: string): never {
  command.error(`error: invalid value ${JSON.stringify(text)} for --${option}: must be ${rule}`);
}

const command: Command = new Command("npm run cluster --")
  .description("Runs a simulated Kubernetes cluster until Ctrl-C.")
  .option("--nodes <number>", "how many nodes", wholeNumber("nodes", 500), 3)
  .addOption(
    new Option("--controllers <which>", "none: only the API server, no machines and no kubelets either")
      .choices(["all", "none"])
      .argParser(oneOf("controllers", ["all", "none"]))
      .default("all"),
  )
  .requiredOption("--kubeconfig <file>", "where to write an administrator's kubeconfig")
  .option("--port <number>", "on loopback; 0 takes a free one", wholeNumber("port", 65_535), 0)
  .allowExcessArguments(false)
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));
const { nodes, controllers, kubeconfig, port } = command.parse().opts<ClusterOptions>();

const stop = onStopSignals();
try {
  const server = await startSimulatedServer(systemClock, { port });
  const cluster = await startCluster({
    server,
    nodes: controllers === "none" ? 0 : nodes,
    signal: stop.signal,
    ...(controllers === "none" && { controllers: [] }),
  });
  try {
    copyFileSync(cluster.adminKubeconfig, kubeconfig);
    const machines = cluster.nodes.length > 0 ? `; machines: ${cluster.folder}/n*` : "";
    process.stdout.write(`ready at ${server.url}: kubectl --kubeconfig ${kubeconfig} get nodes${machines}\n`);
    await new Promise<void>((resolve) => {
      if (stop.signal.aborted) return resolve();
      stop.signal.addEventListener("abort", () => resolve(), { once: true });
    });
  } finally {
    await cluster.stop();
  }
} catch (error) {
  if (!stop.signal.aborted) {
    process.stderr.write(`error: ${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}
// Ctrl-C is how it is meant to end.
process.exit();
