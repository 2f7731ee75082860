import type { Clock } from "../../daemon/time/clock.ts";
import { startInformer } from "../kubernetes/controllers/informer.ts";
import { collection, isDeleted, type StoredPod } from "../kubernetes/controllers/objects.ts";
import type { Fact } from "../world/fact.ts";
import type { World } from "../world/world.ts";
import type { Screen } from "./screen.ts";
import { type Row, tableLines } from "./table.ts";

const redrawMs = 100;

export interface ViewParts {
  world: World;
  screen: Screen;
  clock: Clock;
  signal: AbortSignal;
}

/** Shows the cluster until the signal: a live table on a terminal, else a line for each change of phase. */
export async function showCluster({ world, screen, clock, signal }: ViewParts): Promise<void> {
  const startedAt = clock.wall();
  const sinceStart = () => ((clock.wall() - startedAt) / 1000).toFixed(1);
  const rows = new Map<string, Row>(world.nodes.map(({ name }) => [name, emptyRow(name)]));
  const pods = startInformer<StoredPod>(
    { api: world.api, clock, random: Math.random, signal },
    { collection: collection("pods") },
  );

  function onFact(fact: Fact): void {
    const row = fact.kind === "node" ? rows.get(fact.name) : undefined;
    if (fact.kind !== "node" || row === undefined || signal.aborted) return;
    const { isReady, isCordoned, reasons, phase = "Idle" } = fact;
    if (!screen.isTerminal && phase !== row.phase) {
      const why = reasons.length > 0 ? `: ${reasons.join("; ")}` : "";
      screen.print(`${sinceStart().padStart(6)} s  ${fact.name}  ${row.phase} -> ${phase}${why}`);
    }
    Object.assign(row, { isReady, isCordoned, reasons, phase });
  }

  function draw(): void {
    for (const row of rows.values()) {
      row.boots = world.node(row.node).machine.boots.length;
      row.pods = pods.all().filter((pod) => pod.spec?.nodeName === row.node && !isDeleted(pod)).length;
    }
    const clockLine = `rolling reboots, ${sinceStart()} s`;
    screen.draw([clockLine, ...tableLines([...rows.values()], screen.columns - 1)]);
  }

  for (const fact of world.observer.facts()) onFact(fact);
  world.observer.onFact(onFact);
  while (screen.isTerminal && !signal.aborted) {
    draw();
    await clock.sleep(redrawMs, signal).catch(() => {});
  }
  if (screen.isTerminal) draw();
  await pods.done;
}

function emptyRow(node: string): Row {
  return { node, isReady: false, isCordoned: false, phase: "Idle", pods: 0, boots: 0, reasons: [] };
}
