import type { CycleMessages } from "../cycle/ports.ts";
import { type CycleRecord, isAtRest } from "../cycle/record.ts";
import { isNoMail, letterOf, lettersMax, type Mail } from "../notify/mail.ts";
import type { Message, MessageKind } from "../notify/message.ts";
import type { Queue } from "../notify/queue.ts";
import type { Template } from "../notify/template.ts";
import { cut } from "../text/cut.ts";
import type { Clock } from "../time/clock.ts";
import { iso } from "../time/iso.ts";
import { type Event, eventOf, eventsOfChange, type PhaseChange } from "./events.ts";
import { factsOf, messageTable, runbookFor } from "./message-texts.ts";

export interface MessagesOptions {
  queue: Queue;
  clock: Clock;
  nodeName: string;
  clusterName: string | undefined;
  templates: Readonly<Partial<Record<MessageKind, Template>>>;
  /** A node that has waited so long is worth a message. */
  blockedAfterMs: number;
  /** A reboot waits so long for its messages. */
  timeoutMs: number;
  /** The name of what all nodes do in the night of this moment, in milliseconds since the epoch. */
  waveOf: (now: number) => string;
}

/** Makes messages of events, and hands them to the queue. */
export interface Messages extends CycleMessages {
  /** The number of messages that not every destination has taken. */
  pendingCount(): number;
  /** To be called when a destination has taken a message, or never will. */
  onSettled(): void;
  /** An event of this node in its cycle; one that is no message is left out. */
  notify(event: Event): void;
  /** The record that the node has now. */
  changed(record: CycleRecord): void;
  /** An event of the whole cluster, of which no other node sends a message; `cause` tells it from the next one. */
  notifyForCluster(event: Event, cause?: { about: string; at: string }): void;
  /** Called with each pass before its events: adopts what a former process has left, and looks how long the node waits. */
  pass(record: CycleRecord, bootID: string, waits: string | undefined): void;
}

const textMaxChars = 2000;
const titleMaxChars = 300;
const idMaxChars = 360;

export function createMessages(options: MessagesOptions): Messages {
  const { queue, clock, nodeName, blockedAfterMs, timeoutMs } = options;
  const maker = createMaker(options);
  let once: readonly string[] = [];
  let last: { record: CycleRecord } | undefined;
  /** The need about which there was a message, so that a clock that is set makes no second one. */
  let blockedNeed: CycleRecord["need"];
  /** Written with a change of phase that had no answer yet, and not sent: the record may carry them all the same. */
  let unanswered: Mail["letters"] = [];
  let wake = (): void => {};

  function offer(message: Message, isOnce = false): void {
    if (queue.takers(message.kind).length === 0) return;
    if (isOnce && once.includes(message.id)) return;
    if (isOnce) once = [...once, message.id].slice(-lettersMax);
    queue.offer(message);
  }

  function notify(event: Event): void {
    const row = messageTable[event.reason];
    if (event.isImplied || row === undefined || isNotifiedElsewhere(event) || last === undefined) return;
    offer(maker.message(event, last.record), row.isOnce);
  }

  function adopt({ mail }: CycleRecord): void {
    if (mail === undefined) return;
    once = mail.once;
    queue.learnThreads(mail.topic, mail.threads);
    for (const { to, ...letter } of mail.letters) queue.offer(maker.whole(letter), to);
  }

  /** Sends what a write has left in the record although its answer was lost. */
  function adoptUnanswered({ mail }: CycleRecord): void {
    const isThere = ({ id }: Mail["letters"][number]) => mail?.letters.some((letter) => letter.id === id);
    const found = unanswered.filter(isThere);
    if (found.length === 0) return;
    unanswered = [];
    for (const { to, ...letter } of found) queue.offer(maker.whole(letter), to);
  }

  return {
    notify,
    notifyForCluster(event, cause = { about: nodeName, at: iso(clock.wall()) }) {
      offer(maker.messageAt(event, last?.record, cause.about, cause.at));
    },
    pass(record, bootID, waits) {
      if (last === undefined) adopt(record);
      adoptUnanswered(record);
      maker.learnBoot(bootID);
      last = { record };
      once = once.filter((id) => isCurrent(id, nodeName, record));
      const { need } = record;
      if (need === undefined) blockedNeed = undefined;
      const isBlocked = waits !== undefined && need !== undefined && isAtRest(record);
      if (!isBlocked || blockedNeed?.source === need.source) return;
      if (clock.wall() - Date.parse(need.since) < blockedAfterMs) return;
      blockedNeed = need;
      offer(maker.message(eventOf("RebootBlocked", waits), record), true);
    },
    changed(record) {
      last = { record };
      unanswered = [];
    },
    toKeep(change) {
      const letters = queue.letters(timeoutMs);
      const coming = change === undefined ? [] : lettersOf(change, maker, queue);
      unanswered = [...unanswered, ...coming].slice(-lettersMax);
      const record = change?.to ?? last?.record;
      const topic = record === undefined ? "" : maker.topicOf(record);
      const mail: Mail = {
        letters: mostImportant([...letters, ...coming]),
        once: record === undefined ? [] : once.filter((id) => isCurrent(id, nodeName, record)),
        topic,
        threads: queue.threads(topic),
      };
      return isNoMail(mail) ? undefined : mail;
    },
    pendingCount: () => queue.letters(0).length,
    wants: (kind) => queue.takers(kind).length > 0,
    settled: (signal) => queue.settled(timeoutMs, signal),
    onSettled() {
      if ((last?.record.mail?.letters.length ?? 0) > 0) wake();
    },
    watch(onSettled) {
      wake = onSettled;
    },
  };
}

type Maker = ReturnType<typeof createMaker>;

/** Makes the messages of one node. */
function createMaker({ clock, nodeName, clusterName, templates, waveOf }: MessagesOptions) {
  let boot = "";
  const topicOf = ({ bootID = boot }: CycleRecord) => `${nodeName} ${bootID.slice(0, 8)}`;
  const whole = (letter: Omit<Message, "node" | "runbook">): Message => ({
    ...letter,
    node: nodeName,
    runbook: runbookFor(letter.event),
  });

  function messageAt(event: Event, record: CycleRecord | undefined, about: string, at: string): Message {
    const { reason, level } = event;
    const row = messageTable[reason];
    if (row === undefined) throw new Error(`the event ${reason} is no message`);
    const { kind, title } = row;
    const facts = factsOf(event, record ?? {}, {
      node: nodeName,
      cluster: clusterName ?? "",
      now: clock.wall(),
    });
    const text = templates[kind]?.(facts) ?? facts.text;
    return whole({
      id: cut(`${about}/${reason}/${at}`, idMaxChars),
      kind,
      event: reason,
      level,
      title: cut(`${clusterName === undefined ? "" : `${clusterName}: `}${title(nodeName)}`, titleMaxChars),
      text: cut(text, textMaxChars),
      at: iso(clock.wall()),
      topic: record === undefined ? nodeName : topicOf(record),
      wave: waveOf(clock.wall()),
    });
  }

  return {
    whole,
    topicOf,
    learnBoot(bootID: string): void {
      boot = bootID;
    },
    messageAt,
    message(event: Event, record: CycleRecord): Message {
      return messageAt(event, record, nodeName, timeOf(event.reason, record) ?? iso(clock.wall()));
    },
  };
}

/** The time of an event that another process would report again with the same one. */
function timeOf(reason: Event["reason"], { since, need }: CycleRecord): string | undefined {
  if (reason === "RebootBlocked") return need?.since;
  return reason === "WriteRefused" || reason === "LockOrphanRemoved" ? undefined : since;
}

/** Many nodes see the same, or the message is sent later than the event. */
function isNotifiedElsewhere({ reason }: Event): boolean {
  return ["HolderOverdue", "RebootsHalted", "LockOrphanRemoved", "RebootBlocked"].includes(reason);
}

/** The cause of such a message lasts. */
function isCurrent(id: string, nodeName: string, record: CycleRecord): boolean {
  return (["NotReturned", "RebootBlocked"] as const).some(
    (reason) => id === cut(`${nodeName}/${reason}/${timeOf(reason, record)}`, idMaxChars),
  );
}

/** Messages about failures that the change makes: they are written with it, before they are sent. */
function lettersOf(change: PhaseChange, maker: Maker, queue: Queue) {
  if (change.from.phase === change.to.phase) return [];
  return eventsOfChange(change)
    .filter(({ level, isImplied, reason }) => level === "error" && !isImplied && reason in messageTable)
    .map((event) => maker.message(event, change.to))
    .map((message) => letterOf(message, queue.takers(message.kind)))
    .filter(({ to }) => to.length > 0);
}

/** Fills the room in the record, failures first; in their order. */
function mostImportant(letters: Mail["letters"]): Mail["letters"] {
  const once = letters.filter(({ id }, at) => letters.findIndex((other) => other.id === id) === at);
  const failures = once.filter(({ level }) => level === "error");
  const others = once.filter(({ level }) => level !== "error");
  const kept = new Set([...failures, ...others].slice(0, lettersMax));
  return once.filter((letter) => kept.has(letter));
}
