import { type Checker, graceMs, type Look } from "./checker.ts";

/** The members of the control plane, and since when each that is missing is. */
export interface Members {
  readonly members: readonly string[];
  missing(): ReadonlyMap<string, number>;
}

/**
 * rebootd alone never takes the majority of etcd away: when it asks a member's machine to reboot, the others are enough, or
 * one of them was lost a moment ago. One member has no majority to keep.
 */
export function etcdKeepsMajority(
  { view, violate }: Pick<Look, "violate"> & { view: Pick<Look["view"], "now"> },
  { members, missing }: Members,
): Checker {
  return {
    onReboot(name) {
      const isLost = missing();
      if (!members.includes(name) || members.length === 1 || isLost.has(name)) return;
      const lost = members.filter((one) => one !== name && isLost.has(one));
      const needed = Math.floor(members.length / 2) + 1;
      if (members.length - 1 - lost.length >= needed) return;
      // A member that was lost within this time cannot be seen by the daemon that is about to reboot.
      if (!lost.every((one) => view.now() - (isLost.get(one) ?? 0) > graceMs)) return;
      const message = `${name} is to reboot while etcd is not ready on ${lost.join(", ")}`;
      violate("etcd keeps its majority", message, name);
    },
  };
}
