import { getuid } from "node:process";
import { BusRefusal, BusUnreachable } from "../logind/bus.ts";
import { blocksShutdown, type Logind } from "../logind/logind.ts";
import { selinuxAdvice } from "../selinux.ts";
import { type RebootMethod, RebootRefused } from "./rebooter.ts";

/** Since systemd 257 the answer also names inhibitors, which block the reboot only for some time. */
const able = new Set(["yes", "inhibited", "inhibitor-blocked"]);
/** Older versions give one of these answers to users other than root while an inhibitor is held. */
const deniedForNow = new Set(["no", "challenge"]);

/** https://github.com/systemd/systemd/blob/main/src/libsystemd/sd-bus/bus-common-errors.h */
const inProgress = "org.freedesktop.login1.OperationInProgress";

interface Options {
  /** The gate for inhibitors is off, too. */
  skipInhibitors: boolean;
  /** The own user ID; root by default, and on systems without users. */
  uid?: number;
}

export function logindRebooter(
  logind: Logind,
  { skipInhibitors, uid = getuid?.() ?? 0 }: Options,
  whyDenied: (error: unknown) => Promise<string> = selinuxAdvice,
): RebootMethod {
  const advice =
    uid === 0
      ? ""
      : `; user ${uid} must be in the node's list of users and in a rule of polkit: ` +
        "see manifests/components/rootless";
  return {
    name: "logind",
    async precheck(signal) {
      try {
        const answer = await logind.canReboot(signal);
        if (able.has(answer)) return undefined;
        if (deniedForNow.has(answer) && (await logind.listInhibitors(signal)).some(blocksShutdown))
          return undefined;
        return `logind's answer to CanReboot is ${JSON.stringify(answer)}${advice}`;
      } catch (error) {
        signal.throwIfAborted();
        const { message, code } = error as Error & { code?: unknown };
        return message + ((await whyDenied(error)) || (code === "no-bus" ? "" : advice));
      }
    },
    // logind writes the text into the journal, and to those who are logged in, when it accepts the reboot.
    announce: (why, signal) => logind.setWallMessage(`rebootd: ${why}`, signal),
    async reboot(signal, kind = "full") {
      try {
        await logind.reboot({ skipInhibitors, kind }, signal);
      } catch (cause) {
        // Another shutdown in progress has the same effect.
        if (cause instanceof BusRefusal && cause.code === inProgress) return;
        // After a later loss of the connection the machine may be going down. Only the boot ID is proof.
        const isRefused = cause instanceof BusRefusal || cause instanceof BusUnreachable;
        if (!isRefused) throw cause;
        // The text would be that of the next reboot, requested by any program.
        await logind.setWallMessage("", signal).catch(() => {});
        throw new RebootRefused(`asking logind to reboot: ${cause.message}`, { cause });
      }
    },
  };
}
