import type { Exec } from "../exec.ts";
import { type HostManager, hostManagers } from "./managers.ts";

/** The parts of a machine by which other reboot managers are noticed. */
export interface HostEyes {
  /** The units among these that are active. Rejects where systemd cannot be asked. */
  activeUnits(names: readonly string[], signal: AbortSignal): Promise<ReadonlySet<string>>;
  /** Runs a command on the host; undefined where the daemon may run none. */
  exec: Exec | undefined;
}

const commandDeadlineMs = 10_000;

/**
 * The managers that are on. One that cannot be seen is left out: systemd may be out of reach, and a
 * configuration is seen only where commands of the host may be run.
 */
export async function lookForHostManagers(
  { activeUnits, exec }: HostEyes,
  signal: AbortSignal,
): Promise<HostManager[]> {
  const names = hostManagers.flatMap(({ units }) => units);
  const active = await activeUnits(names, signal).catch(() => undefined);
  signal.throwIfAborted();
  const areOn = await Promise.all(hostManagers.map((one) => isOn(one, active, exec, signal)));
  return hostManagers.filter((_, index) => areOn[index]);
}

async function isOn(
  { units, setting }: HostManager,
  active: ReadonlySet<string> | undefined,
  exec: Exec | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  const isActive = active === undefined ? undefined : units.some((unit) => active.has(unit));
  if (setting === undefined) return isActive === true;
  // The configuration alone counts where systemd cannot be asked.
  if (isActive === false || exec === undefined) return false;
  try {
    return setting.reboots((await exec(setting.command, commandDeadlineMs, signal)).output);
  } catch {
    signal.throwIfAborted();
    return false;
  }
}
