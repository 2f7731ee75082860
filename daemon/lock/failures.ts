import * as z from "zod/mini";
import { parseBoundedJson } from "../text/bounded-json.ts";
import { count } from "../text/count.ts";
import { cut } from "../text/cut.ts";
import { plainJson } from "../text/one-line.ts";
import { quoted } from "./lock.ts";
import type { Refusal } from "./refusal.ts";

/**
 * Which nodes have failed in a row, as a value that stands beside the lock: an update that breaks each node that takes it
 * is to break a few, not all. What failed before the machine was asked to reboot is counted apart: whoever runs pods on a
 * few nodes can have their drains fail. Pure.
 */

const failureSchema = z.object({
  node: z.string(),
  at: z.string(),
  message: z.string(),
  haltAfter: z.catch(z.optional(z.int()), undefined),
  during: z.catch(z.optional(z.literal("drain")), undefined),
});

/**
 * The last failed cycle of a node, of one kind. `at` is RFC 3339. `haltAfter`: with so many of the kind nothing starts, as the one who
 * wrote it is told; 0 is never. `during`: a version that does not write it has counted all in one, so what lacks it is a failed reboot.
 */
export type Failure = z.output<typeof failureSchema>;

/** With so many nodes that failed in a row, of either kind, nothing starts; 0 is never. */
export interface HaltAfter {
  reboots: number;
  drains: number;
}

export type Failures =
  /** One for each node and kind, the oldest first; since the last proved reboot of anybody, or since a person said resume. */
  { state: "readable"; failed: readonly Failure[] } | { state: "unreadable"; why: string };

/** How a cycle has ended. */
export interface CycleEnd {
  result: "rebooted" | "failed" | "withdrawn";
  /** RFC 3339. */
  at: string;
  message: string;
  /** It has failed before the machine was asked to reboot: the node was up all the time. */
  during?: "drain" | undefined;
}

/** No option asks for more; what is older than these of a kind goes. */
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
  if (!parsed.success) return unreadable(annotation, "they are not a list of node, at and message");
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
 * back-off keeps a single bad node from doing harm. A failed drain leaves the failed reboots as they are, of its own node too.
 * Once all is halted, or where it cannot be told, only a person clears it.
 */
export function afterCycle(
  failures: Failures,
  { result, at, message, during }: CycleEnd,
  node: string,
  haltAfter: HaltAfter,
): readonly Failure[] | undefined {
  if (failures.state === "unreadable") return undefined;
  const { failed } = failures;
  switch (result) {
    case "failed": {
      const facts = { node, at, message: cut(message, messageMaxChars) };
      const failure: Failure =
        during === undefined
          ? { ...facts, haltAfter: haltAfter.reboots }
          : { ...facts, haltAfter: haltAfter.drains, during };
      return latest(lastOfEach([...failed, failure]));
    }
    case "rebooted":
      return failed.length === 0 || halted(failures, haltAfter) !== undefined ? undefined : [];
    case "withdrawn":
      return undefined;
    default:
      return result satisfies never;
  }
}

/** Why nothing may start in the whole cluster, whatever the lock says; undefined when something may. */
export function halted(failures: Failures, haltAfter: HaltAfter): Refusal | undefined {
  if (failures.state === "unreadable") {
    const isNever = haltAfter.reboots === 0 && haltAfter.drains === 0;
    return isNever ? undefined : { gate: "lock", code: "failures-unreadable", message: failures.why };
  }
  const kind = kinds.find(({ option, has }) => {
    return haltAfter[option] > 0 && failures.failed.filter(has).length >= haltAfter[option];
  });
  if (kind === undefined) return undefined;
  return {
    gate: "lock",
    code: "halted",
    message: `${inARow(failures.failed.filter(kind.has))}: ${untilResume}`,
  };
}

/** After how many nothing starts, for a reader who is not told: by the last one of each kind, and 0 where it does not say. */
export function haltsAfter(failures: Failures): HaltAfter {
  if (failures.state === "unreadable") return { reboots: 1, drains: 0 };
  const last = (has: Kind["has"]) => failures.failed.findLast(has)?.haltAfter ?? 0;
  return { reboots: last(isOfReboot), drains: last(isOfDrain) };
}

export const untilResume = "no node starts until rebootd resume --all";

interface Kind {
  option: keyof HaltAfter;
  has: (failure: Failure) => boolean;
  verb: string;
  noun: string;
}

const isOfDrain = ({ during }: Failure) => during === "drain";
const isOfReboot = (failure: Failure) => !isOfDrain(failure);
const kinds: readonly Kind[] = [
  { option: "reboots", has: isOfReboot, verb: "reboot", noun: "failed reboot" },
  { option: "drains", has: isOfDrain, verb: "drain", noun: "failed drain" },
];

/** "3 nodes failed to reboot in a row (n1: ...; n2: ...)": the latest ones of each kind. */
export function inARow(failed: readonly Failure[]): string {
  return ofEachKind(failed, (some) => ` (${whoFailed(some)})`);
}

/** "1 of 3 failed reboots before the halt (n1: ...)", for failures that halt nothing yet. */
export function beforeHalt(failures: Failures): string {
  const { failed } = failures.state === "readable" ? failures : { failed: [] };
  const limits = haltsAfter(failures);
  return kinds
    .map(({ option, has, noun }) => ({ some: failed.filter(has), limit: limits[option], noun }))
    .filter(({ some }) => some.length > 0)
    .map(({ some, limit, noun }) => {
      const many =
        limit > 0 ? `${some.length} of ${count(limit, noun)} before the halt` : count(some.length, noun);
      return `${many} (${whoFailed(some)})`;
    })
    .join(", ");
}

/** The same as {@link inARow} without names. */
export function countInARow(failed: readonly Failure[]): string {
  return ofEachKind(failed, () => "");
}

function ofEachKind(failed: readonly Failure[], add: (some: readonly Failure[]) => string): string {
  return kinds
    .map(({ has, verb }) => ({ some: failed.filter(has), verb }))
    .filter(({ some }) => some.length > 0)
    .map(({ some, verb }) => {
      const inSuccession = some.length > 1 ? " in a row" : "";
      return `${count(some.length, "node")} failed to ${verb}${inSuccession}${add(some)}`;
    })
    .join(", ");
}

function whoFailed(failed: readonly Failure[]): string {
  const shown = failed
    .slice(-shownMax)
    .map(({ node, message }) => `${cut(node, shownNameMaxChars)}: ${cut(message, shownMessageMaxChars)}`);
  const hidden = failed.length - shown.length;
  return [...(hidden > 0 ? [`${hidden} before`] : []), ...shown].join("; ");
}

function lastOfEach(failed: readonly Failure[]): readonly Failure[] {
  const isSame = (one: Failure, other: Failure) => one.node === other.node && one.during === other.during;
  return failed.filter((one, index) => !failed.slice(index + 1).some((later) => isSame(one, later)));
}

/** As many of each kind as are kept: many failed drains do not push a failed reboot out. */
function latest(failed: readonly Failure[]): readonly Failure[] {
  const kept = new Set(kinds.flatMap(({ has }) => failed.filter(has).slice(-failuresMax)));
  return failed.filter((one) => kept.has(one));
}

function unreadable(annotation: string, fault: string): Failures {
  const what = `the failures ${quoted(annotation)} beside the lock cannot be read: ${fault}`;
  return { state: "unreadable", why: `${what}; ${untilResume}, which removes them` };
}
