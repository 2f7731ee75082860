import { type FSWatcher, watch } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, dirname, join, sep } from "node:path";
import type { Clock } from "../../time/clock.ts";

/** Who writes one file writes the one beside it in the next moment; and what changes all the time is told in measure. */
const gatherMs = 100;
/** Folders may come and go while they are looked for. After so many looks the next event, or the next renewal, finds the rest. */
const looksMax = 10;
/** How soon a change is seen that no watch tells of: where there is none to be had, and behind a link. */
const netMs = 60_000;

/** What the host is to give more of; the kernel counts inotify by user, and root's are those of all pods and services. */
const cures: Readonly<Record<string, string>> = {
  EMFILE:
    "all inotify instances of this user are taken, or this process has too many files open: raise fs.inotify.max_user_instances on the host (sysctl)",
  ENOSPC:
    "all inotify watches of this user are taken: raise fs.inotify.max_user_watches on the host (sysctl)",
  ENFILE: "the host has too many files open: raise fs.file-max (sysctl)",
};

/** What calls back by inotify, as node:fs has it. */
export type Watch = (path: string, options: { persistent: boolean }) => FSWatcher;

export interface WatchedFiles {
  folder: string;
  /** Names of files in it. */
  names: readonly string[];
  onChange: () => void;
  /** Why the folder cannot be watched, and what to do: each reason once. */
  onBreak: (error: Error) => void;
  watch?: Watch | undefined;
}

export interface FolderWatch {
  /** Watches the folder that is there now: one that was exchanged above it, or by a link, tells nothing by itself. */
  renew(): Promise<void>;
}

/**
 * Calls back when one of these files in a folder comes, goes or changes, by inotify; a look each minute is the net below it. Where
 * there is no such folder, the nearest one above it is watched until there is. One watcher at a time, and none after the signal.
 */
export function watchFiles(
  { folder, names, onChange, onBreak, watch: watchFolder = watch }: WatchedFiles,
  clock: Clock,
  signal: AbortSignal,
): FolderWatch {
  let current: { watcher: FSWatcher; identity: string } | undefined;
  let looking: Promise<void> | undefined;
  let lookAgain = false;
  let gathering = false;
  const said = new Set<string>();
  signal.addEventListener("abort", stop, { once: true });
  void lookEachMinute().catch(() => {}); // It is to end.

  async function lookEachMinute(): Promise<void> {
    for (let last: string | undefined; ; await clock.sleep(netMs, signal)) {
      await renew();
      const shown = await lookOf(folder, names);
      // A watch that has begun has told already.
      if (last === undefined ? current === undefined : shown !== last) changed();
      last = shown;
    }
  }

  function stop(): void {
    current?.watcher.close();
    current = undefined;
  }

  /** One look at a time; who asks during one is answered by the next. */
  function renew(): Promise<void> {
    lookAgain = true;
    looking ??= lookForFolder().finally(() => {
      looking = undefined;
    });
    return looking;
  }

  async function lookForFolder(): Promise<void> {
    for (let looks = 0; lookAgain && looks < looksMax; looks += 1) {
      lookAgain = false;
      const nearest = await nearestFolder(folder);
      if (signal.aborted) return;
      if (nearest === undefined || nearest.identity === current?.identity) continue;
      stop();
      // What has happened before it was watched was not told, and it may have gone before.
      lookAgain = true;
      try {
        current = { watcher: follow(nearest.path), identity: nearest.identity };
        changed();
      } catch (error) {
        broken(error as NodeJS.ErrnoException);
      }
    }
  }

  function broken({ code = "", message }: NodeJS.ErrnoException): void {
    // It may be made anew.
    if (code === "ENOENT" || said.has(code)) return;
    said.add(code);
    const why = [message, cures[code], "until then it is looked at once a minute"].filter(Boolean).join("; ");
    onBreak(Object.assign(new Error(why), { code }));
  }

  function follow(path: string): FSWatcher {
    const next = folder === path ? undefined : folder.slice(path.length).split(sep).find(Boolean);
    const watcher = watchFolder(path, { persistent: false });
    watcher.on("change", (_, changedFile) => {
      const changedName = changedFile?.toString() ?? basename(path);
      const isFolder = changedName === basename(path);
      // Gone, or moved: one that is made anew may get the same number.
      if (isFolder && current !== undefined) current.identity = "";
      if (isFolder || changedName === next) void renew();
      if (isFolder || (next === undefined && names.includes(changedName))) changed();
    });
    watcher.on("error", (error) => {
      stop();
      broken(error);
    });
    return watcher;
  }

  function changed(): void {
    if (gathering) return;
    gathering = true;
    clock.sleep(gatherMs, signal).then(
      () => {
        gathering = false;
        onChange();
      },
      () => {}, // It is to end.
    );
  }

  return { renew };
}

async function nearestFolder(path: string): Promise<{ path: string; identity: string } | undefined> {
  for (let at = path; ; at = dirname(at)) {
    const found = await stat(at).catch(() => undefined);
    if (found?.isDirectory()) return { path: at, identity: `${at} ${found.dev} ${found.ino}` };
    if (at === dirname(at)) return undefined;
  }
}

/** Another text where one of the files has come, gone or changed. */
async function lookOf(folder: string, names: readonly string[]): Promise<string> {
  const looks = names.map(async (name) => {
    try {
      const { dev, ino, size, mtimeMs } = await stat(join(folder, name));
      return [dev, ino, size, mtimeMs].join(" ");
    } catch (error) {
      return (error as NodeJS.ErrnoException).code;
    }
  });
  return (await Promise.all(looks)).join("; ");
}
