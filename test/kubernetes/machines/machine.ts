import type { Clock, Random } from "../../../daemon/time/clock.ts";
import type { MachineStorage } from "./storage.ts";
import { type DaemonHandle, superviseDaemon } from "./supervisor.ts";

/** In the machine's folder. */
export const bootIdFile = "boot_id";
export const sentinelFile = "reboot-required";
export const rebootFile = "reboot";

const pollMs = 2000;

/**
 * `command`: as its daemon asked; `person`: as anybody else on the machine asked, such as unattended-upgrades; `power`: a
 * power failure; `restart`: only its processes are started anew, under the same boot ID, as by `systemctl soft-reboot` or by
 * a virtual machine that is put back to a snapshot.
 */
export type RebootCause = "command" | "person" | "power" | "restart";

/** What the machine tells of itself, as it happens. */
export type MachineEvent = { machine: string; at: number } & (
  | { type: "booted"; bootID: string }
  | { type: "down"; bootID: string; cause: RebootCause }
  | { type: "reboot-ignored" }
  /** Somebody has asked for a reboot, and the machine will go down. */
  | { type: "going-down"; bootID: string; cause: RebootCause }
  | { type: "sentinel"; present: boolean }
  | { type: "daemon-started" }
  | { type: "daemon-ended"; how: string }
);

/** How the machine takes a reboot; tests change it while it runs. */
export interface MachineBehaviour {
  goesDown: boolean;
  comesBack: boolean;
  /** From the request until everything on it is killed: minutes, where services take their time. The daemon lives on. */
  shutdownMs: number;
  /** From then until the next boot. */
  downMs: number;
}

export interface Boot {
  bootID: string;
  bootedAt: number;
  downAt?: number;
  cause?: RebootCause;
}

export interface MachineOptions {
  name: string;
  storage: MachineStorage;
  clock: Clock;
  random: Random;
  signal: AbortSignal;
  rebootSeconds: number;
  /**
   * Runs what makes the machine a node, from boot until the signal, which is the power being cut. The daemon is
   * started once the node is registered, as it is a pod on it.
   */
  runKubelet: (bootID: string, signal: AbortSignal, onRegistered: () => void) => Promise<void>;
  startDaemon?: ((machine: Machine) => DaemonHandle) | undefined;
  onEvent?: (event: MachineEvent) => void;
}

export interface Machine {
  readonly name: string;
  readonly behaviour: MachineBehaviour;
  readonly boots: readonly Boot[];
  readonly isUp: boolean;
  /** It was asked to reboot, and everything still runs. */
  readonly isGoingDown: boolean;
  hasFile(file: string): boolean;
  /** Puts the sentinel there, as a package manager does. */
  wantReboot(): void;
  unwantReboot(): void;
  /** The power fails, also in the middle of a shutdown: no daemon asked for it, and nothing is stopped before. */
  reboot(): void;
  /** Somebody other than the daemon asks for a reboot. Nothing changes where one is under way. */
  shutDown(): void;
  /** As a snapshot from before the last reboot does it: as `restart`, under the boot ID of then. */
  putBack(): void;
  /** Starts all processes anew under the same boot ID; the sentinel stays, and a shutdown that was under way is forgotten. */
  restart(): void;
  /** Runs another daemon beside the usual one, in each boot, until the answer is called. */
  runBeside(start: () => DaemonHandle): () => void;
  /** Ends the wait of a machine that does not come back. */
  powerOn(): void;
  /** Only the daemon dies; it is started again. */
  crashDaemon(): void;
  /** Only the daemon is asked to end, and is started again; resolves with how it ended, if there was one. */
  stopDaemon(): Promise<string | undefined>;
  /** From power-on until the signal; the daemon is then asked to end. */
  run(): Promise<void>;
}

export function createMachine(options: MachineOptions): Machine {
  const { name, storage, clock, random, signal, onEvent = () => {} } = options;
  const behaviour: MachineBehaviour = {
    goesDown: true,
    comesBack: true,
    shutdownMs: 0,
    downMs: options.rebootSeconds * 1000,
  };
  const boots: Boot[] = [];
  let requested: RebootCause | undefined;
  /** Where it is not to be a new one. */
  let nextBootID: string | undefined;
  /** Ends a shutdown that is under way: by force, or as it never was. */
  let cutShort = new AbortController();
  const besides = new Set<{ start: () => DaemonHandle; ended: AbortSignal }>();
  let superviseBeside = (_: { start: () => DaemonHandle; ended: AbortSignal }) => {};
  let hasSentinel = false;
  let daemon: DaemonHandle | undefined;
  let wake = () => {};

  const tell = (event: EventBody) => onEvent({ machine: name, at: clock.wall(), ...event });

  /** Level-triggered: what the files say now. */
  function look(): void {
    const isThere = storage.read(sentinelFile) !== undefined;
    if (isThere !== hasSentinel) {
      hasSentinel = isThere;
      tell({ type: "sentinel", present: isThere });
    }
    if (storage.read(rebootFile) !== undefined) {
      storage.remove(rebootFile);
      if (behaviour.goesDown) goDown("command");
      else tell({ type: "reboot-ignored" });
    }
    wake();
  }

  function goDown(cause: RebootCause): void {
    const current = boots.at(-1);
    if (requested !== undefined || current === undefined || current.downAt !== undefined) return;
    requested = cause;
    tell({ type: "going-down", bootID: current.bootID, cause });
    wake();
  }

  /** At once, whatever was under way. */
  function fall(cause: RebootCause): void {
    requested = cause;
    cutShort.abort();
    wake();
  }

  /** Resolves once `isMet`, or when the signal ends the machine. */
  async function until(isMet: () => boolean): Promise<void> {
    while (!signal.aborted && !isMet()) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }

  function boot(): Boot {
    const bootID = nextBootID ?? randomUuid(random);
    nextBootID = undefined;
    const current: Boot = { bootID, bootedAt: clock.wall() };
    requested = undefined;
    cutShort = new AbortController();
    storage.write(bootIdFile, `${bootID}\n`);
    boots.push(current);
    tell({ type: "booted", bootID });
    return current;
  }

  /** Everything that runs between power-on and power-off. */
  async function runBoot(current: Boot): Promise<void> {
    const power = new AbortController();
    const registered = Promise.withResolvers<void>();
    power.signal.addEventListener("abort", () => registered.resolve(), { once: true });
    const kubelet = options.runKubelet(current.bootID, power.signal, registered.resolve);
    const running = Promise.all([kubelet, registered.promise.then(() => runDaemon(power.signal))]);
    try {
      // A part that fails ends the machine: that is a fault of ours, not a crash that is played.
      await Promise.race([until(() => requested !== undefined), running]);
      const isOver = AbortSignal.any([signal, cutShort.signal]);
      const isSudden = requested === "power" || requested === "restart";
      await clock.sleep(isSudden ? 0 : behaviour.shutdownMs, isOver).catch(() => {});
      if (!signal.aborted) {
        current.downAt = clock.wall();
        current.cause = requested ?? "power";
        tell({ type: "down", bootID: current.bootID, cause: current.cause });
      }
    } finally {
      power.abort(new Error(`machine ${name} is down`));
    }
    await running;
    daemon = undefined;
  }

  async function runDaemon(power: AbortSignal): Promise<void> {
    const { startDaemon } = options;
    if (startDaemon === undefined) return;
    const start = () => {
      daemon = startDaemon(machine);
      tell({ type: "daemon-started" });
      return daemon;
    };
    superviseBeside = ({ start, ended }) =>
      void superviseDaemon({ start, onEnd: () => {}, clock, power: AbortSignal.any([power, ended]), signal });
    for (const beside of besides) superviseBeside(beside);
    await superviseDaemon({
      start,
      onEnd: (how) => tell({ type: "daemon-ended", how }),
      clock,
      power,
      signal,
    });
  }

  async function run(): Promise<void> {
    storage.watch(look, signal);
    if (!storage.tellsAll) void poll();
    const onAbort = () => wake();
    signal.addEventListener("abort", onAbort, { once: true });
    while (!signal.aborted) {
      const current = boot();
      await runBoot(current);
      superviseBeside = () => {};
      if (current.cause !== "restart") storage.remove(sentinelFile);
      storage.remove(rebootFile);
      look();
      await clock.sleep(behaviour.downMs, signal).catch(() => {});
      await until(() => behaviour.comesBack);
    }
    signal.removeEventListener("abort", onAbort);
  }

  async function poll(): Promise<void> {
    while (!signal.aborted) {
      look();
      await clock.sleep(pollMs, signal).catch(() => {});
    }
  }

  const machine: Machine = {
    name,
    behaviour,
    boots,
    get isUp() {
      const last = boots.at(-1);
      return last !== undefined && last.downAt === undefined;
    },
    hasFile: (file) => storage.read(file) !== undefined,
    wantReboot: () => {
      storage.write(sentinelFile, "");
      look();
    },
    unwantReboot: () => {
      storage.remove(sentinelFile);
      look();
    },
    get isGoingDown() {
      return machine.isUp && requested !== undefined;
    },
    reboot: () => fall("power"),
    shutDown: () => goDown("person"),
    restart: () => {
      if (!machine.isUp) return;
      nextBootID = boots.at(-1)?.bootID;
      fall("restart");
    },
    putBack: () => {
      machine.restart();
      nextBootID = boots.findLast(({ bootID }) => bootID !== nextBootID)?.bootID ?? nextBootID;
    },
    runBeside: (start) => {
      const ended = new AbortController();
      const beside = { start, ended: ended.signal };
      besides.add(beside);
      superviseBeside(beside);
      return () => {
        besides.delete(beside);
        ended.abort();
      };
    },
    powerOn: () => {
      behaviour.comesBack = true;
      wake();
    },
    crashDaemon: () => daemon?.kill("SIGKILL"),
    stopDaemon: async () => {
      daemon?.kill("SIGTERM");
      return await daemon?.exited;
    },
    run,
  };
  return machine;
}

type EventBody = MachineEvent extends infer E
  ? E extends MachineEvent
    ? Omit<E, "machine" | "at">
    : never
  : never;

/** A random UUID (version 4) from the given source, so that a seed gives the same boot IDs again. */
export function randomUuid(random: Random): string {
  const digits = Array.from({ length: 32 }, () => Math.floor(random() * 16));
  digits[12] = 4;
  digits[16] = 8 + ((digits[16] ?? 0) % 4);
  const text = digits.map((digit) => digit.toString(16)).join("");
  return [8, 12, 16, 20, 32].map((end, n) => text.slice([0, 8, 12, 16, 20][n], end)).join("-");
}
