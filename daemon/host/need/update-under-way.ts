/** Whether an update is under way on the host that a reboot would break off. */
import { stat } from "node:fs/promises";
import type { Clock } from "../../time/clock.ts";
import { withDeadline } from "../../time/deadline.ts";
import { selinuxAdvice } from "../selinux.ts";

const deadlineMs = 10_000;

/** The newest file that says so, and since when in milliseconds since the epoch. Rejects where it cannot tell. */
export type UpdateUnderWay = (signal: AbortSignal) => Promise<{ file: string; since: number } | undefined>;

/** Looks for files that a program has during its work. */
export function updateUnderWay(files: readonly string[], clock: Clock): UpdateUnderWay {
  return (signal) =>
    withDeadline(clock, deadlineMs, signal, `looking for ${files.join(" and ")}`, async () => {
      const found = await Promise.all(files.map(async (file) => ({ file, since: await changeOf(file) })));
      const there = found.flatMap(({ file, since }) => (since === undefined ? [] : [{ file, since }]));
      return there.sort((one, other) => other.since - one.since)[0];
    });
}

/** In milliseconds since the epoch; undefined without the file. */
async function changeOf(file: string): Promise<number | undefined> {
  try {
    return (await stat(file)).mtimeMs;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    throw new Error(message + (await selinuxAdvice(error)), { cause: error });
  }
}
