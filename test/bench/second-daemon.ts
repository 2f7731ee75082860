import type { RawOptions } from "../../daemon/config/options.ts";
import { bootIdFile, rebootFile, sentinelFile } from "../cluster/machines/machine.ts";
import { memoryStorage } from "../cluster/machines/storage.ts";
import { daemonUserOn } from "../cluster/manifests.ts";
import { seeded } from "../simulation/seeded.ts";
import { startSimulatedDaemon } from "../simulation/simulated-daemon.ts";
import type { SmallWorld } from "../simulation/small-world.ts";

const lookMs = 200;

/** Another daemon on a node that has one, such as that of a second DaemonSet. It ends and starts with the machine. */
export function startSecondDaemon(world: SmallWorld, node: string, options: RawOptions): void {
  const { clock } = world.time;
  const machine = world.machine(node);
  const transport = world.server.transport(world.server.addUser(daemonUserOn(node)));
  const random = seeded(7);

  function start() {
    const boot = machine.boots.at(-1);
    const storage = memoryStorage();
    storage.write(bootIdFile, boot?.bootID ?? "");
    const daemon = startSimulatedDaemon({
      options: { "node-id": node, ...options },
      storage,
      surroundings: {
        transport: (request) => {
          world.onDaemonRequest(node, request);
          return transport(request);
        },
        clock,
        random,
        post: async () => ({ status: 503, text: "" }),
      },
      onLog: () => {},
    });
    return { boot, storage, daemon };
  }

  async function run(): Promise<void> {
    let running: ReturnType<typeof start> | undefined;
    for (; !world.signal.aborted; await clock.sleep(lookMs, world.signal).catch(() => {})) {
      if (running !== undefined && (!machine.isUp || machine.boots.at(-1) !== running.boot)) {
        running.daemon.kill("SIGKILL");
        running = undefined;
      }
      if (!machine.isUp) continue;
      running ??= start();
      const { storage } = running;
      const isNeeded = machine.hasFile(sentinelFile);
      // Each write wakes the daemon.
      if (isNeeded !== (storage.read(sentinelFile) !== undefined)) {
        if (isNeeded) storage.write(sentinelFile, "");
        else storage.remove(sentinelFile);
      }
      if (storage.read(rebootFile) !== undefined) machine.reboot();
    }
    running?.daemon.kill("SIGKILL");
  }
  void run();
}
