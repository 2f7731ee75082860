import type { RequestLabel } from "../../annotations/request-label.ts";
import { invalidValue, printable } from "../../text/config-error.ts";
import type { OptionTable, ValuesOf } from "../option.ts";
import { longDuration, requestLabel } from "../request-values.ts";

export const requestOptions = {
  "max-uptime": {
    type: longDuration({ minDays: 1, maxDays: 3650, example: "30d" }),
    placeholder: "DURATION",
    help: "A node that has been up for longer needs a reboot; each is due at its own moment in the last fifth of this time",
  },
  "request-label": {
    type: requestLabel,
    placeholder: "KEY[=VALUE]",
    help: "A label of the Node with which other programs request a reboot, with any value or only with this one; removed after the proved reboot",
  },
} as const satisfies OptionTable;

export interface RequestSettings {
  /** Undefined: no label requests anything. */
  requestLabel: RequestLabel | undefined;
  /** Undefined: no node has been up for too long. */
  maxUptimeMs: number | undefined;
}

/** Labels that other options write or count: they cannot request a reboot too. */
interface OtherLabels {
  "pre-reboot-node-labels": readonly Readonly<Record<string, string>>[];
  "post-reboot-node-labels": readonly Readonly<Record<string, string>>[];
  "pool-label": string | undefined;
}

export function requestSettings(given: ValuesOf<typeof requestOptions> & OtherLabels): RequestSettings {
  const label = given["request-label"];
  const users: readonly [option: string, keys: readonly string[]][] = [
    ["pre-reboot-node-labels", given["pre-reboot-node-labels"].flatMap(Object.keys)],
    ["post-reboot-node-labels", given["post-reboot-node-labels"].flatMap(Object.keys)],
    ["pool-label", given["pool-label"] === undefined ? [] : [given["pool-label"]]],
  ];
  const [user] = users.find(([, keys]) => label !== undefined && keys.includes(label.key)) ?? [];
  if (label !== undefined && user !== undefined) {
    const rule = `must be another label than --${user} has, for example example.com/reboot`;
    throw invalidValue("request-label", printable(label.key), rule);
  }
  return { requestLabel: label, maxUptimeMs: given["max-uptime"] };
}
