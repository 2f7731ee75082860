/** All benches. */
import { benchBroken } from "./broken.ts";
import { brokenWorlds } from "./broken-worlds.ts";
import { benchCommands } from "./commands.ts";
import { benchCycle } from "./cycle.ts";
import { benchDrain } from "./drain.ts";
import type { Figure } from "./figures.ts";
import { benchHostile } from "./hostile.ts";
import { benchIdle } from "./idle.ts";
import { benchImage } from "./image.ts";
import { benchCrowd } from "./lock-crowd.ts";
import { benchProcesses } from "./lock-processes.ts";
import { benchMemory } from "./memory.ts";
import { benchQuiet, quietWorlds } from "./quiet.ts";
import { benchRestart } from "./restart.ts";
import { benchRoll } from "./roll.ts";
import { benchScale, scales } from "./scale.ts";
import { benchStartup } from "./startup.ts";
import { benchUnavailable } from "./unavailable.ts";

/** Resolves with its figures; each of them says whether it is within its budget. */
export type Bench = () => Promise<Figure[]>;

/** By the name that `npm run bench` takes. */
export const benches: Record<string, readonly Bench[]> = {
  broken: [
    ...quietWorlds.map((world) => () => benchQuiet(world)),
    ...brokenWorlds.map((world) => () => benchBroken(world)),
  ],
  commands: [1, 5, 5000].map((nodes) => () => benchCommands(nodes)),
  cycle: [benchCycle],
  drain: [benchDrain],
  hostile: [benchHostile],
  idle: [benchIdle],
  image: [benchImage],
  lock: [
    () => benchCrowd({ nodes: 5000, concurrency: 1, handOvers: 40, seed: 1 }),
    () => benchProcesses({ nodes: 50, concurrency: 2 }),
  ],
  memory: [benchMemory],
  restart: [benchRestart],
  roll: [1, 4].map((concurrency) => () => benchRoll({ nodes: 20, concurrency })),
  scale: scales.map((options) => () => benchScale(options)),
  startup: [benchStartup],
  unavailable: [benchUnavailable],
};

/** Counts in virtual time, which are the same on each machine: tests hold them to their budgets. */
export const countedBenches = ["broken", "cycle", "restart", "unavailable"] as const;
