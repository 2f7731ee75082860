/** The server without sockets: a Transport that calls it directly. */
import type { ApiResponse, Transport } from "../../../daemon/cluster/transport.ts";
import type { Answer } from "./answer.ts";
import { ConnectionReset } from "./event-queue.ts";
import type { Call } from "./request.ts";

export interface Answering {
  answer(call: Call, token: string | undefined): Promise<Answer>;
  onAway(listener: () => void): () => void;
  /** Milliseconds since the epoch. */
  now(): number;
}

export function memoryTransport({ answer, onAway, now }: Answering, token: string | undefined): Transport {
  return async ({ method, path, headers, body = "", signal }) => {
    signal.throwIfAborted();
    const [plain = "", search = ""] = path.split(/\?(.*)/s);
    const query = new URLSearchParams(search);
    const call: Call = { method, path: plain, query, headers, body, signal };
    const answered = await orBroken(answer(call, token), signal, onAway);
    return response(answered, new Date(now()).toUTCString(), signal);
  };
}

/** A client that gives up does not wait for the answer, and a server that goes away gives none. */
function orBroken<T>(work: Promise<T>, signal: AbortSignal, onAway: Answering["onAway"]): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    const forget = onAway(() => reject(new ConnectionReset()));
    work.then(resolve, reject).finally(() => {
      signal.removeEventListener("abort", onAbort);
      forget();
    });
  });
}

function response({ status, headers, body }: Answer, date: string, signal: AbortSignal): ApiResponse {
  async function* chunks(): AsyncIterable<string> {
    if (typeof body === "string") {
      if (body !== "") yield body;
      return;
    }
    try {
      for await (const chunk of body) yield chunk;
    } catch (error) {
      throw signal.aborted ? signal.reason : error;
    }
  }
  return {
    status,
    header: (name) => (name === "date" ? date : headers[name.toLowerCase()]),
    chunks,
  };
}
