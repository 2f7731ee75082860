/**
 * How far a reboot goes. `full`: through the firmware; `kexec`: into another kernel without the firmware; `soft`: the
 * userspace alone, under the kernel that runs (https://www.freedesktop.org/software/systemd/man/latest/systemctl.html).
 */
export type RebootKind = "full" | "soft" | "kexec";

/** The kind that is possible now. `why`: the reason where it is another one than was wanted. */
export interface PossibleKind {
  kind: RebootKind;
  why?: string;
}

/** Asks the machine to reboot. Resolves when it was asked; only the boot ID, or the count of soft reboots, proves a reboot. */
export interface Rebooter {
  reboot(signal: AbortSignal, kind?: RebootKind): Promise<void>;
  /** Tells which kind is possible just before the machine is asked; without it every kind is. */
  possible?(kind: RebootKind, signal: AbortSignal): Promise<PossibleKind>;
  /**
   * Tells the people of the machine that it goes down next, and why, in one line. Rejects within seconds with
   * what has failed: no reason not to reboot.
   */
  announce(why: string, signal: AbortSignal): Promise<void>;
  /** Selects the first of several methods that can work, by prechecks. This method is used from then on. */
  choose?(signal: AbortSignal): Promise<Choice>;
}

export type MethodName = "logind" | "signal" | "command";

export interface Choice {
  /** Undefined if no method can work. */
  method: MethodName | undefined;
  /** The reasons why other methods cannot work. */
  cannot: Partial<Record<MethodName, string>>;
}

/** The request was certainly not accepted: the machine stays up, and the node can be restored at once. */
export class RebootRefused extends Error {
  override readonly name = "RebootRefused";
  readonly code = "reboot-refused";
}

/** One way to ask the machine. */
export interface RebootMethod {
  readonly name: MethodName;
  /**
   * The reason why the method certainly does not work here, found without side effects; undefined if it can
   * work.
   */
  precheck(signal: AbortSignal): Promise<string | undefined>;
  /** Announces in a way that belongs to this method alone, by the rules of the {@link Rebooter}. */
  announce?(why: string, signal: AbortSignal): Promise<void>;
  reboot(signal: AbortSignal, kind?: RebootKind): Promise<void>;
}
