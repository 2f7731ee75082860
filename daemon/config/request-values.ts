import * as z from "zod/mini";
import type { RequestLabel } from "../annotations/request-label.ts";
import { parseLongDurationMs } from "../time/duration.ts";
import { patterns } from "./form.ts";
import { type ValueType, value } from "./value-type.ts";
import { labels } from "./values.ts";

const dayMs = 86_400_000;

/** A duration that may have days before it; milliseconds. */
export function longDuration({
  minDays,
  maxDays,
  example,
}: {
  minDays: number;
  maxDays: number;
  example: string;
}): ValueType<number> {
  const rule = `must be a duration from ${minDays}d to ${maxDays}d, for example ${example}`;
  return value(rule, { text: { pattern: patterns.longDuration } }, (text) => {
    const ms = parseLongDurationMs(text);
    return ms !== undefined && ms >= minDays * dayMs && ms <= maxDays * dayMs ? ms : undefined;
  });
}

/** Kubernetes and rebootd itself give the keys of these domains a meaning. */
const reservedDomain = /^(?:[^/]*\.)?(?:kubernetes\.io|k8s\.io|rebootd\.dev)\//;

/** A label that requests a reboot: `KEY`, or `KEY=VALUE` for this value alone. */
export const requestLabel: ValueType<RequestLabel> = value(
  "must be KEY or KEY=VALUE of a label outside of kubernetes.io, k8s.io and rebootd.dev, for example nke.nvidia.com/reboot or nke.nvidia.com/reboot=requested-by-nvsentinel",
  { text: { pattern: patterns.requestLabel } },
  (given) => {
    const [key = "", only] = given.split("=");
    const isOne = !given.includes(",") && only !== "" && !reservedDomain.test(key);
    const isLabel = z.safeParse(labels, only === undefined ? `${given}=` : given).success;
    return isOne && isLabel ? { key, value: only } : undefined;
  },
);
