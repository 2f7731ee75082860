import { count } from "../text/count.ts";
import { firstOf } from "../text/list.ts";
import { durationText } from "../time/duration.ts";
import { linked } from "../time/linked.ts";
import type { Access, PersonIo } from "./access.ts";
import { CommandRefused, NotYet, noSuchNode } from "./admin.ts";
import type { Fleet } from "./fleet.ts";
import type { WaitCondition } from "./wait-conditions.ts";
import { type Baseline, baselineOf, type NodeProgress, progressOf } from "./wait-for.ts";
import { watchFleet } from "./watch-fleet.ts";

interface Wait {
  for: WaitCondition;
  /** Milliseconds; 0 looks once. */
  timeout: number;
  selector?: string;
}

/** Limits the nodes that are named at the timeout. */
const shownMax = 5;

/** `given`: names; undefined for all nodes that are selected. */
export async function awaitNodes(
  access: Access,
  io: PersonIo,
  given: readonly string[] | undefined,
  { for: condition, timeout, selector }: Wait,
  signal: AbortSignal,
): Promise<void> {
  const watching = linked(signal);
  const done = Promise.withResolvers<void>();
  const printed = new Map<string, string>();
  let names = given;
  let baseline: Baseline | undefined;
  let open: readonly NodeProgress[] = [];

  function look(fleet: Fleet): void {
    baseline ??= begin(fleet);
    const progress = progressOf(names ?? [], condition, baseline, fleet);
    for (const one of progress) show(one);
    const lost = progress.find(({ state }) => state === "lost");
    open = progress.filter(({ state }) => state === "open");
    if (lost !== undefined) done.reject(new CommandRefused(`${lost.node}: ${lost.text}`));
    else if (open.length === 0) done.resolve();
    else if (timeout === 0) done.reject(notYet());
  }

  function begin({ nodes }: Fleet): Baseline {
    const found = baselineOf(nodes);
    const missing = names?.find((name) => !found.has(name));
    if (missing !== undefined) done.reject(noSuchNode(missing));
    names ??= [...found.keys()].sort();
    if (names.length === 0) done.reject(new CommandRefused("no Node is selected"));
    return found;
  }

  /** Results are for programs, in kubectl's form; what nodes are doing meanwhile is for people. */
  function show({ node, state, text }: NodeProgress): void {
    const before = printed.get(node);
    const line = state === "met" ? "met" : text;
    if (before === line || before === "met") return;
    printed.set(node, line);
    if (state === "met") io.out(`node/${node} condition met\n`);
    else if (state === "open") io.err(`${node}: ${text}\n`);
  }

  function notYet(): NotYet {
    const who = open.map(({ node, text }) => `${node} (${text})`);
    const what = `${count(open.length, "node is", "nodes are")} not ${condition}`;
    const after = timeout === 0 ? "" : ` after ${durationText(timeout / 1000)}`;
    return new NotYet(`${what}${after}: ${firstOf(who, shownMax, "; ")}`);
  }

  const viewer = {
    onChange: look,
    onTrouble: (text: string | undefined) => void (text !== undefined && io.err(`${text}; trying again\n`)),
    labelSelector: selector,
    ...(given?.length === 1 && { fieldSelector: `metadata.name=${given[0]}` }),
  };
  const watched = watchFleet(access, viewer, watching.signal);
  // A timeout of 0 looks once, however long that takes.
  const timer =
    timeout === 0
      ? done.promise
      : access.clock.sleep(timeout, watching.signal).then(() => Promise.reject(notYet()));
  try {
    await Promise.race([done.promise, watched, timer]);
  } finally {
    watching.end();
    await Promise.allSettled([watched, timer]);
  }
}
