import { stat } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { shortEnds, shortLine } from "../../text/one-line.ts";
import type { Clock } from "../../time/clock.ts";
import { DeadlineError, withDeadline } from "../../time/deadline.ts";
import type { Argv, Exec } from "../exec.ts";
import { selinuxAdvice } from "../selinux.ts";
import { readHostFile } from "./host-file.ts";
import { type FolderWatch, type Watch, watchFiles } from "./watch-files.ts";

/** Why this node should reboot, as far as can be told. "Cannot tell" is never taken for a yes. */
export type Need =
  | {
      state: "needed";
      source: "file" | "command" | "request";
      reasons: readonly string[];
      /** The annotation that asks for it, where there is one. */
      request?: string;
    }
  | { state: "not-needed" }
  | { state: "unknown"; why: string };

/** Asks the host whether it needs a reboot, and tells when that may have changed. */
export interface NeedSource {
  /** `fresh`: the answer must be from now; otherwise a recent one will do. Never rejects but by the signal. */
  check(fresh: boolean, signal: AbortSignal): Promise<Need>;
  /**
   * Calls back when the answer may have changed, until the signal ends it. A safety net stands beside it. `onBreak` is told, once for
   * each reason, why it is seen later than it could be.
   */
  watch(onChange: () => void, signal: AbortSignal, onBreak?: (error: Error) => void): void;
}

/** One that can be tried before it is relied on. */
export interface TriedSource extends NeedSource {
  /** Why it can never answer as things are, if so. What may be over the next time is none. */
  precheck(signal: AbortSignal): Promise<string | undefined>;
}

interface Answer {
  need: Need;
  /** The reason why it can never answer as things are. */
  never?: string;
}

/** A list of package names can be long; this many say enough. */
const reasonsMax = 50;
const reasonMaxChars = 200;
const packagesMaxBytes = 16 * 1024;

/** A look at a file takes no time, but for one on a server that is gone. */
const fileDeadlineMs = 10_000;

/** What a test has its own of. `whyDenied`: the end of a message, see {@link selinuxAdvice}. */
interface FileNeedPorts {
  watch?: Watch;
  whyDenied?: (error: unknown) => Promise<string>;
}

/** Debian's convention: the file is there while a reboot is needed, and a second file names the packages that ask for it. */
export function fileNeed(
  sentinel: string,
  clock: Clock,
  { watch, whyDenied = selinuxAdvice }: FileNeedPorts = {},
): TriedSource {
  const packages = `${sentinel}.pkgs`;
  let watching: FolderWatch | undefined;

  async function look(): Promise<Answer> {
    try {
      // What the kubelet makes of a hostPath whose file is not there.
      if ((await stat(sentinel)).isDirectory()) return never(`${sentinel} is a folder`);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== "ENOENT") return never(message + (await whyDenied(error)));
      const folder = dirname(sentinel);
      const isThere = await stat(folder).catch(() => undefined);
      // It may be made later.
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

/** The sentinel itself may be a link: that it is there counts, and nothing of its text is told. */
async function packagesIn(file: string): Promise<string[]> {
  try {
    const { text, isWhole } = await readHostFile(file, packagesMaxBytes);
    const lines = text.split("\n");
    // The last one may be cut.
    return reasonsFrom(isWhole ? lines : lines.slice(0, -1));
  } catch {
    return []; // They are told for people's sake: the need is there without them.
  }
}

/** Each once, on one line and not longer than that, and no more than enough. */
function reasonsFrom(texts: readonly string[]): string[] {
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

/** Needed as soon as one of the sources says so; where none does, and one cannot tell, it cannot be told. */
export function anyNeed(sources: readonly TriedSource[]): TriedSource {
  return {
    async check(fresh, signal) {
      const needs = await Promise.all(sources.map((source) => source.check(fresh, signal)));
      const isIn = (state: Need["state"]) => needs.find((need) => need.state === state);
      return isIn("needed") ?? isIn("unknown") ?? { state: "not-needed" };
    },
    watch(onChange, signal, onBreak) {
      // Files of one folder share its trouble.
      const said = new Set<string>();
      const once = (error: Error) => {
        if (!said.has(error.message)) onBreak?.(error);
        said.add(error.message);
      };
      for (const source of sources) source.watch(onChange, signal, once);
    },
    async precheck(signal) {
      const failures = await Promise.all(sources.map((source) => source.precheck(signal)));
      return failures.find((failure) => failure !== undefined);
    },
  };
}

/** What the exit codes of a command mean; all others, and a command that does not end, mean that it cannot tell. */
export interface Meaning {
  needed: number;
  notNeeded: number;
  /** In the output of a yes, where the exit code is that of a failure as well. */
  yes?: RegExp;
  /** The reasons of a yes stand after a heading, and before the yes where that comes after them. */
  reasons?: { heading: RegExp; each: RegExp };
}

/** As kured has it: https://kured.dev/docs/configuration/ */
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
    // A shell, env and nsenter have these codes for a program that is not there, or cannot be run. But nsenter ends with 1
    // where it may not enter, which must be taken for neither yes nor no.
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

/** What a command says before its list, of repositories and the like, is none of the reasons, nor is what it says after its verdict. */
function reasonsIn(output: string, { yes, reasons }: Meaning): string[] {
  const heading = reasons?.heading.exec(output);
  if (reasons === undefined || heading == null) return [];
  const list = output.slice(heading.index + heading[0].length);
  const end = yes === undefined ? -1 : list.search(yes);
  const found = (end < 0 ? list : list.slice(0, end)).matchAll(reasons.each);
  return reasonsFrom([...found].map(([, name = ""]) => name));
}
