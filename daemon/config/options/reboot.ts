import type { Policy } from "../../cycle/decision.ts";
import type { RebootSettings as MachineReboot } from "../../host/reboot/choice.ts";
import type { OptionTable, ValuesOf } from "../option.ts";
import { bool, choice, command, duration, integer, path } from "../values.ts";

export const rebootOptions = {
  "reboot-method": {
    type: choice("auto", "logind", "signal", "command"),
    default: "command",
    placeholder: "METHOD",
    help: "How the node is rebooted: logind, signal or command; auto takes the first of these that works",
  },
  "reboot-command": {
    type: command,
    default: "/bin/systemctl reboot",
    placeholder: "COMMAND",
    help: "For --reboot-method=command and auto",
  },
  "reboot-signal": {
    type: integer({ min: 1, max: 64, like: 39 }),
    default: "39",
    placeholder: "NUMBER",
    help: "For --reboot-method=signal and auto: sent to process 1; 39 is SIGRTMIN+5, systemd's reboot",
  },
  "reboot-kind": {
    type: choice("full", "soft", "kexec"),
    default: "full",
    // A cycle that is under way ends as the kind that it has begun as.
    needsRestart: true,
    placeholder: "KIND",
    help: "How far a reboot goes: full; soft (the userspace alone; systemd 256 or newer); kexec (without the firmware)",
  },
  "reboot-delay": {
    type: duration(),
    default: "0",
    placeholder: "DURATION",
    help: "Wait between the end of the drain and the reboot",
  },
  "reboot-timeout": {
    type: duration({ minMs: 1000 }),
    default: "10m",
    placeholder: "DURATION",
    help: "Request the reboot again when the node has not gone down by then",
  },
  "reboot-attempts": {
    type: integer({ min: 1, max: 10 }),
    default: "2",
    placeholder: "NUMBER",
    help: "How often the reboot is requested before the cycle fails",
  },
  "max-reboots-per-need": {
    type: integer({ min: 1, max: 10 }),
    default: "2",
    placeholder: "NUMBER",
    help: "Proved reboots after which a need that persists is not served again",
  },
  "max-failures-per-node": {
    type: integer({ min: 0, max: 100 }),
    default: "3",
    placeholder: "NUMBER",
    help: "Failed cycles in a row after which a node is left alone until a person requests its reboot or resumes it; 0 is never",
  },
  "boot-id-path": {
    type: path,
    default: "/proc/sys/kernel/random/boot_id",
    needsRestart: true,
    placeholder: "FILE",
    help: "Where the kernel shows the boot ID",
  },
  "enter-host": {
    type: bool,
    default: "true",
    placeholder: "true|false",
    help: "Run commands in the mount namespace of process 1 (nsenter); false: where the daemon runs",
  },
} as const satisfies OptionTable;

export interface RebootSettings {
  machine: MachineReboot;
  bootIdPath: string;
  /** Commands run on the host, and not where the daemon runs. */
  entersHost: boolean;
  policy: Pick<
    Policy,
    | "rebootKind"
    | "rebootDelayMs"
    | "rebootTimeoutMs"
    | "rebootAttempts"
    | "maxRebootsPerNeed"
    | "maxFailuresPerNode"
  >;
}

export function rebootSettings(given: ValuesOf<typeof rebootOptions>): RebootSettings {
  return {
    machine: {
      method: given["reboot-method"],
      command: given["reboot-command"],
      signal: given["reboot-signal"],
      kind: given["reboot-kind"],
    },
    bootIdPath: given["boot-id-path"],
    entersHost: given["enter-host"],
    policy: {
      rebootKind: given["reboot-kind"],
      rebootDelayMs: given["reboot-delay"],
      rebootTimeoutMs: given["reboot-timeout"],
      rebootAttempts: given["reboot-attempts"],
      maxRebootsPerNeed: given["max-reboots-per-need"],
      maxFailuresPerNode: given["max-failures-per-node"],
    },
  };
}
