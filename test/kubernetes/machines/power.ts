import type { Random } from "../../../daemon/time/clock.ts";

/**
 * `command`: as its daemon asked; `person`: as anybody else on the machine asked, such as unattended-upgrades; `power`: a
 * power failure; `restart`: only its processes are started anew, under the same boot ID, as by a virtual machine that is put
 * back to a snapshot.
 */
export type RebootCause = "command" | "person" | "power" | "restart";

/** How far a reboot goes: `soft` is the userspace alone, under the same boot ID; `kexec` leaves out the firmware. */
export type RebootKind = "full" | "soft" | "kexec";

export interface Boot {
  bootID: string;
  bootedAt: number;
  downAt?: number;
  cause?: RebootCause;
  /** How many soft reboots there were under this boot ID, as systemd counts them. */
  softReboots: number;
  /** It ended with a soft reboot: the next one has its boot ID, and one more of them. */
  isSoftEnd?: boolean;
}

/** Which boot a machine is in, and whether and why it goes down. */
export interface Power {
  readonly boots: readonly Boot[];
  readonly isUp: boolean;
  /** Why it is to go down; undefined while nobody has asked. */
  readonly requested: RebootCause | undefined;
  /** Aborted where a shutdown that is under way ends at once: by force, or as it never was. */
  readonly cutShort: AbortSignal;
  /** Answers with the boot that goes down; undefined where one is under way already, or there is none. */
  goDown(cause: RebootCause, kind?: RebootKind): Boot | undefined;
  /** At once, whatever was under way; a soft reboot becomes a full one. */
  fall(cause: RebootCause): void;
  /** The next boot has the ID of this one, or the latest other ID, and not a new one. */
  repeat(which: "this" | "other"): void;
  /** The machine is on. */
  boot(now: number): Boot;
  /** The machine is off. */
  down(boot: Boot, now: number): RebootCause;
}

export function createPower(random: Random): Power {
  const boots: Boot[] = [];
  let requested: RebootCause | undefined;
  let kind: RebootKind = "full";
  let nextBootID: string | undefined;
  let cutShort = new AbortController();
  const power: Power = {
    boots,
    get isUp() {
      const last = boots.at(-1);
      return last !== undefined && last.downAt === undefined;
    },
    get requested() {
      return requested;
    },
    get cutShort() {
      return cutShort.signal;
    },
    goDown(cause, wanted = "full") {
      if (requested !== undefined || !power.isUp) return undefined;
      requested = cause;
      kind = wanted;
      return boots.at(-1);
    },
    fall(cause) {
      requested = cause;
      kind = "full";
      cutShort.abort();
    },
    repeat(which) {
      const current = power.isUp ? boots.at(-1)?.bootID : undefined;
      const other = boots.findLast(({ bootID }) => bootID !== current)?.bootID;
      nextBootID = which === "this" ? current : (other ?? current);
    },
    boot(now) {
      const before = boots.at(-1);
      const softBootID = before?.isSoftEnd === true ? before.bootID : undefined;
      const bootID = nextBootID ?? softBootID ?? randomUuid(random);
      const counted = boots.findLast((one) => one.bootID === bootID)?.softReboots ?? 0;
      const softReboots = bootID === softBootID ? counted + 1 : counted;
      const boot: Boot = { bootID, bootedAt: now, softReboots };
      nextBootID = undefined;
      requested = undefined;
      kind = "full";
      cutShort = new AbortController();
      boots.push(boot);
      return boot;
    },
    down(boot, now) {
      boot.downAt = now;
      boot.cause = requested ?? "power";
      boot.isSoftEnd = kind === "soft";
      return boot.cause;
    },
  };
  return power;
}

/** A random UUID (version 4) from the given source, so that a seed gives the same boot IDs again. */
export function randomUuid(random: Random): string {
  const digits = Array.from({ length: 32 }, () => Math.floor(random() * 16));
  digits[12] = 4;
  digits[16] = 8 + ((digits[16] ?? 0) % 4);
  const text = digits.map((digit) => digit.toString(16)).join("");
  return [8, 12, 16, 20, 32].map((end, n) => text.slice([0, 8, 12, 16, 20][n], end)).join("-");
}
