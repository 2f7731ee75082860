import type { RawOptions } from "../../../daemon/config/settings.ts";
import type { Phase } from "../../../daemon/cycle/record.ts";
import { seeded } from "../seeded.ts";
import { createDraw, type Draw } from "./draw.ts";
import {
  drawAdversary,
  drawAlertmanager,
  drawAlone,
  drawAway,
  drawComebacks,
  drawHarsher,
  drawHeld,
  drawHost,
  drawJobs,
  drawLabels,
  drawLongDrains,
  drawOptOuts,
  drawPace,
  drawPeople,
  drawRebootKinds,
  drawSingle,
  drawStorage,
} from "./draw-extra.ts";
import { drawOptions, drawUsual } from "./draw-usual.ts";
import { type HarsherKind, stormSecondsOf } from "./harsher.ts";
import { locks } from "./locks.ts";
import { hasMessages, messageOptions } from "./messages.ts";
import { type Limits, type Scenario, stormSeconds, type Trouble } from "./scenario.ts";
import { surgeOptions } from "./single.ts";
import { storageOptions } from "./storage.ts";

/** Pure: the storm that a seed stands for. */
export function drawScenario(seed: number, limits: Limits = {}): Scenario {
  const random = seeded(seed);
  const names: string[] = [];
  const draw = createDraw(random, { names, limits });
  const nodes = Math.max(limits.nodes ?? draw.integer(2, 5), limits.controlPlane === 3 ? 3 : 1);
  names.push(...Array.from({ length: nodes }, (_, index) => `n${index + 1}`));
  const concurrency = limits.concurrency ?? draw.oneOf(1, 1, 2, 2, 3);
  const cast = { seed, names, limits };
  const optionsOf = () => drawOptions(draw, seed, limits);
  const usual = () => drawUsual(draw, optionsOf);

  const options = { ...optionsOf(), concurrency: String(concurrency) };
  const isRush = draw.chance(0.5);
  const wants = names.map((node): Trouble => {
    return { at: isRush ? 1 : draw.integer(0, stormSeconds / 2), kind: "want", node };
  });
  const others = Array.from({ length: draw.integer(2, 20) }, () => placed(draw, usual));
  const pace = drawPace(cast);
  const kinds = drawRebootKinds(cast);
  const jobs = drawJobs(cast);
  const { stuck, ...single } = drawSingle(cast);
  const { deaf, ...slow } = drawLongDrains(cast);
  const { asking, stops, options: ofOptOuts } = drawOptOuts(cast);
  const { labelled, options: ofLabels } = drawLabels(cast);
  const { alone, controlPlane } = limits;
  const scenario: Scenario = {
    seed,
    nodes,
    concurrency,
    options: { ...options, ...pace.options, ...kinds.options, ...jobs.options },
    skewMs: draw.chance(0.3) ? { [draw.node()]: draw.integer(-90_000, 90_000) } : {},
    replicas: draw.integer(0, 6),
    ...drawComebacks(cast),
    ...drawHeld(cast),
    ...single,
    ...slow,
    ...(stops && { stops }),
    ...(controlPlane && { controlPlane }),
    troubles:
      alone === undefined
        ? [
            ...wants,
            ...others,
            ...drawPeople(cast),
            ...drawHarsher(cast),
            ...deaf,
            ...drawAdversary(cast),
            ...drawAlertmanager(cast),
            ...drawAway(cast),
            ...pace.approvals,
            ...drawHost(cast),
            ...asking,
            ...drawStorage(cast),
            ...kinds.troubles,
            ...jobs.troubles,
            ...stuck,
            ...labelled,
          ]
        : [...wants, ...drawAlone(cast, alone, usual)],
  };
  finish(scenario);
  addOptions(scenario, { ...ofOptOuts, ...ofLabels });
  if (hasMessages(seed)) addMessages(scenario);
  if (scenario.troubles.some(({ kind }) => kind === "storage")) addStorage(scenario);
  if (scenario.single) addOptions(scenario, surgeOptions);
  const isJoined = nodes > 2 && draw.chance(0.15);
  return isJoined ? { ...scenario, joinsAfter: draw.integer(10, stormSeconds) } : scenario;
}

/** At a time, or once a node is in a phase: phases pass quickly, and by the clock alone a trouble would mostly miss them. */
function placed({ integer, chance, oneOf, node }: Draw, usual: () => Omit<Trouble, "at">): Trouble {
  const at = integer(0, stormSeconds * 10) / 10;
  const trouble = usual();
  if (chance(0.6)) return { at, ...trouble } as Trouble;
  const phase = oneOf<Phase>("Draining", "Rebooting", "Returning", "Settling", "Restoring");
  const where = "node" in trouble ? (trouble.node as string) : node();
  return { at: at / 4, once: { node: where, phase }, ...trouble } as Trouble;
}

function addMessages(drawn: Scenario): void {
  drawn.messages = true;
  addOptions(drawn, messageOptions);
}

function addStorage(drawn: Scenario): void {
  drawn.storage = true;
  addOptions(drawn, storageOptions);
}

function addOptions(drawn: Scenario, options: RawOptions): void {
  drawn.options = { ...drawn.options, ...options };
  drawn.troubles = drawn.troubles.map((one) =>
    one.kind === "reconfigured" ? { ...one, options: { ...one.options, ...options } } : one,
  );
}

/** What follows from the troubles: how long it takes, and where the lock is. */
function finish(drawn: Scenario): void {
  drawn.troubles = drawn.troubles.toSorted((a, b) => a.at - b.at);
  const lasts = drawn.troubles.map(({ kind }) => stormSecondsOf[kind as HarsherKind] ?? 0);
  const longest = Math.max(stormSeconds, ...lasts);
  if (longest > stormSeconds) drawn.seconds = longest;
  if (!drawn.troubles.some(({ kind }) => kind === "kured")) return;
  // Both have to look at one lock, and kured knows only the shape for one holder.
  const { options } = locks.kured;
  drawn.concurrency = 1;
  drawn.options = { ...drawn.options, ...options, concurrency: "1" };
  drawn.troubles = drawn.troubles.map((one) =>
    one.kind === "reconfigured" ? { ...one, options: { ...one.options, ...options, concurrency: "1" } } : one,
  );
}
