import type { List } from "./objects.ts";

/** The few verbs of the Kubernetes API that rebootd uses, and the ways in which they fail. */
export interface Api {
  /** One object. */
  get<T>(path: string, options: CallOptions): Promise<T>;
  /** A collection, or a page of it. `items` is always an array, also where the server omits it. */
  list<T>(path: string, options: CallOptions): Promise<List<T>>;
  /**
   * One object to the letter, to be written back whole: `null` stays, and a number that JavaScript cannot
   * represent is kept as text (JSON.rawJSON).
   */
  getWhole<T>(path: string, options: CallOptions): Promise<T>;
  /** The text of an answer that is no JSON, such as a log. The caller asks for no more than it can hold. */
  getText(path: string, options: CallOptions): Promise<string>;
  create<T>(path: string, body: unknown, options: CallOptions): Promise<T>;
  /** Replaces an object. A body with a resourceVersion is refused with a conflict at another version. */
  update<T>(path: string, body: unknown, options: CallOptions): Promise<T>;
  /**
   * A merge patch (RFC 7386): named fields are changed, `null` removes a field, lists are replaced as a
   * whole.
   */
  patch<T>(path: string, body: unknown, options: CallOptions): Promise<T>;
  /**
   * A strategic merge patch: items of a list such as `status.conditions` are merged by their key.
   * https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/
   */
  strategicPatch<T>(path: string, body: unknown, options: CallOptions): Promise<T>;
  delete<T>(path: string, body: unknown, options: CallOptions): Promise<T>;
  /**
   * One watch, until the server ends it (the iteration ends) or it breaks (ApiError).
   * A version that the server has forgotten is an ApiError with code "expired".
   */
  watch<T>(path: string, options: WatchOptions): AsyncIterable<WatchEvent<T>>;
}

export interface CallOptions {
  signal: AbortSignal;
  query?: Record<string, string | number | boolean | undefined>;
  /**
   * Ask for the metadata alone, of one object (also in a watch) or of a list:
   * https://kubernetes.io/docs/reference/using-api/api-concepts/#metadata-only-fetches
   */
  metadataOnly?: "object" | "list";
  /**
   * Ask for a list as a table, as kubectl prints it: its items are the rows, by the names of the columns. A server
   * that makes no tables answers with the objects.
   * https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables
   */
  rowsOnly?: true;
}

export interface WatchOptions extends CallOptions {
  /** The server has taken the watch; its first event may be a minute away. */
  onOpen?: () => void;
}

export interface WatchEvent<T> {
  type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK";
  object: T;
}

/** The kinds of failure that callers distinguish. */
export type ApiErrorCode =
  | "unreachable"
  | "deadline"
  | "unauthorized"
  | "forbidden"
  /** Forbidden, and known to this daemon as a right that it can do without: see rights.ts. */
  | "not-granted"
  | "not-found"
  | "already-exists"
  | "conflict"
  | "expired"
  | "invalid"
  | "too-many-requests"
  | "server-error"
  | "too-large"
  | "bad-answer";

export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly code: ApiErrorCode;
  /** The HTTP status; undefined without an answer. */
  readonly status: number | undefined;
  /** The pause that the server asks for with Retry-After. */
  readonly retryAfterMs: number | undefined;
  /** Causes of the Status, such as DisruptionBudget. */
  readonly causes: readonly StatusCause[];

  constructor(
    what: string,
    facts: {
      code: ApiErrorCode;
      status?: number | undefined;
      retryAfterMs?: number | undefined;
      causes?: readonly StatusCause[] | undefined;
      cause?: unknown;
    },
  ) {
    super(what, { cause: facts.cause });
    this.code = facts.code;
    this.status = facts.status;
    this.retryAfterMs = facts.retryAfterMs;
    this.causes = facts.causes ?? [];
  }
}

export interface StatusCause {
  reason?: string;
  message?: string;
  field?: string;
}

export function isApiError(error: unknown, ...codes: ApiErrorCode[]): error is ApiError {
  return error instanceof ApiError && (codes.length === 0 || codes.includes(error.code));
}

/** A longer pause is shortened to this. */
const retryAfterMaxMs = 60_000;

/** The pause that the server asks for before the next try, in milliseconds; 0 if it asks for none. */
export function retryAfterOf(error: unknown): number {
  return error instanceof ApiError ? Math.min(error.retryAfterMs ?? 0, retryAfterMaxMs) : 0;
}

/**
 * Whether one version is later than another of the same object:
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions
 */
export function isLaterVersion(one: string | undefined, other: string | undefined): boolean {
  if (one === undefined || other === undefined) return false;
  return one.length === other.length ? one > other : one.length > other.length;
}

/** The answer, or what is so instead where this daemon does without the right to ask. */
export async function unlessNotGranted<T, I>(ask: () => Promise<T>, instead: I): Promise<T | I> {
  try {
    return await ask();
  } catch (error) {
    if (isApiError(error, "not-granted")) return instead;
    throw error;
  }
}

/** The answer, or undefined if the object does not exist. */
export async function unlessNotFound<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (isApiError(error, "not-found")) return undefined;
    throw error;
  }
}
