import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../daemon/time/clock.ts";
import { administrator, startSimulatedServer } from "../kubernetes/server.ts";
import type { Workload } from "../kubernetes/workloads.ts";
import { defaultLock, setLock } from "../world/lock-place.ts";
import { startRebootd } from "../world/rebootd.ts";
import { startUi, type UiProcess } from "../world/ui-process.ts";
import { startWorld, type World } from "../world/world.ts";
import type { DemoOptions } from "./options.ts";
import type { Screen } from "./screen.ts";
import { allHeld, type Outcome, reportFile, summaryLines } from "./summary.ts";
import { timelineSvg } from "./timeline.ts";
import { showCluster } from "./view.ts";

const clock = systemClock;
/** A roll that takes longer has come to a stop. */
const deadlineMs = ({ nodes, concurrency, rebootSeconds }: DemoOptions) =>
  60_000 + Math.ceil(nodes / concurrency) * (rebootSeconds + 30) * 1000;

/** Whether every promise held. Rejects with the signal's reason when that ends it. */
export async function runDemo(options: DemoOptions, screen: Screen, signal: AbortSignal): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), "rebootd-demo-"));
  const removeFolder = () => rmSync(folder, { recursive: true, force: true });
  process.once("exit", removeFolder);
  const world = await startCluster(options, folder, signal);
  let outcome: Outcome | undefined;
  let ui: UiProcess | undefined;
  try {
    screen.print(headLine(options));
    if (options.ui) ui = await startUi(world.adminKubeconfig, "--allow-changes");
    if (ui !== undefined) screen.print(`the page: ${ui.url}`);
    outcome = await roll(world, { ...options, url: ui?.url }, screen, signal);
    if (options.keep || options.ui) await keep(world, screen, signal);
    return allHeld(outcome);
  } finally {
    await ui?.stop();
    const keepFolder = outcome !== undefined && !allHeld(outcome);
    if (keepFolder) {
      process.off("exit", removeFolder);
      screen.print(`logs of the daemons: ${join(folder, "*.log")}`);
    }
    await world.stop({ keepFolder });
  }
}

function headLine({ nodes, concurrency, pods }: DemoOptions): string {
  return `${nodes} nodes, ${concurrency} at a time, ${pods} pods each; every node needs a reboot`;
}

async function startCluster(options: DemoOptions, folder: string, signal: AbortSignal): Promise<World> {
  // Who may do what is another test's subject.
  const server = await startSimulatedServer(clock, { authorization: "always-allow" });
  // Commands look for the object of the lock before any daemon has taken a slot.
  await setLock({ api: server.apiFor(administrator), signal }, defaultLock, null);
  return startWorld({
    server,
    folder,
    signal,
    clock,
    nodes: options.nodes,
    concurrency: options.concurrency,
    rebootSeconds: options.rebootSeconds,
    workloads: workloadsOf(options),
    // Quicker than in reality, so that a machine that is down is soon seen to be.
    kubelet: { heartbeatMs: 1000 },
    controllerOptions: { nodeGraceMs: 5000 },
    startDaemon: (place) => startRebootd(place),
  });
}

/** A third of the pods may be away at one time; of a DaemonSet there is one on each node all the time. */
function workloadsOf({ nodes, pods }: DemoOptions): Workload[] {
  const agent: Workload = { name: "agent", namespace: "kube-system" };
  const [shop, cart] = [Math.ceil((nodes * pods) / 2), Math.floor((nodes * pods) / 2)];
  const deployments = [
    { name: "shop", replicas: shop, budget: { maxUnavailable: "34%" } },
    // A percentage would be rounded up, and of two pods none could ever move.
    { name: "cart", replicas: cart, budget: { minAvailable: Math.floor((cart * 2) / 3) } },
  ];
  return [agent, ...deployments.filter(({ replicas }) => replicas > 0)];
}

async function roll(
  world: World,
  options: DemoOptions & { url: string | undefined },
  screen: Screen,
  signal: AbortSignal,
): Promise<Outcome> {
  const startedAt = clock.wall();
  const viewEnd = new AbortController();
  const { concurrency, url } = options;
  const shown = showCluster({ world, concurrency, url, screen, clock, signal: viewEnd.signal });
  let failure: string | undefined;
  try {
    for (const node of world.nodes) node.wantsReboot();
    await world.rolled(undefined, deadlineMs(options));
    await world.until("every node is Idle again", () => allIdle(world));
  } catch (error) {
    if (signal.aborted) throw error;
    failure = (error as Error).message;
  } finally {
    viewEnd.abort();
    await shown;
  }
  const endedAt = clock.wall();
  const report = await world.report();
  const seconds = (endedAt - startedAt) / 1000;
  const outcome = { report, seconds, concurrency, failure };
  for (const line of summaryLines(outcome)) screen.print(line);
  if (options.report !== undefined) writeFileSync(options.report, reportFile(outcome));
  if (options.svg !== undefined) {
    const title = `Reboots of ${options.nodes} nodes, ${concurrency} at a time`;
    writeFileSync(options.svg, timelineSvg({ startedAt, endedAt, nodes: report.nodes, concurrency, title }));
  }
  return outcome;
}

async function allIdle(world: World): Promise<boolean> {
  const records = await Promise.all(world.nodes.map((node) => node.record()));
  return records.every((record) => (record?.phase ?? "Idle") === "Idle");
}

async function keep(world: World, screen: Screen, signal: AbortSignal): Promise<void> {
  screen.print(
    `\nThe cluster goes on until Ctrl-C:\n  kubectl --kubeconfig ${world.adminKubeconfig} get nodes`,
  );
  screen.print(`Ask for a reboot:\n  touch ${join(world.folder, "n1", "reboot-required")}`);
  await new Promise<void>((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
