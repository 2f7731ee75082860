/** What a preflight has to say about a pod that a drain takes. */
export interface Finding {
  code: FindingCode;
  /** To be read behind the name of the pod. */
  message: string;
  /** The drain does not get past this as things are. */
  blocks: boolean;
  /** Since when that is so, where it is known and may be over by itself; milliseconds since the epoch. */
  since?: number | undefined;
  /** When it is over by itself, where that is known; milliseconds since the epoch. */
  until?: number;
}

export type FindingCode =
  | "no-controller"
  | "local-data"
  | "daemonset-gone"
  | "budget-busy"
  | "budget-exhausted"
  | "budget-never"
  | "budgets-several"
  | "budget-no-room"
  | "budget-held"
  | "opted-out"
  | "comes-back"
  | "long-grace"
  | "ending-late"
  | "nowhere-to-go";
