/** A recorded conversation with a real API server: requests, watches, and the answers that came. */
export interface GoldenCase {
  name: string;
  about: string;
  steps: Step[];
}

export interface Step {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  path?: string;
  headers?: Record<string, string>;
  body?: unknown;
  /** A service account of the case's namespace. */
  as?: string;
  token?: string;
  /** The step is repeated until it is answered with this status. */
  until?: number;
  /** Opens a watch under this name. */
  start?: string;
  /** Compares what a watch has sent since the last time. */
  collect?: string;
  events?: number;
  closed?: boolean;
  /** The server forgets its history. */
  compact?: boolean;
  /** More paths that are not compared. */
  ignore?: string[];
  expect?: Expectation;
  /** What a server answers that is set up in another way, such as with anonymous access. */
  orElse?: Expectation;
}

export interface Expectation {
  status?: number;
  headers?: Record<string, string | null>;
  body?: unknown;
  events?: unknown[];
  closed?: boolean;
}
