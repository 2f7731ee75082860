import { stat } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { shortLine } from "../../text/one-line.ts";
import type { Clock } from "../../time/clock.ts";
import { withDeadline } from "../../time/deadline.ts";
import { selinuxAdvice } from "../selinux.ts";
import { readHostFile } from "./host-file.ts";
import { type FolderWatch, type Watch, watchFiles } from "./watch-files.ts";

/** Whether this node needs a reboot, and why. `unknown` never counts as `needed`. */
export type Need =
  | {
      state: "needed";
      source: "file" | "command" | "request" | "label" | "uptime";
      reasons: readonly string[];
      /** The value of the annotation that requests the reboot, and the label that does, as one text. */
      request?: string;
      /** `low`: the reboot may wait for those of other nodes. */
      urgency?: "low";
    }
  | { state: "not-needed" }
  | { state: "unknown"; why: string };

/** Finds out whether the host needs a reboot, and when that may have changed. */
export interface NeedSource {
  /** It is the reason where several sources are asked and this one gives no reason, such as the path of a file. */
  name?: string;
  /**
   * With `fresh` the host is asked now; without it a recent answer is enough. Rejects only if the signal is
   * aborted.
   */
  check(fresh: boolean, signal: AbortSignal): Promise<Need>;
  /**
   * Calls back when the answer may have changed, until the signal ends it. Calls may be missing, so the
   * caller polls as well. `onBreak` is called once for each reason why a change is noticed late.
   */
  watch(onChange: () => void, signal: AbortSignal, onBreak?: (error: Error) => void): void;
}

/** A source with a check at the start of the daemon. */
export interface TriedSource extends NeedSource {
  /**
   * The reason why the source can never answer, as configured; undefined for a failure that may be transient.
   */
  precheck(signal: AbortSignal): Promise<string | undefined>;
}

export interface Answer {
  need: Need;
  /** The reason why the source can never answer, as configured. */
  never?: string;
}

/** A list of package names can be long; it is cut to this. */
const reasonsMax = 50;
export const reasonMaxChars = 200;
const packagesMaxBytes = 16 * 1024;
const wordMaxBytes = 32;

/** Local files are read at once, but access to a mount whose server is gone may hang. */
const fileDeadlineMs = 10_000;

interface FileNeedWays {
  /** The file may hold a word that says which kind of reboot is the least that is needed: a reason. */
  holdsWord?: boolean;
  /** Names beside the file whose changes ring as well. */
  beside?: readonly string[];
  /** Ports for tests. `whyDenied`: the end of a message, see {@link selinuxAdvice}. */
  watch?: Watch;
  whyDenied?: (error: unknown) => Promise<string>;
}

/**
 * Debian's convention: the file exists while a reboot is needed, and a second file names the packages that
 * need it.
 */
export function fileNeed(
  sentinel: string,
  clock: Clock,
  { holdsWord = false, beside = [], watch, whyDenied = selinuxAdvice }: FileNeedWays = {},
): TriedSource {
  const packages = `${sentinel}.pkgs`;
  let watching: FolderWatch | undefined;

  async function look(): Promise<Answer> {
    try {
      // The kubelet creates a folder for a hostPath whose file does not exist.
      if ((await stat(sentinel)).isDirectory()) return never(`${sentinel} is a folder`);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== "ENOENT") return never(message + (await whyDenied(error)));
      const folder = dirname(sentinel);
      const isThere = await stat(folder).catch(() => undefined);
      // The folder may be created later.
      return { need: isThere ? { state: "not-needed" } : cannotTell(`there is no folder ${folder}`) };
    }
    const reasons = [...(holdsWord ? await wordIn(sentinel) : []), ...(await packagesIn(packages))];
    return { need: { state: "needed", source: "file", reasons } };
  }

  async function answer(signal: AbortSignal): Promise<Answer> {
    try {
      return await withDeadline(clock, fileDeadlineMs, signal, `looking for ${sentinel}`, look);
    } catch (error) {
      signal.throwIfAborted();
      return { need: cannotTell((error as Error).message) };
    }
  }

  return {
    name: sentinel,
    async check(_, signal) {
      void watching?.renew();
      return (await answer(signal)).need;
    },
    watch(onChange, signal, onBreak = () => {}) {
      const names = [basename(sentinel), basename(packages), ...beside];
      const said = async (error: Error) => {
        const advice = await whyDenied(error);
        onBreak(Object.assign(error, { message: error.message + advice }));
      };
      const files = { folder: dirname(resolve(sentinel)), names, onChange, onBreak: said, watch };
      watching = watchFiles(files, clock, signal);
    },
    precheck: async (signal) => (await answer(signal)).never,
  };
}

/**
 * The packages that need the reboot. (The sentinel itself may be a link: only its existence counts, and its
 * text is not read.)
 */
async function packagesIn(file: string): Promise<string[]> {
  try {
    const { text, isWhole } = await readHostFile(file, packagesMaxBytes);
    const lines = text.split("\n");
    // The last line may be incomplete.
    return reasonsFrom(isWhole ? lines : lines.slice(0, -1));
  } catch {
    return []; // The node needs the reboot anyway; the reasons are only for people.
  }
}

/** Such as soft-reboot, kexec or reboot: https://github.com/openSUSE/zypp-boot-plugin */
async function wordIn(file: string): Promise<string[]> {
  try {
    const { text, isWhole } = await readHostFile(file, wordMaxBytes);
    return isWhole && /^[a-z][a-z-]*\s*$/.test(text) ? [`${basename(file)}: ${text.trim()}`] : [];
  } catch {
    return []; // The file may be a link, whose existence is enough.
  }
}

/** Distinct reasons, each on one line, with a limit for their length and their number. */
export function reasonsFrom(texts: readonly string[]): string[] {
  const reasons = new Set(texts.map((text) => shortLine(text, reasonMaxChars)));
  reasons.delete("");
  return [...reasons].slice(0, reasonsMax);
}

export function cannotTell(why: string): Need {
  return { state: "unknown", why };
}

export function never(why: string): Answer {
  return { need: cannotTell(why), never: why };
}
