import * as z from "zod/mini";
import { parseBoundedJson } from "../bounded-json.ts";
import { plainJson } from "../one-line.ts";
import type { Refusal } from "./limits.ts";
import { quoted } from "./slots.ts";

/**
 * Which nodes have failed in a row, as a value that stands beside the lock: an update that breaks each node that takes it
 * is to break a few, not all. Pure.
 */

/** On the object that carries the lock. */
export const failuresAnnotation = "rebootd.dev/failures";

const failureSchema = z.object({
  node: z.string(),
  at: z.string(),
  message: z.string(),
  haltAfter: z.catch(z.optional(z.int()), undefined),
});

/** The last failed cycle of a node. `at` is RFC 3339. `haltAfter`: with so many nothing starts, as the one who wrote it is told; 0 is never. */
export type Failure = z.output<typeof failureSchema>;

export type Failures =
  /** One for each node, the oldest first; since the last proved reboot of anybody, or since a person said resume. */
  { state: "readable"; failed: readonly Failure[] } | { state: "unreadable"; why: string };

/** How a cycle has ended. */
export interface CycleEnd {
  result: "rebooted" | "failed" | "withdrawn";
  /** RFC 3339. */
  at: string;
  message: string;
}

/** No option asks for more; what is older than these goes. */
export const failuresMax = 20;
const messageMaxChars = 200;
/** Other versions may keep more of them, and escape all of a text; still each is compared with each. */
const [entriesMax, valueMaxChars] = [100, 128 * 1024];
/** The sentence that says who failed is to fit an event. */
const shownMax = 5;
const shownNameMaxChars = 60;
const shownMessageMaxChars = 100;

/** The value of the annotation; undefined where there is none. */
export function parseFailures(annotation: string | undefined): Failures {
  if (annotation === undefined) return { state: "readable", failed: [] };
  let value: unknown;
  try {
    value = parseBoundedJson(annotation, { maxChars: valueMaxChars });
  } catch (error) {
    return unreadable(annotation, (error as Error).message);
  }
  if (Array.isArray(value) && value.length > entriesMax) {
    return unreadable(annotation, `there are more than ${entriesMax} of them`);
  }
  const parsed = z.array(failureSchema).safeParse(value);
  if (!parsed.success) return unreadable(annotation, "they are no list of node, at and message");
  return { state: "readable", failed: lastOfEach(parsed.data) };
}

/** What cannot be read may be something. */
export function isNone(failures: Failures): boolean {
  return failures.state === "readable" && failures.failed.length === 0;
}

/** The annotation's new value; null removes it. */
export function writeFailures(failed: readonly Failure[]): string | null {
  return failed.length === 0 ? null : plainJson(failed);
}

/**
 * What the end of a node's cycle makes of them; undefined for "as they are". Whoever has failed before counts once: its own
 * back-off keeps a single bad node from doing harm. Once all is halted, or where it cannot be told, only a person clears it.
 */
export function afterCycle(
  failures: Failures,
  { result, at, message }: CycleEnd,
  node: string,
  haltAfter: number,
): readonly Failure[] | undefined {
  if (failures.state === "unreadable") return undefined;
  const { failed } = failures;
  switch (result) {
    case "failed":
      return lastOfEach([...failed, { node, at, message: cut(message, messageMaxChars), haltAfter }]).slice(
        -failuresMax,
      );
    case "rebooted":
      return failed.length === 0 || halted(failures, haltAfter) !== undefined ? undefined : [];
    case "withdrawn":
      return undefined;
    default:
      return result satisfies never;
  }
}

/** Why nothing may start in the whole cluster, whatever the lock says; undefined when something may. 0 is never. */
export function halted(failures: Failures, haltAfter: number): Refusal | undefined {
  if (haltAfter === 0) return undefined;
  if (failures.state === "unreadable") return { code: "failures-unreadable", message: failures.why };
  if (failures.failed.length < haltAfter) return undefined;
  return { code: "halted", message: `${inARow(failures.failed)}: ${untilResume}` };
}

/** After how many nothing starts, for a reader who is not told: by the last one, and 0 where it does not say. */
export function haltsAfter(failures: Failures): number {
  return failures.state === "unreadable" ? 1 : (failures.failed.at(-1)?.haltAfter ?? 0);
}

export const untilResume = "nothing starts until rebootd resume --all";

/** "3 nodes failed in a row (n1: ...; n2: ...)": the latest ones. */
export function inARow(failed: readonly Failure[]): string {
  const shown = failed
    .slice(-shownMax)
    .map(({ node, message }) => `${cut(node, shownNameMaxChars)}: ${cut(message, shownMessageMaxChars)}`);
  const hidden = failed.length - shown.length;
  const who = [...(hidden > 0 ? [`${hidden} before`] : []), ...shown].join("; ");
  return `${failed.length} ${failed.length === 1 ? "node" : "nodes"} failed in a row (${who})`;
}

function lastOfEach(failed: readonly Failure[]): readonly Failure[] {
  return failed.filter(({ node }, index) => !failed.slice(index + 1).some((later) => later.node === node));
}

function unreadable(annotation: string, fault: string): Failures {
  const what = `the failures ${quoted(annotation)} beside the lock cannot be read: ${fault}`;
  return { state: "unreadable", why: `${what}; ${untilResume}, which takes them away` };
}

function cut(text: string, maxChars: number): string {
  return text.length > maxChars ? `${text.slice(0, maxChars - 1)}…` : text;
}
