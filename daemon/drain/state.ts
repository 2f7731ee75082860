/** The drain runs beside the loop; this is how far it is. */
export type DrainState =
  | { state: "none" }
  | { state: "running"; podsLeft: number; blocked: readonly string[] }
  /** No pod is left, but volumes of those that went are still attached. */
  | { state: "detaching"; volumes: readonly string[] }
  /** `at`: since when, in milliseconds, by the clock of whoever is told. */
  | { state: "done"; at: number }
  | { state: "failed"; why: string };
