import { type IncomingMessage, request } from "node:http";
import { buffer } from "node:stream/consumers";
import { openDirect, targetOf } from "./socket.ts";

/** Statuses of answers without a body (https://fetch.spec.whatwg.org/#null-body-status). */
const withoutBody = [204, 205, 304];

/**
 * `fetch` for a sign-in: one request without a redirect. Node's own fetch needs WebAssembly, which the image's
 * --lite-mode takes away. Rejects without an answer.
 */
export async function plainFetch(input: string | URL | Request, init?: RequestInit): Promise<Response> {
  const whole = new Request(input, init);
  const { method, headers, signal } = whole;
  const place = new URL(whole.url);
  const body = Buffer.from(await whole.arrayBuffer());
  const socket = await openDirect({
    ...targetOf(place),
    tls: place.protocol === "https:" ? {} : undefined,
    signal,
  });
  try {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const sent = request({
        createConnection: () => socket,
        method,
        path: place.pathname + place.search,
        headers: { ...Object.fromEntries(headers), host: place.host, "content-length": body.length },
        signal,
      });
      sent.once("response", resolve).on("error", reject).end(body);
    });
    const status = answer.statusCode ?? 0;
    const content = new Uint8Array(await buffer(answer));
    const pairs = Object.entries(answer.headersDistinct).flatMap(([name, values = []]) =>
      values.map((value): [string, string] => [name, value]),
    );
    return new Response(withoutBody.includes(status) ? null : content, { status, headers: pairs });
  } finally {
    socket.destroy();
  }
}
