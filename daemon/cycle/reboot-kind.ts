/**
 * The kind of a reboot, and the proof of each: another boot ID for a full reboot and for kexec, a higher count of
 * soft reboots under the same boot ID for a soft one. A soft reboot is never taken for a full one. Pure.
 */
import type { Need } from "../host/need/need.ts";
import type { RebootKind } from "../host/reboot/rebooter.ts";
import { namesSoftReboot } from "../lock/lock.ts";
import type { Context, Policy } from "./decision.ts";
import type { NodeFacts, UserspaceSeen } from "./observation.ts";
import type { CycleRecord } from "./record.ts";

/**
 * Packages that only another kernel, or the firmware, takes into use; and the words of transactional-update for
 * more than a soft reboot, at the end of a reason.
 * https://github.com/openSUSE/transactional-update
 * The uptime is that of the kernel, and programs that request a reboot with a label wait for another boot ID.
 */
const needsMore =
  /^linux-|^kernel|firmware|microcode|ucode|(^|: )(reboot|kexec)$|^up for more than |^requested by label /i;

/** Whether a soft reboot may serve the need; another kernel, or a need that outlived a reboot, asks for more. */
export function mayBeSoft(
  { reboots, need: recorded }: Pick<CycleRecord, "reboots" | "need">,
  need: Need | undefined,
  { rebootKind }: Pick<Policy, "rebootKind">,
): boolean {
  if (rebootKind !== "soft" || reboots > 0) return false;
  const reasons = [...(recorded?.reasons ?? []), ...(need?.state === "needed" ? need.reasons : [])];
  return !reasons.some((reason) => needsMore.test(reason));
}

/**
 * The count that proves a soft reboot of the cycle that begins now; undefined for a full one. A slot that was
 * acquired for a full reboot is not used for a soft one: its entry in the lock could not confirm the proof.
 */
export function softRebootsBefore(record: CycleRecord, { seen, policy }: Context): number | undefined {
  if (!mayBeSoft(record, seen.need, policy) || seen.userspace?.state !== "seen") return undefined;
  const { boot } = seen.lock ?? {};
  return boot === undefined || namesSoftReboot(boot) ? seen.userspace.softReboots : undefined;
}

/** The kind for which the machine is asked in this cycle. */
export function askedKind(record: CycleRecord, { rebootKind }: Pick<Policy, "rebootKind">): RebootKind {
  if (record.softReboots !== undefined) return "soft";
  return rebootKind === "kexec" && record.reboots === 0 ? "kexec" : "full";
}

/**
 * - `look`: the userspace was not looked at, and decides.
 * - `none`: the machine runs as before the cycle.
 */
export type Proof = "full" | "soft" | "none" | "look" | { unknown: string };

/**
 * The reboot that the machine has gone through since the cycle began. For a cycle that began as a full one, a soft
 * reboot is none.
 */
export function proofOf(
  record: Pick<CycleRecord, "bootID" | "softReboots">,
  { bootID, userspace }: { bootID: string; userspace?: UserspaceSeen | undefined },
): Proof {
  if (bootID !== record.bootID) return "full";
  if (record.softReboots === undefined) return "none";
  if (userspace === undefined) return "look";
  if (userspace.state === "unknown") return { unknown: userspace.why };
  return userspace.softReboots > record.softReboots ? "soft" : "none";
}

/** The sentence for a proof that is unknown. */
export function unknownText({ unknown }: { unknown: string }): string {
  return `cannot tell whether the machine has soft-rebooted: ${unknown}`;
}

/**
 * Whether the Node's condition Ready is from the kubelet of this boot. After a soft reboot the boot ID is that of
 * the kubelet before, and its last word stands on the Node until the new one has reported: the heartbeat tells them
 * apart. It is of the same machine's clock, in whole seconds, and a kubelet may be up within one.
 */
export function isOfThisBoot(
  { bootID: reported, heartbeatAt }: Pick<NodeFacts, "bootID" | "heartbeatAt">,
  { bootID, userspace }: { bootID?: string | undefined; userspace?: UserspaceSeen | undefined },
): boolean {
  if (bootID === undefined || reported !== bootID) return false;
  if (userspace?.state !== "seen" || userspace.softReboots === 0) return true;
  return heartbeatAt !== undefined && heartbeatAt >= Math.floor(userspace.since / 1000) * 1000;
}
