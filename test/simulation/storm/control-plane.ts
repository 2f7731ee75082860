import { at, type KubeObject, list } from "../../cluster/api/object.ts";
import type { SmallWorld } from "../small-world.ts";
import type { Violation } from "./promises.ts";

/**
 * The API server runs on these nodes, as static pods beside etcd. With one member it goes down with the machine, some time before
 * or after its daemon, and comes back some time after; with three it is there while two etcds are Ready.
 */
export function playControlPlane(
  world: SmallWorld,
  members: number,
  random: () => number,
  onViolation: (violation: Violation) => void,
): void {
  const { timers } = world.time;
  const oneOf = <T>(...things: readonly T[]) => things[Math.floor(random() * things.length)] as T;
  for (const machine of world.machines) {
    machine.behaviour.shutdownMs = oneOf(0, 2000, 20_000, 50_000);
    machine.behaviour.downMs = oneOf(5000, 60_000, 200_000);
  }
  const onEvent = world.onMachineEvent;
  if (members === 1) {
    const earlyMs = oneOf(0, 0, 1000, 15_000);
    const lateMs = oneOf(0, 3000, 40_000, 200_000);
    world.onMachineEvent = (event) => {
      onEvent(event);
      if (event.type === "going-down" && earlyMs > 0) {
        timers.setTimeout(() => {
          if (world.machine(event.machine).isGoingDown) world.setAway("its machine", true);
        }, earlyMs);
      }
      if (event.type === "down") world.setAway("its machine", true);
      if (event.type === "booted") timers.setTimeout(() => world.setAway("its machine", false), lateMs);
    };
    return;
  }
  world.onMachineEvent = (event) => {
    onEvent(event);
    const down = world.machines.filter(({ isUp }) => !isUp);
    const hasQuorum = membersReady(world) > members / 2;
    if (event.type === "down" && event.cause === "command" && !hasQuorum) {
      const names = down.map(({ name }) => name).join(", ");
      onViolation({
        promise: "etcd keeps its majority",
        message: `${event.machine} went down; down are ${names}`,
      });
    }
  };
}

function membersReady({ machines, server }: SmallWorld): number {
  return machines.filter(
    ({ name, isUp }) => isUp && isReady(server.stored("pods", `kube-system/etcd-${name}`)),
  ).length;
}

function isReady(pod: KubeObject | undefined): boolean {
  return list(at(pod, "status", "conditions")).some(
    (condition) => at(condition, "type") === "Ready" && at(condition, "status") === "True",
  );
}
