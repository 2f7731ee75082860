import { uptime } from "node:os";
import { dirname, join } from "node:path";
import { hrtime } from "node:process";
import type { Settings } from "../config/settings.ts";
import { readBootID } from "../host/boot-id.ts";
import { type Argv, createExec, type Exec, onHost } from "../host/exec.ts";
import { exposureText, lookAtExposure } from "../host/exposure.ts";
import type { Host } from "../host/host.ts";
import { createJournal, journalSocket } from "../host/journal.ts";
import { createLogind } from "../host/logind/logind.ts";
import { chooseNeed } from "../host/need/choose-need.ts";
import { lookForHostManagers } from "../host/others/look.ts";
import { activeUnits } from "../host/others/units.ts";
import { choosingRebooter } from "../host/reboot/choice.ts";
import { commandRebooter } from "../host/reboot/command.ts";
import { whyNoKexec } from "../host/reboot/kexec.ts";
import { logindRebooter } from "../host/reboot/logind.ts";
import { type Kill, signalRebooter } from "../host/reboot/signal.ts";
import { createUserspaceReader } from "../host/userspace.ts";
import type { Clock } from "../time/clock.ts";

/** The real machine, as the settings describe it. Rejects where they do not fit to it. */
export async function createHost(
  { node, need, reboot, logind: logindSettings }: Settings,
  clock: Clock,
  kill: Kill,
  signal: AbortSignal,
): Promise<Host> {
  const exec = createExec(clock);
  const { socket, inhibitors } = logindSettings;
  const logind = createLogind(socket, clock);
  const commandOnHost: Exec = (argv, ...rest) => exec(onHost(argv), ...rest);
  const hostArgv = reboot.entersHost ? onHost : (argv: Argv) => argv;
  const hostRoot = reboot.entersHost ? "/proc/1/root" : undefined;
  const needPorts = { exec, onHost: hostArgv, clock, periodMs: node.periodMs, hostRoot };
  const chosen = await chooseNeed(need, needPorts, signal);
  return {
    need: chosen,
    updateUnderWay: chosen.updateUnderWay,
    readBootID: () => readBootID(reboot.bootIdPath),
    readUserspace: createUserspaceReader(socket, clock, () => Number(hrtime.bigint() / 1_000_000n)),
    uptimeSeconds: uptime,
    rebooter: choosingRebooter(
      [
        logindRebooter(logind, { skipInhibitors: inhibitors === "ignore" }),
        signalRebooter(reboot.machine.signal, kill),
        commandRebooter(reboot.machine.command, hostArgv, exec),
      ],
      reboot.machine.method,
      createJournal(join(need.runPath, journalSocket), clock),
      whyNoKexec,
    ),
    logind,
    otherManagers: (inner) => {
      const mayRun = reboot.entersHost && reboot.machine.method !== "logind";
      const eyes = {
        activeUnits: (names: readonly string[], ending: AbortSignal) =>
          activeUnits(socket, names, clock, ending),
        exec: mayRun ? commandOnHost : undefined,
      };
      return lookForHostManagers(eyes, inner);
    },
    async exposure(inner) {
      const places = { runPath: need.runPath, folders: [dirname(socket)] };
      return exposureText(await lookAtExposure(places, clock, inner));
    },
  };
}
