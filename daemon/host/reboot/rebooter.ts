/** Asks the machine to reboot. Resolving means that it was asked; that it did is proved by the boot ID. */
export interface Rebooter {
  reboot(signal: AbortSignal): Promise<void>;
  /** Where there are several methods: looks which can work, without doing anything. That one reboots from then on. */
  choose?(signal: AbortSignal): Promise<Choice>;
}

export type MethodName = "logind" | "signal" | "command";

export interface Choice {
  /** Undefined where none can. */
  method: MethodName | undefined;
  /** Why those that were looked at before it cannot. */
  cannot: Partial<Record<MethodName, string>>;
}

/** The request was certainly not taken, so the machine stays up and the node can be given back at once. */
export class RebootRefused extends Error {
  override readonly name = "RebootRefused";
  readonly code = "reboot-refused";
}

/** One way to ask it. */
export interface RebootMethod extends Rebooter {
  readonly name: MethodName;
  /** Why it certainly does not work here, looked up without doing anything; undefined where it can. */
  precheck(signal: AbortSignal): Promise<string | undefined>;
}
