import type { ApiRequest, ApiResponse, Transport } from "../../../daemon/cluster/transport.ts";
import type { Clock, Random } from "../../../daemon/time/clock.ts";

/**
 * What is slow and what is silent between daemons and the server. A GET of one object names no resourceVersion, so its
 * answer is linearizable (https://kubernetes.io/docs/reference/using-api/api-concepts/#semantics-for-get-and-list): it may
 * come late, but it was true after the request was sent. Storms hold the world to that, and only watches lag.
 */
export interface Network {
  between(node: string, transport: Transport): Transport;
  /** From now on answers to this node's daemon come late, with this probability. */
  slowDown(node: string, probability: number): () => void;
  /** Watches that this node's daemon opens from now on, to their end. */
  dull(node: string, how: "silent" | "bookmarks"): () => void;
  /** What this node's daemon has open now never says anything any more, nor ends. */
  freeze(node: string): void;
  /** Its daemon is of another version: what it writes to its record goes through this. */
  rewrite(node: string, body: (body: string) => string): () => void;
}

const answerLateMs = { least: 1000, most: 25_000 };

type Hearing = "everything" | "bookmarks" | "silent" | "frozen";

interface Line {
  slow: number;
  hears: Hearing;
  body: (body: string) => string;
  watches: Set<{ hears: Hearing }>;
}

export function createNetwork(sleep: Clock["sleep"], random: Random): Network {
  const lines = new Map<string, Line>();

  function lineOf(node: string): Line {
    const known = lines.get(node) ?? {
      slow: 0,
      hears: "everything",
      body: (body: string) => body,
      watches: new Set(),
    };
    lines.set(node, known);
    return known;
  }

  async function* heard(
    answer: ApiResponse,
    watch: { hears: Hearing },
    { signal }: ApiRequest,
  ): AsyncIterable<string> {
    for await (const chunk of answer.chunks()) {
      if (watch.hears === "frozen") await aborted(signal);
      if (watch.hears === "everything") yield chunk;
      else if (watch.hears === "bookmarks") yield bookmarksIn(chunk);
    }
    if (watch.hears === "frozen") await aborted(signal);
  }

  return {
    between(node, transport) {
      const line = lineOf(node);
      return async (request) => {
        const { body } = request;
        const answer = await transport(body === undefined ? request : { ...request, body: line.body(body) });
        if (request.path.includes("watch=true")) {
          const watch = { hears: line.hears };
          line.watches.add(watch);
          request.signal.addEventListener("abort", () => line.watches.delete(watch), { once: true });
          return { ...answer, chunks: () => heard(answer, watch, request) };
        }
        if (line.slow > 0 && random() < line.slow) {
          const { least, most } = answerLateMs;
          await sleep(least + random() * (most - least), request.signal);
        }
        return answer;
      };
    },
    slowDown(node, probability) {
      lineOf(node).slow = probability;
      return () => {
        lineOf(node).slow = 0;
      };
    },
    dull(node, how) {
      lineOf(node).hears = how;
      return () => {
        lineOf(node).hears = "everything";
      };
    },
    freeze(node) {
      for (const watch of lineOf(node).watches) watch.hears = "frozen";
    },
    rewrite(node, body) {
      lineOf(node).body = body;
      return () => {
        lineOf(node).body = (same) => same;
      };
    },
  };
}

function bookmarksIn(chunk: string): string {
  return chunk
    .split("\n")
    .filter((line) => line === "" || line.startsWith('{"type":"BOOKMARK"'))
    .join("\n");
}

/** Rejects with the signal's reason once it is aborted. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) return reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
