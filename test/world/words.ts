import { contract } from "../../daemon/annotations/names.ts";
import { type CycleRecord, type Phase, parseRecord } from "../../daemon/cycle/record.ts";
import type { Ports } from "../kubernetes/controllers/ports.ts";
import type { Machine } from "../kubernetes/machines/machine.ts";
import { createTestNode, type TestCluster, type TestNode } from "../kubernetes/words.ts";
import type { Workload } from "../kubernetes/workloads.ts";

/** The words for a cluster whose nodes are machines with daemons, in virtual time (`startSmallWorld`) or real time (`startWorld`). */
export interface TestWorld extends TestCluster {
  node(name: string): WorldNode;
  /** The value of the lock's annotation; undefined where there is none. */
  lock(): Promise<string | undefined>;
  /** As `kubectl annotate --overwrite` does it; null takes the annotation away. */
  setLock(value: string | null): Promise<void>;
  addWorkload(workload: Workload): Promise<void>;
}

export interface WorldNode extends TestNode {
  readonly machine: Machine;
  wantsReboot(): void;
  wantsNoReboot(): void;
  /** The power fails. */
  losesPower(): void;
  crashDaemon(): void;
  /** As a kubelet does it; resolves with how the daemon ended. */
  stopDaemon(): Promise<string | undefined>;
  /** The daemon's record on the Node, as the daemon reads it. */
  record(): Promise<CycleRecord | undefined>;
  /** The phase of the record; without one the node is Idle. */
  phase(): Promise<Phase>;
}

export function createWorldNode(machine: Machine, ports: Pick<Ports, "api" | "signal">): WorldNode {
  const node = createTestNode(machine.name, ports);
  const record = async () =>
    parseRecord((await node.object()).metadata.annotations?.[contract.cycle.key]).record;
  return {
    ...node,
    machine,
    wantsReboot: machine.wantReboot,
    wantsNoReboot: machine.unwantReboot,
    losesPower: machine.reboot,
    crashDaemon: machine.crashDaemon,
    stopDaemon: machine.stopDaemon,
    record,
    phase: async () => (await record())?.phase ?? "Idle",
  };
}
