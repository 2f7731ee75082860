/** The last cycles of a Node, for its record: few, with short texts, as every Node carries them. Pure. */
import * as z from "zod/mini";
import { shortLine } from "../text/one-line.ts";
import { outcomeNames } from "./outcomes.ts";
import { partMsSchema, type Took } from "./took.ts";

/** With the limits of the texts: at most 2,000 characters of the record. */
export const lastCyclesMax = 5;
const whyMaxChars = 60;
const messageMaxChars = 140;

const shortText = (maxChars: number) =>
  z.catch(
    z.pipe(
      z.string(),
      z.transform((text: string) => shortLine(text, maxChars)),
    ),
    "",
  );

const cycleSchema = z.object({
  result: z.enum(outcomeNames),
  kind: z.catch(z.optional(z.literal("soft")), undefined),
  at: z.iso.datetime(),
  why: shortText(whyMaxChars),
  message: shortText(messageMaxChars),
  waitMs: partMsSchema,
  drainMs: partMsSchema,
  bootMs: partMsSchema,
  returnMs: partMsSchema,
});

/**
 * A cycle that has ended.
 * - `kind`: of a reboot that was not a full one.
 * - `at`: when it ended, RFC 3339.
 * - `why`: the reasons of the need, or its source where it has no reasons; empty where neither is known.
 * - `message`: the sentence of the outcome.
 * - `waitMs` to `returnMs`: the durations of its parts, as far as it got.
 */
export type LastCycle = z.output<typeof cycleSchema>;

/** Newest first. An entry that cannot be read is left out, and the others stay. */
export const lastCyclesSchema = z.catch(
  z.pipe(
    z.array(z.unknown()),
    z.transform((entries: unknown[]) => entries.flatMap(readCycle).slice(0, lastCyclesMax)),
  ),
  [],
);

/** Anybody may have written the entries, and very many of them. */
function readCycle(entry: unknown): LastCycle[] {
  const { data } = cycleSchema.safeParse(entry);
  return data === undefined ? [] : [data];
}

interface Ended {
  outcome: Pick<LastCycle, "result" | "at" | "message">;
  need: { source: string; reasons: readonly string[] } | undefined;
  isSoft?: boolean;
  took: Took | undefined;
}

/** The last cycles with one more; the oldest is given up for it. */
export function lastCyclesAfter(
  last: readonly LastCycle[],
  { outcome, need, took, isSoft = false }: Ended,
): LastCycle[] {
  const { result, at, message } = outcome;
  const { wait, drain, boot, return: returned } = took ?? {};
  const why = need === undefined ? "" : need.reasons.join(", ") || need.source;
  const ended = {
    result,
    ...(isSoft && { kind: "soft" as const }),
    at,
    why: shortLine(why, whyMaxChars),
    message: shortLine(message, messageMaxChars),
    ...(wait !== undefined && { waitMs: wait }),
    ...(drain !== undefined && { drainMs: drain }),
    ...(boot !== undefined && { bootMs: boot }),
    ...(returned !== undefined && { returnMs: returned }),
  };
  return [ended, ...last].slice(0, lastCyclesMax);
}
