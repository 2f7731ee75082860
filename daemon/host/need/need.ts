import { stat } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { shortEnds, shortLine } from "../../text/one-line.ts";
import type { Clock } from "../../time/clock.ts";
import { DeadlineError, withDeadline } from "../../time/deadline.ts";
import type { Argv, Exec } from "../exec.ts";
import { selinuxAdvice } from "../selinux.ts";
import { readHostFile } from "./host-file.ts";
import { type FolderWatch, type Watch, watchFiles } from "./watch-files.ts";

/** Whether this node needs a reboot, and why. `unknown` never counts as `needed`. */
export type Need =
  | {
      state: "needed";
      source: "file" | "command" | "request";
      reasons: readonly string[];
      /** The value of the annotation that requests the reboot, if the source is `request`. */
      request?: string;
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

interface Answer {
  need: Need;
  /** The reason why the source can never answer, as configured. */
  never?: string;
}

/** A list of package names can be long; it is cut to this. */
const reasonsMax = 50;
const reasonMaxChars = 200;
const packagesMaxBytes = 16 * 1024;

/** Local files are read at once, but access to a mount whose server is gone may hang. */
const fileDeadlineMs = 10_000;

/** Ports for tests. `whyDenied`: the end of a message, see {@link selinuxAdvice}. */
interface FileNeedPorts {
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
  { watch, whyDenied = selinuxAdvice }: FileNeedPorts = {},
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
    return { need: { state: "needed", source: "file", reasons: await packagesIn(packages) } };
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
      const names = [basename(sentinel), basename(packages)];
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

/** Distinct reasons, each on one line, with a limit for their length and their number. */
export function reasonsFrom(texts: readonly string[]): string[] {
  const reasons = new Set(texts.map((text) => shortLine(text, reasonMaxChars)));
  reasons.delete("");
  return [...reasons].slice(0, reasonsMax);
}

function cannotTell(why: string): Need {
  return { state: "unknown", why };
}

function never(why: string): Answer {
  return { need: cannotTell(why), never: why };
}

/** The meaning of a command's exit codes. All others, and a command that does not end, mean `unknown`. */
export interface Meaning {
  needed: number;
  notNeeded: number;
  /** The output must match this for a yes, if failures have the same exit code. */
  yes?: RegExp;
  /** The reasons are listed after a heading, and before the text of `yes` if that comes later. */
  reasons?: { heading: RegExp; each: RegExp };
}

/** The exit codes of kured's sentinel command: https://kured.dev/docs/configuration/ */
export const sentinelCommand: Meaning = { needed: 0, notNeeded: 1 };

const commandDeadlineMs = 60_000;

export function commandNeed(
  argv: Argv,
  meaning: Meaning,
  exec: Exec,
  clock: Clock,
  ageMaxMs: number,
): TriedSource {
  let last: { answer: Answer; at: number } | undefined;
  async function askNow(signal: AbortSignal): Promise<Answer> {
    const answer = await ask(argv, meaning, exec, signal);
    last = { answer, at: clock.elapsed() };
    return answer;
  }
  return {
    name: argv.join(" "),
    async check(fresh, signal) {
      if (!fresh && last !== undefined && clock.elapsed() - last.at < ageMaxMs) return last.answer.need;
      return (await askNow(signal)).need;
    },
    watch() {},
    precheck: async (signal) => (await askNow(signal)).never,
  };
}

async function ask(argv: Argv, meaning: Meaning, exec: Exec, signal: AbortSignal): Promise<Answer> {
  try {
    const { code, output } = await exec(argv, commandDeadlineMs, signal);
    const said = shortEnds(output, reasonMaxChars);
    const ended = `${argv.join(" ")} ended with ${code ?? "a signal"}${said && `: ${said}`}`;
    // A shell, env and nsenter exit with these codes for a program that does not exist, or cannot be run. But
    // nsenter exits with 1 if it may not enter the namespace, which means neither yes nor no.
    if (code === 126 || code === 127 || output.startsWith("nsenter: ")) return never(ended);
    if (code === meaning.notNeeded) return { need: { state: "not-needed" } };
    if (code !== meaning.needed || meaning.yes?.test(output) === false) return { need: cannotTell(ended) };
    return { need: { state: "needed", source: "command", reasons: reasonsIn(output, meaning) } };
  } catch (error) {
    signal.throwIfAborted();
    const { message } = error as Error;
    return error instanceof DeadlineError ? { need: cannotTell(message) } : never(message);
  }
}

/** The reasons between heading and verdict. Other output, for example about repositories, is no reason. */
function reasonsIn(output: string, { yes, reasons }: Meaning): string[] {
  const heading = reasons?.heading.exec(output);
  if (reasons === undefined || heading == null) return [];
  const list = output.slice(heading.index + heading[0].length);
  const end = yes === undefined ? -1 : list.search(yes);
  const found = (end < 0 ? list : list.slice(0, end)).matchAll(reasons.each);
  return reasonsFrom([...found].map(([, name = ""]) => name));
}
