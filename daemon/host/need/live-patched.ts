/** A need that can wait, as the kernel that runs is patched live. */
import type { Clock } from "../../time/clock.ts";
import type { Argv } from "../exec.ts";
import type { CommandPorts } from "./command-need.ts";
import { type Need, reasonsFrom, type TriedSource } from "./need.ts";

/**
 * The answer is `yes-kernel-livepatches-applied` where nothing but the kernel needs the reboot, and its patches are
 * applied: https://documentation.ubuntu.com/pro-client/en/latest/references/api/
 */
const command: Argv = ["pro", "api", "u.pro.security.status.reboot_required.v1"];
const patched = /"reboot_required":\s*"yes-kernel-livepatches-applied"/;
const deadlineMs = 20_000;

/** The reason that people see. */
export const patchedLive = "kernel patched live: may wait";

/**
 * Makes a need one of low urgency as long as Ubuntu's Pro client says so. A host without the client, or one that cannot
 * be asked, has its usual urgency. The client is asked only while a reboot is needed, and once in the time for which a
 * command's answer is valid.
 */
export function livePatched(source: TriedSource, ports: CommandPorts): TriedSource {
  const isPatched = remembered(ports, (signal) => ask(ports, signal));
  return {
    ...source,
    async check(fresh, signal) {
      const need: Need = await source.check(fresh, signal);
      if (need.state !== "needed" || !(await isPatched(signal))) return need;
      return { ...need, reasons: reasonsFrom([patchedLive, ...need.reasons]), urgency: "low" };
    },
  };
}

async function ask({ exec, onHost }: CommandPorts, signal: AbortSignal): Promise<boolean> {
  try {
    const { code, output } = await exec(onHost(command), deadlineMs, signal);
    return code === 0 && patched.test(output);
  } catch {
    signal.throwIfAborted();
    return false;
  }
}

function remembered(
  { clock, ageMaxMs }: { clock: Pick<Clock, "elapsed">; ageMaxMs: number },
  look: (signal: AbortSignal) => Promise<boolean>,
): (signal: AbortSignal) => Promise<boolean> {
  let last: { answer: boolean; at: number } | undefined;
  return async (signal) => {
    if (last === undefined || clock.elapsed() - last.at >= ageMaxMs) {
      last = { answer: await look(signal), at: clock.elapsed() };
    }
    return last.answer;
  };
}
