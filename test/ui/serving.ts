import { type IncomingHttpHeaders, request } from "node:http";
import { text as textOf } from "node:stream/consumers";
import { systemClock } from "../../daemon/time/clock.ts";
import { type PageServerOptions, type Sources, servePage } from "../../daemon/ui/server.ts";
import { createStreams } from "../../daemon/ui/streams.ts";
import { changeHeaders } from "../../daemon/ui/wire.ts";

export const token = "the-token";
export const ticket = "the-ticket";

export interface Answered {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

export interface Asked {
  method?: string;
  path?: string;
  headers?: Record<string, string>;
  body?: string;
}

/** A server of the page with little behind it, until `stop`. `changes` are those that it was asked for. */
export async function startPageServer(options: { canChange?: boolean } & Partial<PageServerOptions> = {}) {
  const stopping = new AbortController();
  const changes: unknown[] = [];
  const faults: unknown[] = [];
  const sources: Sources = {
    page: { html: "<p>page</p>", script: "script()", style: "p{}" },
    streams: createStreams(systemClock),
    node: async (name) => ({ name, lines: ["a line"], history: [], events: [] }),
    forecast: async () => ({
      ...{ from: "2026-11-02T00:00:00Z", until: "2026-11-03T00:00:00Z" },
      ...{ nodes: [], windows: [], blackouts: [], assumptions: [] },
    }),
    calendar: async () => "BEGIN:VCALENDAR\r\n",
    ...(options.canChange && {
      change: async (name, body) => {
        changes.push([name, body]);
        return "done";
      },
    }),
    ...options.sources,
  };
  const { port } = await servePage(
    {
      ...{ port: 0, token, ticket, clock: systemClock, onFault: (error) => void faults.push(error) },
      ...options,
      sources,
    },
    stopping.signal,
  );
  const own = `127.0.0.1:${port}`;
  /** A request with the token, by the address that is printed, unless something else is named. */
  const ask = ({ method = "GET", path = `/${token}/`, headers = {}, body }: Asked = {}) =>
    new Promise<Answered>((resolve, reject) => {
      const asked = request({ port, host: "127.0.0.1", method, path, headers, agent: false }, (answer) => {
        textOf(answer).then(
          (text) => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }),
          reject,
        );
      });
      asked.once("error", reject);
      asked.end(body);
    });
  /** As the page does it. */
  const post = (name: string, body: unknown = {}, headers: Record<string, string> = {}) =>
    ask({
      method: "POST",
      path: `/${token}/${name}`,
      headers: { ...changeHeaders, origin: `http://${own}`, ...headers },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
  return { port, own, ask, post, changes, faults, sources, stop: () => stopping.abort() };
}

export type PageServer = Awaited<ReturnType<typeof startPageServer>>;
