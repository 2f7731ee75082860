/** What the network, and what stands in it, does to the requests of one daemon. */
import type { ApiRequest, ApiResponse, Transport } from "../../../daemon/cluster/transport.ts";
import type { SmallWorld } from "../small-world.ts";

/** Stands between a daemon and the server. */
export type Layer = (transport: Transport) => Transport;

type World = Pick<SmallWorld, "time" | "signal">;

/** Longer than any client waits. */
const lateMs = { least: 30_500, most: 70_000 };

const isWatch = ({ path }: ApiRequest) => path.includes("watch=true");

export function lateWrites({ time, signal }: World, probability: number, random: () => number): Layer {
  return (transport) => async (request) => {
    if (request.method === "GET" || random() >= probability) return await transport(request);
    await time.clock.sleep(lateMs.least + random() * (lateMs.most - lateMs.least), signal);
    return await transport({ ...request, signal });
  };
}

/** The server has answered; the answer is on its way. */
export function slowAnswers({ time, signal }: World, mostMs: number, random: () => number): Layer {
  return (transport) => async (request) => {
    const answer = await transport(request);
    if (!isWatch(request)) await time.clock.sleep(random() * mostMs, signal);
    return answer;
  };
}

/** Watches open, and show nothing, not even what is there; or bookmarks alone. */
export function quietWatches(shows: "nothing" | "bookmarks"): Layer {
  return (transport) => async (request) => {
    const answer = await transport(request);
    return isWatch(request) ? { ...answer, chunks: () => quieted(answer, shows) } : answer;
  };
}

async function* quieted(answer: ApiResponse, shows: "nothing" | "bookmarks"): AsyncIterable<string> {
  for await (const chunk of answer.chunks()) {
    const lines = chunk.split("\n");
    const shown = shows === "nothing" ? [] : lines.filter((line) => line.includes('"BOOKMARK"'));
    if (shown.length > 0) yield `${shown.join("\n")}\n`;
  }
}

/** An older version writes the record without what it does not know; a newer one with more. */
export function strippedRecords(fields: readonly string[]): Layer {
  return (transport) => async (request) => {
    const { body } = request;
    if (request.method !== "PATCH" || body === undefined || !body.includes("rebootd.dev/cycle"))
      return await transport(request);
    return await transport({ ...request, body: stripped(body, fields) });
  };
}

function stripped(body: string, fields: readonly string[]): string {
  const patch = JSON.parse(body) as { metadata: { annotations: Record<string, string | null> } };
  const { annotations } = patch.metadata;
  const record = annotations["rebootd.dev/cycle"];
  if (typeof record !== "string") return body;
  const known = Object.entries(JSON.parse(record) as object).filter(([name]) => !fields.includes(name));
  annotations["rebootd.dev/cycle"] = JSON.stringify({ ...Object.fromEntries(known), fromTheFuture: 1 });
  return JSON.stringify(patch);
}
