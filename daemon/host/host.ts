import { invalidValue, printable } from "../text/config-error.ts";
import type { Logind } from "./logind/logind.ts";
import type { NeedSource } from "./need/need.ts";
import type { UpdateUnderWay } from "./need/update-under-way.ts";
import type { RebootManager } from "./others/managers.ts";
import type { RebootSettings } from "./reboot/choice.ts";
import type { Rebooter } from "./reboot/rebooter.ts";
import type { Userspace } from "./userspace.ts";

/** The machine under the node. */
export interface Host {
  need: NeedSource;
  /** Undefined where the machine does not show it. */
  updateUnderWay?: UpdateUnderWay | undefined;
  readBootID: () => Promise<string>;
  /** Rejects with the reason where the machine does not tell of soft reboots. */
  readUserspace: (signal: AbortSignal) => Promise<Userspace>;
  rebooter: Rebooter;
  /** The time since the machine started, in seconds. */
  uptimeSeconds?: () => number;
  logind: Pick<Logind, "listInhibitors" | "listSessions" | "isShuttingDown">;
  /** Names the parts of the machine that somebody could use who has broken into the daemon. */
  exposure?(signal: AbortSignal): Promise<string>;
  /** Programs of this machine that may reboot it without the lock, as far as they can be seen. */
  otherManagers?(signal: AbortSignal): Promise<readonly RebootManager[]>;
}

/** Facts of this host for the log. Rejects with a ConfigError where the method of rebooting cannot work. */
export async function lookAtHost(
  settings: Pick<RebootSettings, "method" | "kind"> & { inhibitors: "auto" | "wait" | "ignore" },
  { rebooter, logind, exposure, readUserspace }: Host,
  signal: AbortSignal,
): Promise<Record<string, string | undefined>> {
  const { method: asked, kind, inhibitors } = settings;
  if (kind === "soft") await expectCountOfSoftReboots(readUserspace, signal);
  const { method, cannot } = (await rebooter.choose?.(signal)) ?? { method: asked, cannot: {} };
  const failures = Object.entries(cannot).map(([name, failure]) => `${name}: ${failure}`);
  if (method === undefined) {
    const rule = "must be a method that works on this node, for example auto";
    throw invalidValue("reboot-method", printable(asked), `${rule}, but ${failures.join("; ")}`);
  }
  return {
    rebootMethod: method,
    rebootKind: kind === "full" ? undefined : kind,
    passedOver: failures.join("; ") || undefined,
    inhibitors: inhibitors === "auto" ? await reachOf(logind, signal) : inhibitors,
    open: await exposure?.(signal).catch((error: Error) => `cannot tell: ${error.message}`),
  };
}

/** Without the count nothing would prove a soft reboot. */
async function expectCountOfSoftReboots(
  readUserspace: Host["readUserspace"],
  signal: AbortSignal,
): Promise<void> {
  try {
    await readUserspace(signal);
  } catch (error) {
    signal.throwIfAborted();
    const rule = "must be a kind that can be proved on this node, for example full";
    throw invalidValue("reboot-kind", printable("soft"), `${rule}, but ${(error as Error).message}`);
  }
}

async function reachOf(logind: Host["logind"], signal: AbortSignal): Promise<string> {
  try {
    await logind.listInhibitors(signal);
    return "wait";
  } catch (error) {
    signal.throwIfAborted();
    const { code, message } = error as Error & { code?: unknown };
    return code === "no-bus" ? `none are known: ${message}` : "wait";
  }
}
