import { type FSWatcher, watch } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, dirname, join, sep } from "node:path";
import type { Clock } from "../../time/clock.ts";

/**
 * A file and the file beside it change within moments, and some files change all the time: one call for all
 * changes of this time.
 */
const gatherMs = 100;
/**
 * Folders may come and go during a search. After this many looks the next event, or the next renewal, finds
 * the rest.
 */
const looksMax = 10;
/** The time to notice a change without an event: where inotify is exhausted, and behind a link. */
const pollMs = 60_000;

/**
 * The setting that the host has to raise. The kernel counts inotify by user, and those of root belong to all
 * pods and services.
 */
const cures: Readonly<Record<string, string>> = {
  EMFILE:
    "all inotify instances of this user are taken, or this process has too many files open: " +
    "raise fs.inotify.max_user_instances on the host (sysctl)",
  ENOSPC:
    "all inotify watches of this user are taken: raise fs.inotify.max_user_watches on the host (sysctl)",
  ENFILE: "the host has too many files open: raise fs.file-max (sysctl)",
};

/** `watch` of node:fs, which calls back by inotify. */
export type Watch = (path: string, options: { persistent: boolean }) => FSWatcher;

export interface WatchedFiles {
  folder: string;
  /** Names of files in it. */
  names: readonly string[];
  onChange: () => void;
  /** The reason why the folder cannot be watched, with the remedy. Called once for each reason. */
  onBreak: (error: Error) => void;
  watch?: Watch | undefined;
}

export interface FolderWatch {
  /**
   * Watches the folder that is there now: no event tells that a folder above it, or the target of a link, was
   * replaced.
   */
  renew(): Promise<void>;
}

/**
 * A folder, or the nearest one above it that exists. Another folder at the same path has another identity.
 */
interface Found {
  path: string;
  identity: string;
}

/**
 * Calls back when one of these files in a folder is created, deleted or changed: by inotify, and by a look
 * each minute in case that an event is missing. While the folder does not exist, the nearest folder above it
 * is watched. There is one watcher at a time, and none after the signal.
 */
export function watchFiles(
  { folder, names, onChange, onBreak, watch: watchFolder = watch }: WatchedFiles,
  clock: Clock,
  signal: AbortSignal,
): FolderWatch {
  let current: { watcher: FSWatcher; identity: string } | undefined;
  const changed = gathered(onChange, clock, signal);
  const broken = eachReasonOnce(onBreak);
  const renew = oneAtATime(async () => {
    const nearest = await nearestFolder(folder);
    if (signal.aborted || nearest === undefined || nearest.identity === current?.identity) return "done";
    stop();
    try {
      current = { watcher: follow(nearest), identity: nearest.identity };
      changed();
    } catch (error) {
      broken(error as NodeJS.ErrnoException);
    }
    // The folder may have changed or gone before the watch began.
    return "again";
  });
  signal.addEventListener("abort", stop, { once: true });
  lookEachMinute().catch(() => {}); // The signal ends it.
  return { renew };

  async function lookEachMinute(): Promise<void> {
    for (let last: string | undefined; ; await clock.sleep(pollMs, signal)) {
      await renew();
      const state = await stateOf(folder, names);
      // A watch that has just begun has already called back.
      if (last === undefined ? current === undefined : state !== last) changed();
      last = state;
    }
  }

  function stop(): void {
    current?.watcher.close();
    current = undefined;
  }

  function follow({ path }: Found): FSWatcher {
    const next = folder === path ? undefined : folder.slice(path.length).split(sep).find(Boolean);
    const watcher = watchFolder(path, { persistent: false });
    watcher.on("change", (_, changedFile) => {
      const changedName = changedFile?.toString() ?? basename(path);
      const isFolder = changedName === basename(path);
      // The folder was deleted or moved. Its successor may get the same inode number.
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
}

/** Calls back once for all calls within the time. */
function gathered(onChange: () => void, clock: Clock, signal: AbortSignal): () => void {
  let isGathering = false;
  return () => {
    if (isGathering) return;
    isGathering = true;
    clock.sleep(gatherMs, signal).then(
      () => {
        isGathering = false;
        onChange();
      },
      () => {}, // The signal ends it.
    );
  };
}

/** Runs one look at a time, and another one if it asks for that, or if a call came during the look. */
function oneAtATime(look: () => Promise<"done" | "again">): () => Promise<void> {
  let looking: Promise<void> | undefined;
  let isAsked = false;
  const lookWhileAsked = async () => {
    for (let looks = 0; isAsked && looks < looksMax; looks += 1) {
      isAsked = false;
      if ((await look()) === "again") isAsked = true;
    }
  };
  return () => {
    isAsked = true;
    looking ??= lookWhileAsked().finally(() => {
      looking = undefined;
    });
    return looking;
  };
}

function eachReasonOnce(onBreak: (error: Error) => void): (error: NodeJS.ErrnoException) => void {
  const reported = new Set<string>();
  return ({ code = "", message }) => {
    // A folder that does not exist may be created.
    if (code === "ENOENT" || reported.has(code)) return;
    reported.add(code);
    const why = [message, cures[code], "until then rebootd looks once a minute"].filter(Boolean).join("; ");
    onBreak(Object.assign(new Error(why), { code }));
  };
}

async function nearestFolder(path: string): Promise<Found | undefined> {
  for (let at = path; ; at = dirname(at)) {
    const found = await stat(at).catch(() => undefined);
    if (found?.isDirectory()) return { path: at, identity: `${at} ${found.dev} ${found.ino}` };
    if (at === dirname(at)) return undefined;
  }
}

/** A text that differs after one of the files was created, deleted or changed. */
async function stateOf(folder: string, names: readonly string[]): Promise<string> {
  const states = names.map(async (name) => {
    try {
      const { dev, ino, size, mtimeMs } = await stat(join(folder, name));
      return [dev, ino, size, mtimeMs].join(" ");
    } catch (error) {
      return (error as NodeJS.ErrnoException).code;
    }
  });
  return (await Promise.all(states)).join("; ");
}
