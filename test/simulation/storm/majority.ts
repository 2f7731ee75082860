import type { MachineEvent } from "../../kubernetes/machines/machine.ts";
import type { ControlPlane } from "./control-plane.ts";

/** What was lost within this time cannot be seen by whoever is about to reboot. */
const graceMs = 45_000;

/**
 * rebootd alone never takes the majority of etcd away: when it asks a member's machine to reboot, the others are enough, or
 * one of them was lost a moment ago. One member has no majority to keep.
 */
export function watchMajority(
  { members, missing }: ControlPlane,
  now: () => number,
  violate: (promise: string, message: string) => void,
) {
  return {
    onMachineEvent(event: MachineEvent): void {
      const { machine: node, type } = event;
      if (type !== "going-down" || event.cause !== "command" || !members.includes(node)) return;
      const lost = members.filter((name) => name !== node && missing().has(name));
      const needed = Math.floor(members.length / 2) + 1;
      if (members.length === 1 || missing().has(node) || members.length - 1 - lost.length >= needed) return;
      if (lost.every((name) => now() - (missing().get(name) ?? 0) > graceMs)) {
        violate(
          "etcd keeps its majority",
          `${node} is to reboot while etcd is not ready on ${lost.join(", ")}`,
        );
      }
    },
  };
}
