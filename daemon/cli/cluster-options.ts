import { type Command, Option } from "commander";
import type { Impersonation } from "../cluster/impersonation.ts";
import type { Chosen } from "../cluster/kubeconfig.ts";
import type { Environment } from "../config/environment.ts";
import { invalidValue, printable } from "../text/config-error.ts";
import { parseDurationMs } from "../time/duration.ts";
import { kubeconfigFiles, typedOptions } from "./options.ts";

/** The way to a cluster, as kubectl finds it: what is named, else KUBECONFIG, else ~/.kube/config. */
export interface Credentials {
  kubeconfig: string | undefined;
  /** The files in KUBECONFIG. */
  listed: readonly string[];
  chosen: Chosen;
  impersonation: Impersonation;
  /** Undefined: the default; Infinity: no limit. */
  requestTimeoutMs: number | undefined;
}

const heading = "Options of kubectl:";

/** kubectl's own options that say which cluster, and as whom: `[flags, description]`. */
const options: readonly [flags: string, description: string][] = [
  ["--kubeconfig <FILE>", "Kubeconfig file; by default as kubectl finds it"],
  ["--context <NAME>", "Context of the kubeconfig"],
  ["--cluster <NAME>", "Cluster of the kubeconfig, in place of the context's"],
  ["--user <NAME>", "User of the kubeconfig, in place of the context's"],
  ["--as <NAME>", "User or service account to impersonate"],
  ["--as-group <NAME>", "Group to impersonate; may be given several times"],
  ["--as-uid <UID>", "UID to impersonate"],
  ["--request-timeout <DURATION>", "Limit of each request, such as 10s or 10; 0 is none (default: 30s)"],
];

const repeated = "--as-group <NAME>";

/** Adds kubectl's options. They may stand before the subcommand too, as the program has them. */
export function addClusterOptions(command: Command): Command {
  for (const [flags, description] of options) {
    const option = new Option(flags, description).helpGroup(heading);
    if (flags === repeated) option.argParser(collect);
    command.addOption(option);
  }
  return command;
}

const collect = (value: string, before: string[] | undefined) => [...(before ?? []), value];

/** The same, and `-n`, which kubectl takes in every place; for a command that has no use for the lock. */
export function withCluster(command: Command): Command {
  const namespace = new Option("-n, --namespace <NAME>", "Namespace of the lock object");
  return addClusterOptions(command).addOption(namespace.helpGroup(heading));
}

/** The names of those options that were typed and that the daemon does not have. */
export function typedForPeople(command: Command): string[] {
  const typed = typedOptions(command);
  return command.parent === null
    ? []
    : command.parent.options
        .filter((option) => option.helpGroupHeading === heading && !daemonHas.has(option.name()))
        .filter((option) => typed[option.attributeName()] !== undefined)
        .map((option) => option.name());
}

const daemonHas = new Set(["kubeconfig", "namespace"]);

/** The way to the cluster that was typed. An empty value counts as not given, as with kubectl. */
export function credentialsOf(command: Command, environment: Environment): Credentials {
  const typed = typedOptions(command);
  const text = (name: string) => (typed[name] as string | undefined) || undefined;
  return {
    kubeconfig: text("kubeconfig") ?? (environment["REBOOTD_KUBECONFIG"] || undefined),
    listed: kubeconfigFiles(environment),
    chosen: { context: text("context"), cluster: text("cluster"), user: text("user") },
    impersonation: {
      as: text("as"),
      uid: text("asUid"),
      groups: (typed["asGroup"] as string[] | undefined)?.filter((group) => group !== ""),
    },
    requestTimeoutMs: requestTimeout(text("requestTimeout")),
  };
}

/** Whole seconds, or a duration in Go's form, as in kubectl. */
function requestTimeout(given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  const ms = /^\d+$/.test(given) ? Number(given) * 1000 : parseDurationMs(given);
  if (ms === 0) return Number.POSITIVE_INFINITY;
  if (ms !== undefined) return ms;
  const rule = "must be a duration or whole seconds, for example 30s, 2m or 30; 0 is no limit";
  throw invalidValue("request-timeout", printable(given), rule);
}
