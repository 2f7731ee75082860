/** Something that can say "not now". */
export interface Gate {
  readonly name: string;
  /** Asked once more straight before the reboot; the others would see the drain's own doings. */
  readonly beforeReboot: boolean;
  /** Rejects when it cannot tell, which counts as closed. */
  check(now: number, signal: AbortSignal): Promise<GateAnswer>;
}

export type GateAnswer = (
  | { open: true }
  /** `code` is from a bounded set; `message` is a sentence for people. */
  | { open: false; code: string; message: string }
) & {
  /** When the answer changes by itself, if that is known; milliseconds since the epoch. */
  changesAt?: number | undefined;
};
