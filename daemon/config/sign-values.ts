/** The kinds of option values that name labels and taints of a Node that others set. */
import * as z from "zod/mini";
import type { NamedSign } from "../annotations/departures.ts";
import { patterns } from "./form.ts";
import { type ValueType, value } from "./value-type.ts";
import { metadataKey } from "./values.ts";

const key = metadataKey("example.com/to-be-upgraded");
const isKey = (text: string) => z.safeParse(key, text).success;
const signForm = /^([^=:]+)(?:=([A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?|))?(?::(\w+))?$/;
const effects: readonly string[] = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

/** A label or a taint. */
export const nodeSign: ValueType<NamedSign> = value(
  "must be a label or taint as KEY[=VALUE], or a taint as KEY[=VALUE]:EFFECT with NoSchedule, PreferNoSchedule or NoExecute, for example example.com/to-be-upgraded=true",
  { text: { pattern: patterns.nodeSign } },
  (given) => {
    const [, name, set, effect] = signForm.exec(given) ?? [];
    if (name === undefined || !isKey(name)) return undefined;
    if (effect !== undefined && !effects.includes(effect)) return undefined;
    return { key: name, ...(set !== undefined && { value: set }), ...(effect !== undefined && { effect }) };
  },
);

/** The keys of taints: one, or all with a prefix. */
export const keyOrPrefix: ValueType<string> = value(
  "must be the key of a taint, or a prefix with a star, for example example.com/not-ready or example.com/*",
  { text: { pattern: patterns.keyOrPrefix } },
  (given) => (isKey(given.replace(/\/\*$/, "/any")) ? given : undefined),
);
