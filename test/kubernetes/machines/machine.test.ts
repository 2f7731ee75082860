import assert from "node:assert/strict";
import { systemClock } from "../../../daemon/time/clock.ts";
import { withDeadline } from "../../../daemon/time/deadline.ts";
import { createMachine, type Machine, type MachineEvent } from "./machine.ts";
import { type MachineStorage, memoryStorage } from "./storage.ts";

let storage: MachineStorage;
let machine: Machine;
let events: MachineEvent[];
let kubelets: number;
let kills: string[];
let end: AbortController;
let ended: Promise<void>;

const count = (type: MachineEvent["type"]) => events.filter((event) => event.type === type).length;
const bootID = () => storage.read("boot_id");

async function until(what: string, predicate: () => boolean): Promise<void> {
  const { signal } = new AbortController();
  await withDeadline(systemClock, 3000, signal, what, async (inner) => {
    while (!predicate()) await systemClock.sleep(2, inner);
  });
}

describe("A machine", () => {
  beforeEach(async () => {
    storage = memoryStorage();
    events = [];
    kills = [];
    kubelets = 0;
    end = new AbortController();
    machine = createMachine({
      name: "a",
      storage,
      clock: systemClock,
      random: Math.random,
      signal: end.signal,
      rebootSeconds: 0.02,
      runKubelet: async (_bootID, power, onRegistered) => {
        kubelets += 1;
        onRegistered();
        await systemClock.sleep(60_000, power).catch(() => {});
        kubelets -= 1;
      },
      startDaemon: () => {
        const exited = Promise.withResolvers<string>();
        const kill = (signal: string) => {
          kills.push(signal);
          exited.resolve(signal);
        };
        return { kill, exited: exited.promise };
      },
      onEvent: (event) => void events.push(event),
    });
    ended = machine.run();
    await until("the daemon runs", () => count("daemon-started") === 1);
  });
  afterEach(async () => {
    end.abort();
    await ended;
  });

  it("has a boot ID, a UUID on a line of its own", () => {
    assert.match(bootID() ?? "", /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\n$/);
  });

  describe("whose reboot file appears", () => {
    it("kills the daemon, wipes its files and boots under a new ID", async () => {
      const before = bootID();
      machine.wantReboot();
      storage.write("reboot", "");
      await until("it is down", () => !machine.isUp);
      await until("nothing runs on it", () => kubelets === 0 && kills.join() === "SIGKILL");
      await until("it is up", () => machine.boots.length === 2 && count("daemon-started") === 2);
      assert.notEqual(bootID(), before);
      assert.equal(storage.read("reboot"), undefined);
      assert.equal(storage.read("reboot-required"), undefined);
      assert.equal(machine.boots[0]?.cause, "command");
    });

    it("stays down for as long as it is told to", async () => {
      machine.behaviour.downMs = 120;
      storage.write("reboot", "");
      await until("a second boot", () => machine.boots.length === 2);
      const [first, second] = machine.boots;
      assert.ok((second?.bootedAt ?? 0) - (first?.downAt ?? 0) >= 119);
    });

    it("boots once, however often it is asked", async () => {
      for (let n = 0; n < 3; n += 1) storage.write("reboot", "");
      await until("a second boot", () => count("daemon-started") === 2);
      assert.equal(machine.boots.length, 2);
    });

    it("stays up where it does not go down", async () => {
      machine.behaviour.goesDown = false;
      storage.write("reboot", "");
      await until("it was asked", () => count("reboot-ignored") === 1);
      assert.ok(machine.isUp);
      assert.equal(storage.read("reboot"), undefined);
    });

    it("stays down where it does not come back, until it is switched on", async () => {
      machine.behaviour.comesBack = false;
      storage.write("reboot", "");
      await until("it is down", () => !machine.isUp);
      await systemClock.sleep(60, end.signal);
      assert.ok(!machine.isUp);
      machine.powerOn();
      await until("it is up", () => machine.isUp);
    });
  });

  it("whose power fails boots anew, and nobody has asked for it", async () => {
    machine.reboot();
    await until("a second boot", () => machine.boots.length === 2);
    assert.equal(machine.boots[0]?.cause, "power");
  });

  describe("that takes its time to go down", () => {
    beforeEach(() => {
      machine.behaviour.shutdownMs = 60_000;
      machine.shutDown();
    });

    it("says so, and its daemon lives on", () => {
      assert.ok(machine.isUp && machine.isGoingDown);
      assert.deepEqual([count("going-down"), count("daemon-ended")], [1, 0]);
    });

    it("is not changed by whoever asks again", async () => {
      storage.write("reboot", "");
      machine.shutDown();
      await until("it is heard", () => storage.read("reboot") === undefined);
      assert.equal(count("going-down"), 1);
    });

    it("goes down at once when its power fails", async () => {
      machine.reboot();
      await until("a second boot", () => machine.boots.length === 2);
      assert.equal(machine.boots[0]?.cause, "power");
    });

    it("does not go down when it is restarted without its kernel", async () => {
      machine.restart();
      await until("another daemon", () => count("daemon-started") === 2);
      assert.ok(!machine.isGoingDown);
    });
  });

  it("that is restarted without its kernel keeps its boot ID and its sentinel", async () => {
    const before = bootID();
    machine.wantReboot();
    machine.restart();
    await until("another daemon", () => count("daemon-started") === 2);
    assert.equal(bootID(), before);
    assert.ok(machine.hasFile("reboot-required"));
  });

  it("that is put back to a snapshot has the boot ID from before its last reboot", async () => {
    const first = bootID();
    machine.reboot();
    await until("a second boot", () => count("daemon-started") === 2);
    assert.notEqual(bootID(), first);
    machine.putBack();
    await until("another daemon", () => count("daemon-started") === 3);
    assert.equal(bootID(), first);
  });

  it("runs a second daemon in each boot, until it is told to stop", async () => {
    let running = 0;
    const stop = machine.runBeside(() => {
      running += 1;
      const exited = Promise.withResolvers<string>();
      return {
        kill: (how) => {
          running -= 1;
          exited.resolve(how);
        },
        exited: exited.promise,
      };
    });
    assert.equal(running, 1);
    machine.reboot();
    await until("a second boot", () => count("daemon-started") === 2);
    await until("it runs again", () => running === 1);
    stop();
    await until("it has ended", () => running === 0);
  });

  it("whose daemon crashes starts another one in the same boot", async () => {
    machine.crashDaemon();
    await until("another daemon", () => count("daemon-started") === 2);
    assert.equal(machine.boots.length, 1);
  });

  it("whose daemon is asked to end starts another one in the same boot", async () => {
    assert.equal(await machine.stopDaemon(), "SIGTERM");
    await until("another daemon", () => count("daemon-started") === 2);
    assert.deepEqual(kills, ["SIGTERM"]);
    assert.equal(machine.boots.length, 1);
  });

  it("tells when the sentinel comes and goes", () => {
    machine.wantReboot();
    machine.unwantReboot();
    const seen = events.flatMap((event) => (event.type === "sentinel" ? [event.present] : []));
    assert.deepEqual(seen, [true, false]);
  });

  it("asks the daemon to end when everything ends", async () => {
    end.abort();
    await ended;
    assert.deepEqual(kills, ["SIGTERM"]);
  });
});
