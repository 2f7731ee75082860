import { type FSWatcher, watch } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import type { Clock } from "../clock.ts";
import type { Need } from "../cycle/need.ts";
import type { Argv, Exec } from "./exec.ts";

/** Asks the host whether it needs a reboot, and tells when that may have changed. */
export interface NeedSource {
  /** `fresh`: the answer must be from now; otherwise a recent one will do. Never rejects but by the signal. */
  check(fresh: boolean, signal: AbortSignal): Promise<Need>;
  /** Calls back when the answer may have changed, until the signal ends it. A safety net stands beside it. */
  watch(onChange: () => void, signal: AbortSignal): void;
}

/** A list of package names can be long; this many say enough. */
const reasonsMax = 50;
const reasonMaxChars = 200;

/** Debian's convention: the file is there while a reboot is needed, and a second file names the packages that ask for it. */
export function fileNeed(sentinel: string): NeedSource {
  return {
    async check() {
      try {
        await stat(sentinel);
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        return code === "ENOENT" || code === "ENOTDIR"
          ? { state: "not-needed" }
          : { state: "unknown", why: `looking for ${sentinel}: ${message}` };
      }
      return { state: "needed", source: "file", reasons: await packagesIn(`${sentinel}.pkgs`) };
    },
    watch(onChange, signal) {
      let watcher: FSWatcher;
      try {
        // The folder and not the file: the file comes and goes.
        watcher = watch(dirname(sentinel), { signal, persistent: false });
      } catch {
        return; // No such folder yet: the period finds the file.
      }
      const name = basename(sentinel);
      watcher.on("change", (_, changed) => {
        if (changed === null || changed === name) onChange();
      });
      watcher.on("error", onChange);
    },
  };
}

async function packagesIn(file: string): Promise<string[]> {
  const text = await readFile(file, "utf8").catch(() => "");
  const names = new Set(text.split("\n").map((line) => line.trim().slice(0, reasonMaxChars)));
  names.delete("");
  return [...names].slice(0, reasonsMax);
}

const commandDeadlineMs = 60_000;

/** Exit code 0: needed; 1: not needed; all else, and a command that does not end: cannot tell. */
export function commandNeed(argv: Argv, exec: Exec, clock: Clock, ageMaxMs: number): NeedSource {
  let last: { need: Need; at: number } | undefined;
  return {
    async check(fresh, signal) {
      if (!fresh && last !== undefined && clock.now() - last.at < ageMaxMs) return last.need;
      const need = await ask(argv, exec, signal);
      last = { need, at: clock.now() };
      return need;
    },
    watch() {},
  };
}

async function ask(argv: Argv, exec: Exec, signal: AbortSignal): Promise<Need> {
  const what = argv.join(" ");
  try {
    const { code, output } = await exec(argv, commandDeadlineMs, signal);
    if (code === 0) return { state: "needed", source: "command", reasons: [] };
    if (code === 1) return { state: "not-needed" };
    return {
      state: "unknown",
      why: `${what} ended with ${code ?? "a signal"}: ${output.slice(0, reasonMaxChars)}`,
    };
  } catch (error) {
    signal.throwIfAborted();
    return { state: "unknown", why: (error as Error).message };
  }
}
