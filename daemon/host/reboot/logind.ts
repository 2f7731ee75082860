import { getuid } from "node:process";
import { BusRefusal, BusUnreachable } from "../logind/bus.ts";
import { blocksShutdown, type Logind } from "../logind/logind.ts";
import { selinuxAdvice } from "../selinux.ts";
import { type RebootMethod, RebootRefused } from "./rebooter.ts";

/** Since systemd 257 the answer also says that somebody holds shutdowns back, which is no lasting obstacle. */
const able = new Set(["yes", "inhibited", "inhibitor-blocked"]);
/** Before that it is one of these to all but root, for as long. */
const deniedForNow = new Set(["no", "challenge"]);

/** https://github.com/systemd/systemd/blob/main/src/libsystemd/sd-bus/bus-common-errors.h */
const inProgress = "org.freedesktop.login1.OperationInProgress";

interface Options {
  /** The gate does not ask for them either. */
  skipInhibitors: boolean;
  /** As whom it asks; root where nothing is said and there are no users. */
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
      : `; user ${uid} has to be in the node's list of users and in a rule of polkit: see manifests/components/rootless`;
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
    async reboot(signal) {
      try {
        await logind.reboot({ skipInhibitors }, signal);
      } catch (cause) {
        // A shutdown that is under way already, whoever has asked for it, is as good.
        if (cause instanceof BusRefusal && cause.code === inProgress) return;
        // Where the connection breaks off later the machine may be on its way down: only the boot ID tells.
        const isRefused = cause instanceof BusRefusal || cause instanceof BusUnreachable;
        if (!isRefused) throw cause;
        throw new RebootRefused(`asking logind to reboot: ${cause.message}`, { cause });
      }
    },
  };
}
