/** The parts of a migration that both rebootd's manifests and its chart need, in one place. Pure. */
import { contract } from "../../annotations/names.ts";
import { forms } from "../../config/form.ts";
import { keyOfOption } from "../../config/keys.ts";
import type { Option } from "../../config/option.ts";
import { type OptionName, options } from "../../config/settings.ts";
import type { FoundKured, PodParts } from "./found.ts";
import type { Chosen, ChosenOption } from "./options.ts";
import { hiddenOptions } from "./options.ts";
import { type Sentinel, sentinelOf } from "./sentinel.ts";

export interface Placed {
  found: FoundKured;
  chosen: Chosen;
  /** The options with one known value each, without those that have a place of their own below. */
  plain: readonly (ChosenOption & { values: readonly string[] })[];
  /** Options in the environment: secrets, and values in other objects. */
  byEnvironment: readonly ChosenOption[];
  method: "command" | "signal";
  /** Commands run on the host, which needs a privileged pod. */
  runsCommands: boolean;
  /** Undefined where a command is asked instead. */
  sentinel: Sentinel | undefined;
  isOnControlPlane: boolean;
  /** The keys of the labels that the options name. */
  labelKeys: readonly string[];
  /** The annotation that is the lock. */
  lockKey: string;
  concurrency: number;
}

/** Options that the manifests and the chart set in ways of their own. */
const placedElsewhere: readonly OptionName[] = [
  "ds-name",
  "ds-namespace",
  "reboot-method",
  "reboot-sentinel",
];

export function placed(found: FoundKured, chosen: Chosen): Placed {
  const { raw } = chosen;
  const text = (name: OptionName) => [raw[name] ?? []].flat()[0];
  const method = text("reboot-method") === "signal" ? "signal" : "command";
  const command = text("reboot-sentinel-command");
  const file = text("reboot-sentinel");
  const isPlain = (one: ChosenOption): one is ChosenOption & { values: readonly string[] } =>
    one.values !== undefined && !placedElsewhere.includes(one.option);
  const hidden = hiddenOptions(found.hidden);
  return {
    found,
    chosen,
    plain: chosen.options.filter(isPlain),
    byEnvironment: [...chosen.options.filter(({ values }) => values === undefined), ...hidden],
    method,
    runsCommands: method === "command" || command !== undefined,
    sentinel: command === undefined && file !== undefined ? sentinelOf(file, found.sees) : undefined,
    isOnControlPlane: isForControlPlane(found.pod.tolerations),
    labelKeys: (["pre-reboot-node-labels", "post-reboot-node-labels"] as const)
      .flatMap((name) => raw[name] ?? [])
      .flatMap((texts) => texts.split(","))
      .map((label) => label.split("=")[0] ?? "")
      .filter((key, at, all) => key !== "" && all.indexOf(key) === at),
    lockKey: text("lock-annotation") ?? contract.kuredLock.key,
    concurrency: Number(text("concurrency") ?? 1),
  };
}

/** Whether these are the tolerations of kured's manifests and of its chart, which components/control-plane has too. */
function isForControlPlane(tolerations: PodParts["tolerations"]): boolean {
  const texts = tolerations.map(({ key, operator = "Exists", value = "", effect }) =>
    operator === "Exists" || value === "" ? `${key} ${effect}` : "other",
  );
  const usual = ["control-plane", "master"].map((role) => `node-role.kubernetes.io/${role} NoSchedule`);
  return texts.length > 0 && texts.every((one) => usual.includes(one)) && texts.includes(usual[0] ?? "");
}

/** The tolerations that the pod needs beside those of the control plane. */
export function ownTolerations({ found, isOnControlPlane }: Placed): PodParts["tolerations"] {
  return isOnControlPlane ? [] : found.pod.tolerations;
}

/** The label by which each node has one of both daemons, never both. */
export const managerLabel = "reboot-manager";

/** The variables of the pod: those that are not kured's, and those with options. */
export function variablesOf({ found, byEnvironment }: Placed): object[] {
  return [...found.pod.environment, ...byEnvironment.flatMap(({ variable }) => variable ?? [])];
}

/** Kubernetes expands $(NAME) in arguments; $$( is the text itself. */
export function asArgument(text: string): string {
  return text.replaceAll("$(", "$$$$(");
}

/** An option as a person writes it in YAML: numbers and truths without quotes, and a list for one that repeats. */
export function written(option: OptionName, values: readonly string[]): [key: string, value: unknown] {
  const row: Option<unknown> = options[option];
  const form = forms.get(row.type)?.form;
  const one = (given: string) => {
    if (form?.boolean === true) return given === "true";
    return form?.integer !== undefined && /^-?\d+$/.test(given) ? Number(given) : asArgument(given);
  };
  return [keyOfOption(option), row.repeat ? values.map(one) : one(values[0] ?? "")];
}
