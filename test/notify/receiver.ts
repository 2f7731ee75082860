import assert from "node:assert/strict";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { createSend, type HttpSend } from "../../daemon/http/send.ts";
import { parseDestinations } from "../../daemon/notify/destination.ts";
import type { Email, EmailServer, SendEmail } from "../../daemon/notify/email.ts";
import type { Message } from "../../daemon/notify/message.ts";
import type { Net } from "../../daemon/notify/service.ts";

/** A request as a receiver has got it. */
export interface Received {
  method: string;
  /** With the origin that the sender wanted. */
  url: string;
  headers: IncomingMessage["headers"];
  body: string;
}

export interface Answer {
  status?: number;
  headers?: Record<string, string>;
  body?: string;
}

/** A server on loopback in place of all services: requests go there whatever their origin is. */
export interface Receiver {
  readonly requests: readonly Received[];
  /** The mails, which go nowhere. */
  readonly mails: readonly { server: EmailServer; mail: Email }[];
  /** The next answers; after them 200 with an empty object. */
  readonly answers: Answer[];
  readonly net: Net;
  /** Sends the message to the destination of the URL. */
  deliver(url: string, message: Message, thread?: string): Promise<string | undefined>;
  close(): Promise<void>;
}

/** A new receiver for each test of the suite that calls it. */
export function receiverForEach(): Omit<Receiver, "close"> {
  let receiver: Receiver | undefined;
  const now = () => receiver ?? assert.fail("no test is running");
  beforeEach(async () => {
    receiver = await startReceiver();
  });
  afterEach(() => now().close());
  return {
    get requests() {
      return now().requests;
    },
    get answers() {
      return now().answers;
    },
    get mails() {
      return now().mails;
    },
    get net() {
      return now().net;
    },
    deliver: (...all) => now().deliver(...all),
  };
}

const originHeader = "x-wanted-origin";

export async function startReceiver(): Promise<Receiver> {
  const requests: Received[] = [];
  const mails: { server: EmailServer; mail: Email }[] = [];
  const answers: Answer[] = [];
  const server = createServer(async (request, response) => {
    const { [originHeader]: origin, ...headers } = request.headers;
    const { method = "", url = "" } = request;
    requests.push({ method, url: `${origin}${url}`, headers, body: await text(request) });
    const { status = 200, headers: sent = {}, body = "{}" } = answers.shift() ?? {};
    response.writeHead(status, { "content-type": "application/json", ...sent }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const here = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const direct = createSend(() => ({ proxy: undefined, caPem: undefined }));
  const send: HttpSend = async (request, signal) => {
    const { origin } = new URL(request.url);
    const url = request.url.replace(origin, here);
    return await direct({ ...request, url, headers: { ...request.headers, [originHeader]: origin } }, signal);
  };
  const email: SendEmail = async (server, mail) => {
    mails.push({ server, mail });
  };
  const net = { send, email, signal: AbortSignal.timeout(30_000) };
  return {
    requests,
    mails,
    answers,
    net,
    async deliver(url, message, thread) {
      const [destination] = parseDestinations([url]);
      return await destination?.deliver(message, net, thread);
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
