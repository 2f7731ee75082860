import type { Clock } from "../../daemon/time/clock.ts";
import { startInformer } from "../kubernetes/controllers/informer.ts";
import { collection, isDeleted, type StoredPod } from "../kubernetes/controllers/objects.ts";
import { createCourses } from "../world/courses.ts";
import type { Fact } from "../world/fact.ts";
import type { World } from "../world/world.ts";
import type { Screen } from "./screen.ts";
import { createTeller } from "./sentences.ts";
import { spansOf } from "./spans.ts";
import { pictureLines, type Row } from "./table.ts";

const redrawMs = 100;
const newsMax = 8;

export interface ViewParts {
  world: World;
  concurrency: number;
  /** Of the page, where there is one. */
  url: string | undefined;
  screen: Screen;
  clock: Clock;
  signal: AbortSignal;
}

/** Shows the cluster until the signal: a live picture on a terminal, else a line for each change of phase. */
export async function showCluster(parts: ViewParts): Promise<void> {
  const { world, screen, clock, signal } = parts;
  if (screen.isTerminal) return drawCluster(parts);
  const startedAt = clock.wall();
  const phases = new Map<string, string>();
  const onFact = (fact: Fact) => {
    if (fact.kind !== "node" || signal.aborted) return;
    const { name, phase = "Idle", reasons } = fact;
    const before = phases.get(name) ?? "Idle";
    phases.set(name, phase);
    if (phase === before) return;
    const why = reasons.length > 0 ? `: ${reasons.join("; ")}` : "";
    const seconds = ((clock.wall() - startedAt) / 1000).toFixed(1);
    screen.print(`${seconds.padStart(6)} s  ${name}  ${before} -> ${phase}${why}`);
  };
  for (const fact of world.observer.facts()) onFact(fact);
  world.observer.onFact(onFact);
  await clock.sleep(Number.MAX_SAFE_INTEGER, signal).catch(() => {});
}

async function drawCluster({ world, concurrency, url, screen, clock, signal }: ViewParts): Promise<void> {
  const startedAt = clock.wall();
  const courses = createCourses();
  const tell = createTeller();
  const news: { at: number; text: string }[] = [];
  const states = new Map<string, Pick<Row, "isReady" | "isCordoned" | "phase" | "reasons">>();
  const pods = startInformer<StoredPod>(
    { api: world.api, clock, random: Math.random, signal },
    { collection: collection("pods") },
  );

  function onFact(fact: Fact): void {
    const text = tell(fact);
    if (text !== undefined) news.push({ at: fact.at, text });
    news.splice(0, news.length - newsMax);
    if (fact.kind === "sentinel") courses.onSentinel(fact);
    if (fact.kind === "down") courses.onDown(fact);
    if (fact.kind === "lock") courses.onLock(fact.value, fact.at);
    if (fact.kind !== "node") return;
    courses.onNode(fact);
    const { isReady, isCordoned, reasons, phase = "Idle" } = fact;
    states.set(fact.name, { isReady, isCordoned, reasons, phase });
  }

  function draw(): void {
    const now = clock.wall();
    const rows = world.nodes.map(({ name, machine }) => ({
      node: name,
      ...(states.get(name) ?? { isReady: false, isCordoned: false, phase: "Idle", reasons: [] }),
      pods: pods.all().filter((pod) => pod.spec?.nodeName === name && !isDeleted(pod)).length,
      boots: machine.boots.length,
      spans: spansOf(courses.of(name).cycles, now),
    }));
    const picture = { rows, holders: courses.holders(), concurrency, url, startedAt, now, news };
    screen.draw(pictureLines(picture, screen.columns - 1));
  }

  for (const fact of world.observer.facts()) onFact(fact);
  world.observer.onFact(onFact);
  while (!signal.aborted) {
    draw();
    await clock.sleep(redrawMs, signal).catch(() => {});
  }
  draw();
  await pods.done;
}
