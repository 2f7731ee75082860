/**
 * One HTTP exchange with the API server, small enough that a cluster in memory can stand behind it.
 * The answer's body is read once, as it arrives.
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
  chunks(): AsyncIterable<string>;
  /** Takes what was sent to be let in out of a text of the server. */
  hide?(text: string): string;
}

/** The whole body; undefined where it is longer than that. Rejects where it breaks off. */
export async function textOf(
  response: Pick<ApiResponse, "chunks">,
  charsMax = Number.POSITIVE_INFINITY,
): Promise<string | undefined> {
  const chunks: string[] = [];
  let length = 0;
  for await (const chunk of response.chunks()) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > charsMax) return undefined;
  }
  return chunks.join("");
}

/** Rejects when no answer came (network, TLS, abort); any status is an answer. */
export type Transport = (request: ApiRequest) => Promise<ApiResponse>;
