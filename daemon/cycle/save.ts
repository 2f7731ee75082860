/** Writes the own Node: the record, and the marks with it. */

import { saysTheSame } from "../notify/mail.ts";
import { momentsOf } from "../time/both-clocks.ts";
import type { Action } from "./decision.ts";
import { isSettled } from "./late.ts";
import { type NodeChange, rehearsal } from "./marks.ts";
import { needAnnotations } from "./need-annotations.ts";
import { type NodeRead, patchNode, readNode, tryPatch } from "./node.ts";
import type { Hook, NodeFacts } from "./observation.ts";
import { adopt, type CycleParts } from "./parts.ts";
import type { CyclePorts } from "./ports.ts";
import { type CycleRecord, isAtRest, parseRecord, writeRecord } from "./record.ts";
import { isRefusal, refusalText, reportRefused, withoutRefusal } from "./refused.ts";

/** A record that somebody takes away again and again is written again no sooner. */
const rewriteMs = 60_000;

/**
 * The write, and the sentence that explains it. `version`: of the Node on which the pass stands, whatever
 * the watch has shown since.
 */
export interface Write {
  record: CycleRecord;
  change: NodeChange;
  why: string;
  version: string;
}

export async function save(parts: CycleParts, write: Write, signal: AbortSignal): Promise<void> {
  const { ports, memory, evidence, drain, reports } = parts;
  const { change, why, version } = write;
  const before = memory.record() ?? write.record;
  const record = { ...write.record, mail: ports.messages.toKeep({ from: before, to: write.record, why }) };
  const text = writeRecord(record);
  const next = asWritten(text, record);
  // The node may be open to pods again before the answer comes.
  if (next.phase !== "Draining") drain.stop();
  evidence.add({ type: "writing", record: next });
  memory.writes(text);
  const asked = momentsOf(ports.clock);
  const patch = { ...annotated(parts, next, change), record: text, resourceVersion: version };
  let answer: NodeRead;
  try {
    answer = await patchNode(ports.api, ports.nodeName, patch, signal);
  } catch (error) {
    // The Node may carry the old record or the new one, or will.
    memory.distrust();
    if (!isAtRest(next) && !isSettled(error)) memory.noAnswer(version);
    throw error;
  }
  memory.wrote(next, answer, asked);
  adopt(parts, next);
  if (next.phase === "Waiting") reports.add();
  if (before.phase !== next.phase) ports.report.phaseChanged(before, next, why);
}

/**
 * A refusal of the marks is reported by the record alone. A cycle that has not begun reports it in its own
 * way.
 */
export async function saveOrReport(
  parts: CycleParts,
  { record, change, trial }: Extract<Action, { do: "save" }>,
  { why, version }: Pick<Write, "why" | "version">,
  signal: AbortSignal,
): Promise<void> {
  const { evidence, setbacks, ports } = parts;
  try {
    await save(parts, { record: withoutRefusal(record), change, why, version }, signal);
    setbacks.succeeded("save");
    ports.report.refused(undefined);
  } catch (error) {
    if (isRefusal(error)) {
      evidence.add({ type: "rehearsed", isRefused: true });
      const words = (error as Error).message;
      if (trial === undefined) await reportRefusal(parts, { record, change, why: words, version }, signal);
    }
    throw error;
  }
}

/** `why`: as the server has said. */
async function reportRefusal(parts: CycleParts, wanted: Write, signal: AbortSignal): Promise<void> {
  const { ports, evidence } = parts;
  const { report, clock } = ports;
  const { record: before } = evidence.now();
  const { record, change, why, version } = wanted;
  if (before === undefined) return;
  if (Object.keys(change).length === 0) return report.refused("record", why);
  const alone = reportRefused(before, record, why, clock.wall());
  try {
    if (alone !== undefined)
      await save(parts, { record: alone, change: {}, why: refusalText(why), version }, signal);
    report.refused("marks", why);
  } catch (error) {
    signal.throwIfAborted();
    if (isRefusal(error)) report.refused("record", (error as Error).message);
    else report.failed("writing to the Node what is rejected", error);
  }
}

/** Tries what the cycle is to write. Where the server cannot say, the cycle finds out. */
export async function rehearse(
  { ports, evidence }: CycleParts,
  record: CycleRecord,
  node: NodeFacts,
  signal: AbortSignal,
): Promise<void> {
  const wouldBe: CycleRecord = { ...record, phase: "Draining", cordoned: true };
  const change = annotated({ ports }, wouldBe, rehearsal(ports.policy.marks, record, node));
  const patch = { ...change, record: writeRecord(wouldBe) };
  const { api, nodeName, jobs } = ports;
  const tryOut = (hook: Hook) => jobs.tryOut({ hook, id: "rehearsal", nodeUid: node.uid }, signal);
  for (const trial of [() => tryPatch(api, nodeName, patch, signal), ...hooksOf(ports, tryOut)]) {
    try {
      await trial();
    } catch (error) {
      signal.throwIfAborted();
      if (isRefusal(error)) throw error;
    }
  }
  evidence.add({ type: "rehearsed", isRefused: false });
}

/** The work for each Job that the policy names. */
function hooksOf<T>({ policy }: Pick<CyclePorts, "policy">, work: (hook: Hook) => T): (() => T)[] {
  const hooks = (["before", "after"] as const).filter((hook) => policy[`${hook}Job`] !== undefined);
  return hooks.map((hook) => () => work(hook));
}

/**
 * Writes a record again that somebody has taken away, or replaced: it is to survive this process, and to
 * be seen by people.
 */
export function createRewrite(parts: CycleParts) {
  const { ports, memory, setbacks } = parts;
  let lastAt = Number.NEGATIVE_INFINITY;
  return async (record: CycleRecord, signal: AbortSignal): Promise<void> => {
    const now = ports.clock.elapsed();
    if (record.phase === "Idle" || !memory.isUnwritten() || now < lastAt + rewriteMs) return;
    lastAt = now;
    await setbacks.attempt("rewrite", async () => {
      const read = await readNode(ports.api, ports.nodeName, signal);
      if (read === undefined || !memory.carriesTheSame(read)) return memory.distrust();
      const why = "somebody else has changed the record";
      await save(parts, { record, change: {}, why, version: read.facts.resourceVersion }, signal);
    });
  };
}

/**
 * Writes the record again where other messages are to be kept in it than it has. Answers whether it was written, and
 * all is to be looked at again.
 */
export async function keepMail(
  parts: CycleParts,
  record: CycleRecord,
  version: string,
  signal: AbortSignal,
): Promise<boolean> {
  const { ports, memory, setbacks } = parts;
  // A node that waits has its reasons written first.
  if (record.phase === "Waiting" && record.reasons.length === 0) return false;
  const isKept = saysTheSame(record.mail, ports.messages.toKeep());
  if (isKept || memory.isUnwritten() || setbacks.backoffMs("keep messages") > 0) return false;
  const why = "the messages that are still to be sent are others";
  await setbacks.attempt("keep messages", () => save(parts, { record, change: {}, why, version }, signal));
  return true;
}

/** The change with the annotations that follow from the record. */
function annotated(
  { ports }: Pick<CycleParts, "ports">,
  record: CycleRecord,
  change: NodeChange,
): NodeChange {
  if (!ports.policy.marks.annotatesNeed) return change;
  return { ...change, annotations: { ...needAnnotations(record), ...change.annotations } };
}

/** The record once it was written and read. */
function asWritten(text: string, record: CycleRecord): CycleRecord {
  return parseRecord(text).record ?? record;
}
