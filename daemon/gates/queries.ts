import { assertWhole, queryPrometheus } from "../prometheus/query.ts";
import { type JsonServer, shown } from "../prometheus/server.ts";
import { cut } from "../text/cut.ts";
import { cannotTell, type Gate } from "./gate.ts";
import type { Looked } from "./notices/unmatched.ts";

const queryMaxChars = 150;
const labelsMaxChars = 150;

/** Closed while any of the queries has a result. */
export function queriesGate(
  prometheus: JsonServer,
  queries: readonly string[],
  looked: Looked = () => {},
): Gate<"queries"> {
  return {
    name: "queries",
    stages: ["start"],
    cost: "remote",
    urgentPasses: true,
    deadlineMs: prometheus.timeoutMs + 1000,
    async check(_, signal) {
      const answers = await Promise.all(
        queries.map(async (query) => {
          try {
            const found = await resultOf(prometheus, query, signal);
            looked(`--block-on-query=${JSON.stringify(cut(query, queryMaxChars))}`, found !== undefined);
            if (found === undefined) return undefined;
            return { code: "query" as const, message: `the query ${cut(query, queryMaxChars)} ${found}` };
          } catch (error) {
            signal.throwIfAborted();
            const { code, message } = cannotTell(error);
            return { code, message: `the query ${cut(query, queryMaxChars)}: ${message}` };
          }
        }),
      );
      const closed = answers.filter((answer) => answer !== undefined);
      const first = closed.find(({ code }) => code === "query") ?? closed[0];
      if (first === undefined) return { open: true };
      return { open: false, code: first.code, message: closed.map(({ message }) => message).join("; ") };
    },
  };
}

/**
 * A result counts as in an alerting rule: any element of a vector, whatever its value, or a number other than
 * 0.
 */
async function resultOf(
  prometheus: JsonServer,
  query: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const answer = await queryPrometheus(prometheus, query, signal);
  const { data } = answer;
  if (data.resultType === "scalar") {
    if (Number(data.result[1]) !== 0) return `is ${cut(shown(prometheus, data.result[1]), labelsMaxChars)}`;
  } else if (data.result[0] !== undefined) {
    const { length } = data.result;
    const of = length === 1 ? "a result" : `${length} results, the first`;
    return `has ${of} ${cut(shown(prometheus, labelsText(data.result[0].metric)), labelsMaxChars)}`;
  }
  assertWhole(prometheus, answer);
  return undefined;
}

function labelsText({ __name__ = "", ...labels }: Record<string, string>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return `${__name__}{${pairs.join(", ")}}`;
}
