/** The server without sockets: a Transport that calls it directly. */
import type { ApiResponse, Transport } from "../../../daemon/cluster/transport.ts";
import type { Answer } from "./answer.ts";
import type { Call } from "./request.ts";

export function memoryTransport(
  answer: (call: Call, token: string | undefined) => Promise<Answer>,
  token: string | undefined,
): Transport {
  return async ({ method, path, headers, body = "", signal }) => {
    signal.throwIfAborted();
    const [plain = "", search = ""] = path.split(/\?(.*)/s);
    const query = new URLSearchParams(search);
    const call: Call = { method, path: plain, query, headers, body, signal };
    return response(await orAborted(answer(call, token), signal), signal);
  };
}

/** A client that gives up does not wait for the answer. */
function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}

function response({ status, headers, body }: Answer, signal: AbortSignal): ApiResponse {
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
    header: (name) => headers[name.toLowerCase()],
    async text() {
      if (typeof body === "string") return body;
      let text = "";
      for await (const chunk of chunks()) text += chunk;
      return text;
    },
    chunks,
  };
}
