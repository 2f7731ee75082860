import { readFileSync } from "node:fs";

export interface ProcessMemory {
  /** All that is in memory, files of others included; MiB. */
  resident: number;
  /** Of this process alone, such as its heaps. */
  anonymous: number;
  /** The most that has been resident at one time. */
  peak: number;
}

/** What the kernel counts (proc_pid_status(5)). Throws if there is no such process. */
export function memoryOf(pid: number): ProcessMemory {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const mib = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]) / 1024;
  return { resident: mib("VmRSS"), anonymous: mib("RssAnon"), peak: mib("VmHWM") };
}
