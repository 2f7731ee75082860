import { contract } from "../annotations/names.ts";
import { createBelief } from "../cluster/belief.ts";
import type { Metadata } from "../cluster/objects.ts";
import type { Clock } from "../time/clock.ts";
import { judgeForeign } from "./foreign.ts";
import { misreadOn } from "./misread.ts";
import { type NodeRead, requestsOn } from "./node.ts";
import type { NodeFacts } from "./observation.ts";
import { type CycleRecord, clamped, idleRecord, parseRecord, shifted } from "./record.ts";

/** What this process knows of its own Node and of the record on it, and how sure that is. */
export interface OwnMemory {
  /** Undefined where the Node is to be read first. */
  record(): CycleRecord | undefined;
  /** However old. */
  node(): NodeFacts | undefined;
  /** The Node was made without the record that it is to carry, or somebody has taken that away, or written another one. */
  isUnwritten(): boolean;
  /** For how many milliseconds more it is believed. */
  trustedMs(): number;
  /**
   * From a read that was begun at that moment of `clock.elapsed()`. What the Node carries wins where this process has written that, as
   * an answer to a write may have been lost, or has not written anything yet. Where it carries nothing memory has to do, but not for a
   * Node that was made anew under the same name; and so it has, mostly, where somebody else has written it.
   */
  learn(read: NodeRead, askedAt: number): CycleRecord;
  /** Whether the Node carries the record that was known before it was read. */
  carriesTheSame(read: NodeRead): boolean;
  /** Whether the Node is known to carry this very text. */
  carries(text: string): boolean;
  /** A write of this text is begun: it may be there later, with an answer or without. */
  writes(text: string): void;
  /** The answer to a write of the record that was begun at that moment. */
  wrote(record: CycleRecord, answer: NodeRead, askedAt: number): void;
  /** What the watch shows: true where somebody has changed the record, or wants something else of the node than before. */
  see(metadata: Metadata | undefined): boolean;
  distrust(): void;
  /** To be called before anything is decided. Answers by how many milliseconds the wall clock was set since, and the record's times with it. */
  followClock(): number;
}

/** What is less is the clock's ordinary correction. */
const stepMs = 1000;

interface Known {
  facts: NodeFacts;
  record: CycleRecord;
  /** The record as the Node carries it. */
  text: string | undefined;
  /** The Node is to carry `record`, and carries something else. */
  isUnwritten: boolean;
}

/** Of its own texts a process remembers so many: a backup may bring one of them back. */
const ownTextsMax = 200;

export function createOwnMemory(clock: Clock, trustMs: number, onFault: (fault: string) => void): OwnMemory {
  const belief = createBelief<Known>(clock, trustMs);
  const ownTexts = new Set<string>();
  let offsetMs = clock.wall() - clock.elapsed();

  function carriesTheSame({ facts, text }: NodeRead): boolean {
    const last = belief.last();
    return facts.uid === last?.facts.uid && (text === undefined || text === last.text);
  }

  function remember(text: string): void {
    ownTexts.delete(text);
    ownTexts.add(text);
    const [oldest] = ownTexts;
    if (ownTexts.size > ownTextsMax && oldest !== undefined) ownTexts.delete(oldest);
  }

  function knownFrom(
    read: NodeRead,
    found: CycleRecord,
    last: Known | undefined,
    now: number,
  ): Pick<Known, "record" | "isUnwritten"> {
    const { facts, text } = read;
    if (last === undefined) {
      if (text !== undefined) remember(text);
      return { record: askedJustNow(found, now), isUnwritten: text === undefined };
    }
    if (text !== undefined && text === last.text && facts.uid === last.facts.uid)
      return { record: last.record, isUnwritten: last.isUnwritten };
    if (carriesTheSame(read)) return { record: remembered(last.record, read), isUnwritten: true };
    if (text === undefined || facts.uid !== last.facts.uid || ownTexts.has(text))
      return { record: found, isUnwritten: text === undefined };
    const { record, fault } = judgeForeign(last.record, found, {
      isCordoned: facts.unschedulable,
      wasCordoned: last.facts.unschedulable,
    });
    if (fault !== undefined) onFault(fault);
    return { record, isUnwritten: fault !== undefined };
  }

  const keep = (known: Known) => belief.shown(known, belief.last()?.facts.resourceVersion);

  return {
    record: () => belief.value()?.record,
    node: () => belief.last()?.facts,
    isUnwritten() {
      return belief.last()?.isUnwritten === true;
    },
    trustedMs: belief.trustedMs,
    learn(read, askedAt) {
      const { facts, text, carried } = read;
      if (carried.fault !== undefined) onFault(carried.fault);
      const last = belief.last();
      const now = clock.wall();
      const found = clamped(carried.record ?? idleRecord(now), now);
      const known = { facts, text, ...knownFrom(read, found, last, now) };
      if (!belief.read(known, facts.resourceVersion, askedAt))
        keep({ ...known, facts: last?.facts ?? facts });
      return known.record;
    },
    carriesTheSame,
    carries: (text) => belief.value()?.text === text,
    writes: remember,
    wrote(record, { facts, text }, askedAt) {
      belief.read({ facts, text, record, isUnwritten: false }, facts.resourceVersion, askedAt);
    },
    see(metadata) {
      const last = belief.last();
      if (last === undefined) return false;
      if (metadata?.uid !== last.facts.uid) {
        belief.trustAtMost(0);
        return true;
      }
      const { resourceVersion = "", annotations = {} } = metadata;
      const { labels } = last.facts;
      const before = requestsOn({ labels, annotations: last.facts.annotations });
      const requests = requestsOn(metadata);
      const misread = JSON.stringify(misreadOn(annotations, []));
      const isRequested =
        JSON.stringify(requests) !== JSON.stringify(before) ||
        misread !== JSON.stringify(misreadOn(last.facts.annotations, []));
      const known = { ...last, facts: { ...last.facts, ...requests, annotations, resourceVersion } };
      if (!belief.shown(known, resourceVersion)) return false;
      const isChanged = annotations[contract.cycle.key] !== last.text;
      if (isChanged) belief.trustAtMost(0);
      return isRequested || isChanged;
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

/** A Node that has lost the record, as by a restore, may have lost the cordon too: one from then on is somebody else's. */
function remembered(record: CycleRecord, { facts, text }: NodeRead): CycleRecord {
  return text === undefined && !facts.unschedulable ? { ...record, cordoned: false } : record;
}

/** By which clock a process before this one has asked is not known: its deadline begins anew, and the node stays down for longer. */
function askedJustNow(record: CycleRecord, now: number): CycleRecord {
  return record.askedAt === undefined ? record : { ...record, askedAt: new Date(now).toISOString() };
}

/** As it is once it was written and read. */
export function asWritten(text: string, record: CycleRecord): CycleRecord {
  return parseRecord(text).record ?? record;
}
