import { mkdirSync, readFileSync, renameSync, rmSync, watch, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The few files of a machine that the daemon and it share. */
export interface MachineStorage {
  /** Whether a watch tells of every change, and never breaks. */
  readonly tellsAll: boolean;
  read(file: string): string | undefined;
  write(file: string, text: string): void;
  remove(file: string): void;
  /** Calls back when something may have changed; the reader looks for itself. */
  watch(onChange: () => void, signal: AbortSignal): void;
}

export function diskStorage(folder: string): MachineStorage {
  mkdirSync(folder, { recursive: true });
  return {
    tellsAll: false,
    read: (file) => {
      try {
        return readFileSync(join(folder, file), "utf8");
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw error;
      }
    },
    write: (file, text) => {
      // Whole or not at all, as files of /proc and /run are to their readers.
      const draft = join(folder, `.${file}.new`);
      writeFileSync(draft, text);
      renameSync(draft, join(folder, file));
    },
    remove: (file) => rmSync(join(folder, file), { force: true }),
    watch: (onChange, signal) => {
      const watcher = watch(folder, { signal, persistent: false }, () => onChange());
      // The slow poll of the machine stands in for a watch that broke.
      watcher.on("error", () => watcher.close());
    },
  };
}

export function memoryStorage(): MachineStorage {
  const files = new Map<string, string>();
  const watchers = new Set<() => void>();
  const tellAll = () => {
    for (const onChange of watchers) onChange();
  };
  return {
    tellsAll: true,
    read: (file) => files.get(file),
    write: (file, text) => {
      files.set(file, text);
      tellAll();
    },
    remove: (file) => {
      if (files.delete(file)) tellAll();
    },
    watch: (onChange, signal) => {
      watchers.add(onChange);
      signal.addEventListener("abort", () => watchers.delete(onChange), { once: true });
    },
  };
}
