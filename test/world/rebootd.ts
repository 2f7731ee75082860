import { fileURLToPath } from "node:url";
import { bootIdFile, rebootFile, sentinelFile } from "../kubernetes/machines/machine.ts";
import type { DaemonHandle } from "../kubernetes/machines/supervisor.ts";
import { startDaemonProcess } from "./daemon-process.ts";
import { flagsFor } from "./image.ts";
import type { LockPlace } from "./lock-place.ts";
import { program } from "./program.ts";

/** Where a daemon runs, and what it belongs to. */
export interface DaemonPlace {
  name: string;
  /** The machine's: with the sentinel, the boot ID, and the file that makes it reboot. */
  folder: string;
  kubeconfig: string;
  logFile: string;
  concurrency: number;
  lock: LockPlace;
}

/** What the image runs; made by `npm run build`. */
export const bundle = fileURLToPath(new URL("../../dist/rebootd.mjs", import.meta.url));

/** Options are added behind, where the last one wins. */
export function startRebootd(
  place: DaemonPlace,
  options: readonly string[] = [],
  main = program,
): DaemonHandle {
  const args = [...flagsFor(main), main, "run", `--kubeconfig=${place.kubeconfig}`, ...worldOptions(place)];
  return startDaemonProcess({ args: [...args, ...options], logFile: place.logFile });
}

/** The options of a daemon in a world, but for the way to its API server. */
export function worldOptions({ name, folder, concurrency, lock }: DaemonPlace): string[] {
  return [
    `--node-id=${name}`,
    `--namespace=${lock.namespace}`,
    // Not this machine's, which has a journal.
    `--run-path=${folder}`,
    `--reboot-sentinel=${folder}/${sentinelFile}`,
    `--boot-id-path=${folder}/${bootIdFile}`,
    "--enter-host=false",
    "--reboot-method=command",
    "--inhibitors=ignore",
    `--reboot-command=/bin/touch ${folder}/${rebootFile}`,
    "--metrics-host=127.0.0.1",
    "--metrics-port=0",
    "--ready-settle=500ms",
    "--period=60s",
    "--log-format=json",
    `--concurrency=${concurrency}`,
  ];
}
