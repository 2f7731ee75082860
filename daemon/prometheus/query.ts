import * as z from "zod/mini";
import { cut } from "../text/cut.ts";
import { askServer, type JsonServer, serverText, shown } from "./server.ts";

const labels = z.record(z.string(), z.string());
const sample = z.tuple([z.number(), z.string()]);

/** https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries */
const answerSchema = z.object({
  status: z.literal("success"),
  data: z.discriminatedUnion("resultType", [
    // An element that is a native histogram has no value.
    z.object({
      resultType: z.literal("vector"),
      result: z.array(z.object({ metric: labels, value: z.optional(sample) })),
    }),
    z.object({ resultType: z.literal("scalar"), result: sample }),
  ]),
  warnings: z.nullish(z.array(z.string())),
  /**
   * An answer of VictoriaMetrics lacks a part:
   * https://docs.victoriametrics.com/victoriametrics/cluster-victoriametrics/#cluster-availability
   */
  isPartial: z.nullish(z.boolean()),
});
type Answer = z.output<typeof answerSchema>;

export type Series = Extract<Answer["data"], { resultType: "vector" }>["result"][number];

export interface QueryResult {
  data: Answer["data"];
  /** An answer with warnings may lack a part, such as the series of an unreachable store. */
  warnings: readonly string[];
}

/** The result of the query now, by the server's clock: this node's may be wrong. */
export async function queryPrometheus(
  server: JsonServer,
  query: string,
  signal: AbortSignal,
): Promise<QueryResult> {
  const value = await askServer(server, "/api/v1/query", { query }, signal);
  const parsed = answerSchema.safeParse(value);
  if (parsed.success) {
    const { data, warnings, isPartial } = parsed.data;
    return { data, warnings: [...(warnings ?? []), ...(isPartial ? ["isPartial: true"] : [])] };
  }
  const cause = parsed.error;
  throw new Error(`${serverText(server)} answered something that is no vector and no number`, { cause });
}

/** Throws if the answer may lack a part: then an empty result proves nothing. */
export function assertWhole(server: JsonServer, { warnings }: QueryResult): void {
  const [first] = warnings;
  if (first === undefined) return;
  throw new Error(`the answer of ${serverText(server)} may lack a part: ${cut(shown(server, first), 200)}`);
}
