import { contract } from "../annotations/names.ts";
import { createBelief } from "../cluster/belief.ts";
import type { Metadata } from "../cluster/objects.ts";
import { ageMs, type Moments, momentsOf } from "../time/both-clocks.ts";
import type { Clock } from "../time/clock.ts";
import { iso } from "../time/iso.ts";
import { judgeForeign } from "./foreign.ts";
import { longer } from "./history.ts";
import { justNowMs, lateMs } from "./late.ts";
import { misreadOn } from "./misread.ts";
import { type NodeRead, requestsOn } from "./node.ts";
import type { NodeFacts } from "./observation.ts";
import type { Answer } from "./own-slot.ts";
import { type CycleRecord, clamped, idleRecord, shifted } from "./record.ts";

/** The knowledge of this process about its own Node and the record on it, and its age. */
export interface OwnMemory {
  /** Undefined where the Node is to be read first. */
  record(): CycleRecord | undefined;
  /** However old. */
  node(): NodeFacts | undefined;
  /** When its last read was begun, where the watch has shown another version since. */
  changedSince(): Moments | undefined;
  /** The Node as the server has answered just now, where the watch has shown nothing newer. */
  justNow(): Answer<NodeFacts> | undefined;
  /**
   * The Node as the server has answered last, where it is believed: its metadata as the watch has shown it since,
   * the rest as it was then. `isChanged`: the watch has shown a newer version.
   */
  lately(): (Answer<NodeFacts> & { isChanged: boolean }) | undefined;
  /**
   * The Node was made without the record that it is to carry, or somebody has taken that away, or written
   * another one.
   */
  isUnwritten(): boolean;
  /** The milliseconds for which it is still believed. */
  trustedMs(): number;
  /**
   * From a read that was begun then. What the Node carries wins where this process has written that, as an
   * answer to a write may have been lost, or has not written anything yet. Where it carries nothing memory
   * has to do, but not for a Node that was made anew under the same name; and so it has, mostly, where
   * somebody else has written it.
   */
  learn(read: NodeRead, asked: Moments): CycleRecord;
  /** Tells whether the Node carries the record that was known before it was read. */
  carriesTheSame(read: NodeRead): boolean;
  /** Tells whether the Node is known to carry this very text. */
  carries(text: string): boolean;
  /** A write of this text is begun: it may be there later, with an answer or without. */
  writes(text: string): void;
  /** The answer to a write of the record that was begun then. */
  wrote(record: CycleRecord, answer: NodeRead, asked: Moments): void;
  /** A write under that version of the Node had no answer, and may take effect yet. */
  noAnswer(version: string): void;
  /** That version, while it may. */
  unanswered(): string | undefined;
  /**
   * Learns from the watch: true where somebody has changed the record, or wants something else of the node
   * than before.
   */
  see(metadata: Metadata | undefined): boolean;
  distrust(): void;
  /**
   * To be called before anything is decided. Answers by how many milliseconds the wall clock was set
   * since, and the record's times with it.
   */
  followClock(): number;
}

/** A smaller step is an ordinary correction of the clock. */
const stepMs = 1000;
/** A process remembers so many of its own texts: a backup may bring one of them back. */
const ownTextsMax = 200;

interface Known {
  facts: NodeFacts;
  record: CycleRecord;
  /** The record as the Node carries it. */
  text: string | undefined;
  /** The Node is to carry `record`, and carries something else. */
  isUnwritten: boolean;
}

export function createOwnMemory(clock: Clock, trustMs: number, onFault: (fault: string) => void): OwnMemory {
  const belief = createBelief<Known>(clock, trustMs);
  let ownTexts: readonly string[] = [];
  let answered: Answer<NodeFacts> | undefined;
  let lost: { version: string; until: number } | undefined;
  let offsetMs = clock.wall() - clock.elapsed();

  const keep = (known: Known) => belief.shown(known, belief.last()?.facts.resourceVersion);
  const remember = (text: string) => {
    ownTexts = [...ownTexts.filter((one) => one !== text), text].slice(-ownTextsMax);
  };

  return {
    record: () => belief.value()?.record,
    node: () => belief.last()?.facts,
    changedSince() {
      const isAsRead = belief.last()?.facts.resourceVersion === answered?.facts.resourceVersion;
      return isAsRead ? undefined : answered?.asked;
    },
    justNow() {
      if (answered === undefined || belief.value() === undefined) return undefined;
      if (ageMs(answered.asked, momentsOf(clock)) >= justNowMs) return undefined;
      return belief.last()?.facts.resourceVersion === answered.facts.resourceVersion ? answered : undefined;
    },
    lately() {
      const facts = belief.value()?.facts;
      if (facts === undefined || answered === undefined) return undefined;
      const isChanged = facts.resourceVersion !== answered.facts.resourceVersion;
      return { facts, asked: answered.asked, isChanged };
    },
    isUnwritten: () => belief.last()?.isUnwritten === true,
    trustedMs: belief.trustedMs,
    learn(read, asked) {
      const { known, fault, isFirst } = knownFrom(read, belief.last(), ownTexts, clock.wall());
      if (read.carried.fault !== undefined) onFault(read.carried.fault);
      if (fault !== undefined) onFault(fault);
      if (isFirst && read.text !== undefined) remember(read.text);
      const last = belief.last();
      if (!belief.read(known, read.facts.resourceVersion, asked.elapsed))
        keep({ ...known, facts: last?.facts ?? read.facts });
      answered = { facts: read.facts, asked };
      return known.record;
    },
    carriesTheSame: (read) => isSame(read, belief.last()),
    carries: (text) => belief.value()?.text === text,
    writes: remember,
    wrote(record, { facts, text }, asked) {
      lost = undefined;
      belief.read({ facts, text, record, isUnwritten: false }, facts.resourceVersion, asked.elapsed);
      answered = { facts, asked };
    },
    noAnswer(version) {
      lost = { version, until: clock.elapsed() + lateMs };
    },
    unanswered: () => (lost !== undefined && clock.elapsed() < lost.until ? lost.version : undefined),
    see(metadata) {
      const last = belief.last();
      if (last === undefined) return false;
      const { known, isRecordChanged, isNews } = knownFromWatch(metadata, last);
      if (known !== undefined && !belief.shown(known, known.facts.resourceVersion)) return false;
      if (isRecordChanged) belief.trustAtMost(0);
      return isNews;
    },
    distrust: () => belief.trustAtMost(0),
    followClock() {
      const before = offsetMs;
      offsetMs = clock.wall() - clock.elapsed();
      const setByMs = offsetMs - before;
      if (Math.abs(setByMs) < stepMs) return 0;
      const last = belief.last();
      if (last !== undefined) keep({ ...last, record: shifted(last.record, setByMs) });
      return setByMs;
    },
  };
}

/** Tells whether it is the Node that was known, with the record that was known or none. */
function isSame({ facts, text }: NodeRead, last: Known | undefined): boolean {
  return facts.uid === last?.facts.uid && (text === undefined || text === last.text);
}

/** The knowledge after a read of the Node. `fault`: why the record that it carries does not count. Pure. */
function knownFrom(
  read: NodeRead,
  last: Known | undefined,
  ownTexts: readonly string[],
  now: number,
): { known: Known; fault?: string | undefined; isFirst: boolean } {
  const { facts, text } = read;
  const carried = clamped(read.carried.record ?? idleRecord(now), now);
  const isOwn = text !== undefined && ownTexts.includes(text);
  // Others may write the record, but not how the cycles went that this process knows of.
  const history = longer(last?.record.history, isOwn ? carried.history : undefined);
  const found = last?.facts.uid === facts.uid ? { ...carried, history } : carried;
  const known = (record: CycleRecord, isUnwritten: boolean) => ({ facts, text, record, isUnwritten });
  if (last === undefined)
    return { known: known(askedJustNow(found, now), text === undefined), isFirst: true };
  const isFirst = false;
  if (text !== undefined && text === last.text && facts.uid === last.facts.uid)
    return { known: known(last.record, last.isUnwritten), isFirst };
  if (isSame(read, last)) return { known: known(remembered(last.record, read), true), isFirst };
  if (text === undefined || facts.uid !== last.facts.uid || isOwn)
    return { known: known(found, text === undefined), isFirst };
  const { record, fault } = judgeForeign(last.record, found, {
    isCordoned: facts.unschedulable,
    wasCordoned: last.facts.unschedulable,
  });
  return { known: known(record, fault !== undefined), fault, isFirst };
}

/** The knowledge after an event of the watch; a Node that is gone, or another one, ends it. Pure. */
function knownFromWatch(
  metadata: Metadata | undefined,
  last: Known,
): { known?: Known; isRecordChanged: boolean; isNews: boolean } {
  if (metadata?.uid !== last.facts.uid) return { isRecordChanged: true, isNews: true };
  const { resourceVersion = "", annotations = {} } = metadata;
  const { labels, deletedAt } = last.facts;
  const before = {
    ...requestsOn({ labels, annotations: last.facts.annotations }),
    ...(deletedAt !== undefined && { deletedAt }),
  };
  const requests = requestsOn(metadata);
  const misread = JSON.stringify(misreadOn(annotations, []));
  const isRequested =
    JSON.stringify(requests) !== JSON.stringify(before) ||
    misread !== JSON.stringify(misreadOn(last.facts.annotations, []));
  const isRecordChanged = annotations[contract.cycle.key] !== last.text;
  const facts = { ...last.facts, ...requests, annotations, resourceVersion };
  return { known: { ...last, facts }, isRecordChanged, isNews: isRequested || isRecordChanged };
}

/**
 * A Node that has lost the record, as by a restore, may have lost the cordon too: one from then on is
 * somebody else's.
 */
function remembered(record: CycleRecord, { facts, text }: NodeRead): CycleRecord {
  return text === undefined && !facts.unschedulable ? { ...record, cordoned: false } : record;
}

/**
 * The clock of the process that asked is unknown. The deadline starts again, so the node stays down for
 * longer.
 */
function askedJustNow(record: CycleRecord, now: number): CycleRecord {
  return record.askedAt === undefined ? record : { ...record, askedAt: iso(now) };
}
