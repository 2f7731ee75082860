/**
 * One HTTP exchange with the API server. The interface is so small that a cluster in memory can implement it.
 * The body of the answer can be read only once.
 */
export interface ApiRequest {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Path and query, such as `/api/v1/nodes?limit=500`. */
  path: string;
  /** Header names are in lower case. */
  headers: Record<string, string>;
  body?: string;
  /** Aborts the exchange, also while its body is being read. */
  signal: AbortSignal;
}

export interface ApiResponse {
  status: number;
  header(name: string): string | undefined;
  chunks(): AsyncIterable<string>;
  /** Removes the sent credentials from a text of the server. */
  hide?(text: string): string;
}

/** The whole body; undefined if it is longer than `charsMax`. Rejects if it ends early. */
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

/** Rejects without an answer (network, TLS, abort); any status is an answer. */
export type Transport = (request: ApiRequest) => Promise<ApiResponse>;
