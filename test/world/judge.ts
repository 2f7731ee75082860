/** What happened, judged by the promises. Pure: facts in, report out. */
import { iso } from "../../daemon/time/iso.ts";
import { noCordonWithoutSlot, noMoreDownThanAllowed } from "../promises/at-most-n-down.ts";
import { allOf, type Checker, createHistory, type Violation } from "../promises/checker.ts";
import { podsAreEvicted } from "../promises/evicted-pods.ts";
import { rebootedAsNeeded } from "../promises/nothing-endless.ts";
import { nothingLeftBehind } from "../promises/nothing-left-behind.ts";
import { noRebootWithoutSlot } from "../promises/reboot-with-right.ts";
import { type Course, type Courses, type CycleTimes, createCourses, noTimes } from "./courses.ts";
import type { Fact } from "./fact.ts";

export interface NodeReport extends CycleTimes {
  name: string;
  bootIDs: string[];
  /** All cycles; the times above are those of the last one. */
  cycles: CycleTimes[];
}

export interface Report {
  /** The most nodes that were cordoned or not Ready at one moment, for whatever reason. */
  maxUnavailable: number;
  violations: (Violation & { at: string })[];
  lockAtEnd: string | null;
  nodes: NodeReport[];
}

export interface Rules {
  concurrency: number;
  /** Reboots by the daemon for each node; by default one where a sentinel was seen and none elsewhere. */
  expectedReboots?: Readonly<Record<string, number>>;
  /** Whether everything should be as it was by now. */
  isOver: boolean;
}

export function judge(facts: readonly Fact[], rules: Rules): Report {
  const ordered = [...facts].sort((a, b) => a.version - b.version);
  const courses = createCourses();
  const violations: Report["violations"] = [];
  let at = 0;
  const violate = (promise: string, message: string, node?: string) =>
    void violations.push({ promise, at: iso(at), ...(node === undefined ? {} : { node }), message });
  const check = allOf(checkersOf(courses, rules, violate));
  let maxUnavailable = 0;

  for (const fact of ordered) {
    at = fact.at;
    replay(fact, courses, check);
    const unavailable = present(courses).filter(({ state }) => state?.isCordoned || state?.isReady === false);
    maxUnavailable = Math.max(maxUnavailable, unavailable.length);
    check.onChanged();
  }
  if (rules.isOver) check.atEnd();
  const nodes = courses.all().filter((node) => !node.isGone);
  return {
    maxUnavailable,
    violations,
    lockAtEnd: courses.lock() ?? null,
    nodes: nodes.map(reportOf).sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true })),
  };
}

function checkersOf(
  courses: Courses,
  rules: Rules,
  violate: (promise: string, message: string, node?: string) => void,
): Checker[] {
  const { concurrency, expectedReboots } = rules;
  // Nobody else writes the lock in these worlds, so that nothing excuses a daemon without a slot.
  const look = {
    of: () => createHistory(),
    holds: (name: string) => courses.holders().includes(name),
    isRecent: () => false,
    violate,
  };
  const down = () => present(courses).filter(({ isDown }) => isDown);
  return [
    noCordonWithoutSlot(look),
    noRebootWithoutSlot(look),
    podsAreEvicted(look, (name) => courses.of(name).isDown),
    noMoreDownThanAllowed(look, { limit: concurrency, down: () => down().map(({ name }) => name) }),
    nothingLeftBehind(look, {
      holders: courses.holders,
      nodes: () =>
        present(courses).flatMap(({ name, first, state }) =>
          first && state ? [{ name, first, last: state }] : [],
        ),
    }),
    rebootedAsNeeded(look, () =>
      courses
        .all()
        .filter(({ isGone }) => !isGone)
        .map(({ name, reboots, hadSentinel }) => {
          return { name, reboots, expected: expectedReboots?.[name] ?? (hadSentinel ? 1 : 0) };
        }),
    ),
  ];
}

function replay(fact: Fact, courses: Courses, check: Required<Checker>): void {
  switch (fact.kind) {
    case "node": {
      const wasDown = courses.of(fact.name).isDown;
      courses.onNode(fact);
      const isOurs = fact.isCordoned && fact.isCordonOurs;
      if (isOurs && !wasDown) check.onCordoned(fact.name, "daemon");
      break;
    }
    case "node-gone":
      courses.onNodeGone(fact.name);
      break;
    case "lock":
      courses.onLock(fact.value, fact.at);
      break;
    case "sentinel":
      courses.onSentinel(fact);
      break;
    case "down":
      courses.onDown(fact);
      if (fact.cause === "command") check.onReboot(fact.name);
      break;
    case "pod-deleted":
      check.onPodDeleted(fact);
      break;
    case "pod-killed":
      check.onPodKilled(fact);
      break;
    default:
      fact satisfies never;
  }
}

function present(courses: Courses): readonly Course[] {
  return courses.all().filter((node) => !node.isGone && node.state !== undefined);
}

function reportOf({ name, cycles, bootIDs }: Course): NodeReport {
  return { name, ...(cycles.at(-1) ?? noTimes), bootIDs, cycles };
}
