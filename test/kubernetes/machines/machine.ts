import type { Clock, Random } from "../../../daemon/time/clock.ts";
import { createDaemons, type Daemons } from "./daemons.ts";
import { type Boot, createPower, type Power, type RebootCause, type RebootKind } from "./power.ts";
import type { MachineStorage } from "./storage.ts";
import type { DaemonHandle } from "./supervisor.ts";

/** In the machine's folder. */
export const bootIdFile = "boot_id";
export const sentinelFile = "reboot-required";
export const rebootFile = "reboot";

const pollMs = 2000;

/** What the machine tells of itself, as it happens. */
export type MachineEvent = {
  machine: string;
  at: number;
} /** `softReboots`: how many of them this boot ID has seen; more than 0 is the end of one, or a restart after it. */ & (
  | { type: "booted"; bootID: string; softReboots: number }
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
  /**
   * Whether the sentinel has gone after a soft reboot, which keeps all of /run: only where something on the machine
   * removes it.
   */
  softRebootServes: boolean;
  /** Its systemd says how many soft reboots there were. */
  countsSoftReboots: boolean;
  /** A kernel is loaded, so that it can go by kexec. */
  hasLoadedKernel: boolean;
  /** A soft reboot that is under way turns into a full one, as where the new userspace does not come up. */
  softRebootTurnsFull: boolean;
  /** From the request until everything on it is killed: minutes, where services take their time. The daemon lives on. */
  shutdownMs: number;
  /** From then until the next boot. */
  downMs: number;
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
  /** How far its reboots went, oldest first, as they were asked for. */
  readonly reboots: readonly RebootKind[];
  hasFile(file: string): boolean;
  /** Undefined removes it. */
  setFile(file: string, text: string | undefined): void;
  /** Puts the sentinel there, as a package manager does, with the names of packages, one on each line. */
  wantReboot(packages?: readonly string[]): void;
  unwantReboot(): void;
  /** The power fails, also in the middle of a shutdown: no daemon asked for it, and nothing is stopped before. */
  reboot(): void;
  /** Somebody other than the daemon asks for a reboot. Nothing changes where one is under way. */
  shutDown(kind?: RebootKind): void;
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
  const { name, storage, clock, random, signal, startDaemon, onEvent = () => {} } = options;
  const behaviour: MachineBehaviour = {
    goesDown: true,
    comesBack: true,
    softRebootServes: false,
    softRebootTurnsFull: false,
    countsSoftReboots: true,
    hasLoadedKernel: false,
    shutdownMs: 0,
    downMs: options.rebootSeconds * 1000,
  };
  const report = (event: EventBody) => onEvent({ machine: name, at: clock.wall(), ...event });
  const power = createPower(random);
  const daemons = createDaemons({
    start: startDaemon && (() => startDaemon(machine)),
    onStart: () => report({ type: "daemon-started" }),
    onEnd: (how) => report({ type: "daemon-ended", how }),
    clock,
    signal,
  });
  const { wake, until } = createWaiting(signal);
  const reboots: RebootKind[] = [];
  const goDown = (cause: RebootCause, kind: RebootKind) => {
    if (power.isUp && power.requested === undefined) reboots.push(kind);
    const boot = power.goDown(cause, kind === "soft" && behaviour.softRebootTurnsFull ? "full" : kind);
    if (boot !== undefined) report({ type: "going-down", bootID: boot.bootID, cause });
    wake();
  };
  const fall = (cause: RebootCause) => {
    power.fall(cause);
    wake();
  };
  const startAnew = (bootID: "this" | "other") => {
    power.repeat(bootID);
    if (power.isUp) fall("restart");
  };
  const files = createFiles(storage, {
    onSentinel: (present) => report({ type: "sentinel", present }),
    onReboot: (kind) => (behaviour.goesDown ? goDown("command", kind) : report({ type: "reboot-ignored" })),
    onLook: wake,
  });

  const machine: Machine = {
    name,
    behaviour,
    boots: power.boots,
    reboots,
    get isUp() {
      return power.isUp;
    },
    get isGoingDown() {
      return power.isUp && power.requested !== undefined;
    },
    hasFile: (file) => storage.read(file) !== undefined,
    setFile: (file, text) => (text === undefined ? storage.remove(file) : storage.write(file, text)),
    wantReboot: (packages = []) => files.setSentinel(packages),
    unwantReboot: () => files.setSentinel(undefined),
    reboot: () => fall("power"),
    shutDown: (kind = "full") => goDown("person", kind),
    restart: () => {
      if (power.isUp) startAnew("this");
    },
    putBack: () => startAnew("other"),
    runBeside: daemons.runBeside,
    powerOn: () => {
      behaviour.comesBack = true;
      wake();
    },
    crashDaemon: daemons.crash,
    stopDaemon: daemons.stop,
    async run() {
      files.watch(clock, signal);
      signal.addEventListener("abort", wake, { once: true });
      while (!signal.aborted) {
        const boot = power.boot(clock.wall());
        storage.write(bootIdFile, `${boot.bootID}\n`);
        report({ type: "booted", bootID: boot.bootID, softReboots: boot.softReboots });
        await runBoot(boot, { options, power, behaviour, daemons, until, report });
        const keepsRun = boot.cause === "restart" || (boot.isSoftEnd === true && !behaviour.softRebootServes);
        files.endBoot(keepsRun);
        await clock.sleep(behaviour.downMs, signal).catch(() => {});
        await until(() => behaviour.comesBack);
      }
      signal.removeEventListener("abort", wake);
    },
  };
  return machine;
}

/** One waits for something to be so, and looks again each time it is woken; the signal ends the wait. */
function createWaiting(signal: AbortSignal) {
  let resume = () => {};
  return {
    wake: () => resume(),
    async until(isMet: () => boolean): Promise<void> {
      while (!signal.aborted && !isMet()) {
        await new Promise<void>((resolve) => {
          resume = resolve;
        });
      }
    },
  };
}

interface BootParts {
  options: MachineOptions;
  power: Power;
  behaviour: MachineBehaviour;
  daemons: Daemons;
  until: (isMet: () => boolean) => Promise<void>;
  report: (event: EventBody) => void;
}

/** Everything that runs between power-on and power-off. */
async function runBoot(
  boot: Boot,
  { options, power, behaviour, daemons, until, report }: BootParts,
): Promise<void> {
  const { name, clock, signal } = options;
  const cut = new AbortController();
  const registered = Promise.withResolvers<void>();
  cut.signal.addEventListener("abort", () => registered.resolve(), { once: true });
  const kubelet = options.runKubelet(boot.bootID, cut.signal, registered.resolve);
  const running = Promise.all([kubelet, registered.promise.then(() => daemons.run(cut.signal))]);
  try {
    // A part that fails ends the machine: that is a fault of the machine, not a crash that is played.
    await Promise.race([until(() => power.requested !== undefined), running]);
    const isOver = AbortSignal.any([signal, power.cutShort]);
    const isSudden = power.requested === "power" || power.requested === "restart";
    await clock.sleep(isSudden ? 0 : behaviour.shutdownMs, isOver).catch(() => {});
    if (!signal.aborted) {
      report({ type: "down", bootID: boot.bootID, cause: power.down(boot, clock.wall()) });
    }
  } finally {
    cut.abort(new Error(`machine ${name} is down`));
  }
  await running;
  daemons.forget();
}

interface FileEvents {
  onSentinel: (isPresent: boolean) => void;
  /** Somebody has written the file that makes the machine reboot. */
  onReboot: (kind: RebootKind) => void;
  /** After each look at the files. */
  onLook: () => void;
}

/** The files by which people and the daemon steer the machine. Level-triggered: only what they say now counts. */
function createFiles(storage: MachineStorage, { onSentinel, onReboot, onLook }: FileEvents) {
  let hasSentinel = false;

  function look(): void {
    const isThere = storage.read(sentinelFile) !== undefined;
    if (isThere !== hasSentinel) {
      hasSentinel = isThere;
      onSentinel(isThere);
    }
    const wanted = storage.read(rebootFile);
    if (wanted !== undefined) {
      storage.remove(rebootFile);
      onReboot(kindIn(wanted));
    }
    onLook();
  }

  async function poll(clock: Clock, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      look();
      await clock.sleep(pollMs, signal).catch(() => {});
    }
  }

  return {
    setSentinel(packages: readonly string[] | undefined): void {
      if (packages !== undefined) storage.write(sentinelFile, packages.join("\n"));
      else storage.remove(sentinelFile);
      look();
    },
    watch(clock: Clock, signal: AbortSignal): void {
      storage.watch(look, signal);
      if (!storage.tellsAll) void poll(clock, signal);
    },
    /** /run is empty after a boot, but not after a restart of the processes alone. */
    endBoot(keepsRun: boolean): void {
      if (!keepsRun) storage.remove(sentinelFile);
      storage.remove(rebootFile);
      look();
    },
  };
}

/** An empty file asks for a full reboot. */
function kindIn(text: string): RebootKind {
  const word = text.trim();
  return word === "soft" || word === "kexec" ? word : "full";
}

type EventBody = MachineEvent extends infer E
  ? E extends MachineEvent
    ? Omit<E, "machine" | "at">
    : never
  : never;
