import assert from "node:assert/strict";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createSend } from "../../daemon/http/send.ts";
import { parseDestinations } from "../../daemon/notify/destination.ts";
import type { DeliveryOutcome } from "../../daemon/notify/line.ts";
import { createQueue } from "../../daemon/notify/queue.ts";
import { type Clock, systemClock } from "../../daemon/time/clock.ts";
import { message } from "./builders.ts";
import { openMessages } from "./no-messages.ts";

/** A second of the queue is 20 milliseconds here. */
const hurry = 50;
const clock: Clock = {
  wall: systemClock.wall,
  elapsed: () => systemClock.elapsed() * hurry,
  sleep: (ms, signal) => systemClock.sleep(ms / hurry, signal),
};

/** Receivers on loopback, each of which takes the third message that it gets. */
const treatments: Readonly<Record<string, RequestListener>> = {
  "never answers": () => {},
  "answers a byte a second": (_, response) => {
    response.writeHead(200);
    const timer = setInterval(() => response.write("x"), 1000 / hurry);
    response.on("close", () => clearInterval(timer));
  },
  "answers 500": (_, response) => void response.writeHead(500).end("x".repeat(100_000)),
  "answers 429": (_, response) => void response.writeHead(429, { "retry-after": "3" }).end(),
  "closes the connection": (request) => void request.socket.destroy(),
  "answers something that is no HTTP": (request) => void request.socket.end("hello\r\n"),
  "redirects to another server": (_, response) =>
    void response.writeHead(302, { location: "http://127.0.0.1:1/" }).end(),
};

describe("A receiver that", () => {
  let server: Server;
  let stop: AbortController;
  beforeEach(() => {
    stop = new AbortController();
  });
  afterEach(async () => {
    stop.abort();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  for (const [title, treatment] of Object.entries(treatments)) {
    it(`${title} gets the message when it behaves again, with one line in the log before`, async () => {
      let requests = 0;
      server = createServer((request, response) => {
        requests += 1;
        if (requests < 3) treatment(request, response);
        else response.end("{}");
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const { port } = server.address() as AddressInfo;
      const [reports, outcomes]: [string[], DeliveryOutcome[]] = [[], []];
      const { net } = await openMessages({} as Parameters<typeof openMessages>[0]);
      const queue = createQueue({
        destinations: () => destinations,
        net: { ...net, send: createSend(() => ({ proxy: undefined, caPem: undefined })) },
        clock,
        random: () => 0,
        onOutcome: (_, outcome) => outcomes.push(outcome),
        onSettled: () => {},
        report: (level, text) => reports.push(`${level} ${text}`),
        signal: stop.signal,
      });
      const destinations = parseDestinations([`gotify://127.0.0.1:${port}/token-123456?disabletls=yes`]);
      queue.offer(message());
      await queue.settled(120_000, stop.signal);
      assert.deepEqual(outcomes, ["retried", "retried", "sent"]);
      assert.equal(reports.length, 2);
      assert.match(
        reports[0] ?? "",
        /^warn the message DrainFailed has not reached gotify, it is sent again: ./,
      );
      assert.ok((reports[0] ?? "").length < 500);
      assert.equal(reports[1], "info messages reach gotify again");
    });
  }
});
