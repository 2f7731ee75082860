import * as z from "zod/mini";
import { parseBoundedJson } from "../text/bounded-json.ts";
import { count } from "../text/count.ts";
import { cut } from "../text/cut.ts";
import { plainJson } from "../text/one-line.ts";
import { quoted } from "./lock.ts";
import type { Refusal } from "./refusal.ts";

/**
 * The nodes that have failed in a row, as a value beside the lock: an update that breaks each node that takes
 * it should break a few nodes, not all. Failures before the reboot was requested are counted apart: anybody
 * who runs pods on a few nodes can make their drains fail. Pure.
 */

const failureSchema = z.object({
  node: z.string(),
  at: z.string(),
  message: z.string(),
  haltAfter: z.catch(z.optional(z.int()), undefined),
  during: z.catch(z.optional(z.literal("drain")), undefined),
});

/**
 * The last failed cycle of a node, of one kind. `at` is RFC 3339. `haltAfter` is the writer's own limit: with
 * so many failures of the kind no node starts; 0 is never. `during` is absent for a failed reboot, and in all
 * entries of versions that do not know drains.
 */
export type Failure = z.output<typeof failureSchema>;

/** The limits: with so many nodes that failed in a row, of either kind, no node starts; 0 is never. */
export interface HaltAfter {
  reboots: number;
  drains: number;
}

export type Failures =
  /**
   * One for each node and kind, the oldest first, since the last proved reboot of any node or the last
   * resume.
   */
  { state: "readable"; failed: readonly Failure[] } | { state: "unreadable"; why: string };

/** The end of a cycle. */
export interface CycleEnd {
  result: "rebooted" | "failed" | "withdrawn";
  /** RFC 3339. */
  at: string;
  message: string;
  /** Set if it failed before the reboot was requested: the node was up all the time. */
  during?: "drain" | undefined;
}

/** No option asks for more. Older failures of a kind are removed. */
export const failuresMax = 20;
const messageMaxChars = 200;
/**
 * Other versions may keep more failures, and escape all of a text. The bound is low, as each one is compared
 * with each.
 */
const [entriesMax, valueMaxChars] = [100, 128 * 1024];
/** The sentence that names the failed nodes has to fit an event. */
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

/** An unreadable value does not count as none. */
export function isNone(failures: Failures): boolean {
  return failures.state === "readable" && failures.failed.length === 0;
}

/** The annotation's new value; null removes it. */
export function writeFailures(failed: readonly Failure[]): string | null {
  return failed.length === 0 ? null : plainJson(failed);
}

/**
 * The failures after a cycle of a node; undefined for "as they are". A node that failed before counts once:
 * its own back-off keeps a single bad node from doing harm. A failed drain leaves the failed reboots as they
 * are, also those of its own node. During a halt, or if the failures cannot be read, only a person clears
 * them.
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

/** The reason why no node may start, whatever the lock contains; undefined if nodes may start. */
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

/** The limits, for a reader without options: those of the last failure of each kind, and 0 if it has none. */
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

/** The failures that are kept, counted by kind: many failed drains do not push a failed reboot out. */
function latest(failed: readonly Failure[]): readonly Failure[] {
  const kept = new Set(kinds.flatMap(({ has }) => failed.filter(has).slice(-failuresMax)));
  return failed.filter((one) => kept.has(one));
}

function unreadable(annotation: string, fault: string): Failures {
  const what = `the failures ${quoted(annotation)} beside the lock cannot be read: ${fault}`;
  return { state: "unreadable", why: `${what}; ${untilResume}, which removes them` };
}
