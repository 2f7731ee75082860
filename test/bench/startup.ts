import { systemClock } from "../../daemon/time/clock.ts";
import { startSimulatedServer } from "../kubernetes/server.ts";
import { bundle, startRebootd } from "../world/rebootd.ts";
import { startWorld } from "../world/world.ts";
import { type Figure, medianFigure } from "./figures.ts";

const bench = "startup";
const runs = 5;

/** Seconds from the start of a process to its first write; the node needs a reboot already. */
async function firstWrite(): Promise<number> {
  const server = await startSimulatedServer(systemClock, { authorization: "always-allow" });
  let startedAt = Number.NaN;
  const world = await startWorld({
    server,
    nodes: ["n1"],
    startDaemon: (place) => {
      startedAt = Date.now();
      return startRebootd(place, [], bundle);
    },
  });
  try {
    const isWrite = ({ user, verb }: { user: string; verb: string }) =>
      user === "rebootd:n1" && verb === "patch";
    const writes = () => server.api.ledger.entries({ where: isWrite });
    world.node("n1").wantsReboot();
    await world.until("it has written", () => writes().length > 0);
    return ((writes()[0]?.start ?? Number.NaN) - startedAt) / 1000;
  } finally {
    await world.stop();
  }
}

/** The built daemon over TLS, as the image runs it. */
export async function benchStartup(): Promise<Figure[]> {
  const seconds: number[] = [];
  for (let run = 1; run <= runs; run += 1) seconds.push(await firstWrite());
  return [medianFigure(bench, "process to its first write", seconds, "s", 1)];
}
