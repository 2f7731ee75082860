import { type FSWatcher, watch } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, dirname, sep } from "node:path";
import type { Clock } from "../clock.ts";

/** Who writes one file writes the one beside it in the next moment; and what changes all the time is told in measure. */
const gatherMs = 100;
/** Folders may come and go while they are looked for. After so many looks the next event, or the next renewal, finds the rest. */
const looksMax = 10;

export interface FolderWatch {
  /** Watches the folder that is there now: one that was exchanged above it, or by a link, tells nothing by itself. */
  renew(): Promise<void>;
}

/**
 * Calls back when one of these files in a folder comes, goes or changes, by inotify. Where there is no such folder, the nearest
 * one above it is watched until there is. One watcher at a time, and none after the signal.
 */
export function watchFiles(
  folder: string,
  names: readonly string[],
  onChange: () => void,
  clock: Clock,
  signal: AbortSignal,
): FolderWatch {
  let current: { watcher: FSWatcher; identity: string } | undefined;
  let looking: Promise<void> | undefined;
  let lookAgain = false;
  let gathering = false;
  signal.addEventListener("abort", stop, { once: true });
  void renew();

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
      } catch {} // Gone, or no watcher is to be had.
    }
  }

  function follow(path: string): FSWatcher {
    const next = folder === path ? undefined : folder.slice(path.length).split(sep).find(Boolean);
    const watcher = watch(path, { persistent: false });
    watcher.on("change", (_, changedFile) => {
      const changedName = changedFile?.toString() ?? basename(path);
      const isFolder = changedName === basename(path);
      // Gone, or moved: one that is made anew may get the same number.
      if (isFolder && current !== undefined) current.identity = "";
      if (isFolder || changedName === next) void renew();
      if (isFolder || (next === undefined && names.includes(changedName))) changed();
    });
    watcher.on("error", stop);
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
