/**
 * One HTTP exchange with the API server, small enough that a cluster in memory can stand behind it.
 * The answer's body is read once, either whole (`text`) or as it arrives (`chunks`).
 */
export interface ApiRequest {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Path and query, such as `/api/v1/nodes?limit=500`. */
  path: string;
  /** Names in lower case. */
  headers: Record<string, string>;
  body?: string;
  /** Ends the exchange, also one whose body is still being read. */
  signal: AbortSignal;
}

export interface ApiResponse {
  status: number;
  header(name: string): string | undefined;
  text(): Promise<string>;
  chunks(): AsyncIterable<string>;
}

/** Rejects when no answer came (network, TLS, abort); any status is an answer. */
export type Transport = (request: ApiRequest) => Promise<ApiResponse>;
