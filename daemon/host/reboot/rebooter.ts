/** Asks the machine to reboot. Resolving means that it was asked; that it did is proved by the boot ID. */
export interface Rebooter {
  reboot(signal: AbortSignal): Promise<void>;
}

/** The request was certainly not taken, so the machine stays up and the node can be given back at once. */
export class RebootRefused extends Error {
  override readonly name = "RebootRefused";
  readonly code = "reboot-refused";
}
