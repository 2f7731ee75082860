import * as z from "zod/mini";
import { failuresMax } from "../lock/failures.ts";
import {
  alertMatchers,
  annotationKeys,
  bool,
  choice,
  command,
  concurrency,
  cronWindow,
  days,
  duration,
  escalation,
  httpHeader,
  httpUrl,
  integer,
  labelSelector,
  labels,
  lockObject,
  loggedInUsers,
  metadataKey,
  objectName,
  path,
  regexp,
  text,
  timeOfDay,
  timeZone,
  type ValueType,
  weekdays,
} from "./values.ts";

/** One option of `rebootd run`. Its environment variable is `REBOOTD_` and the name in upper case. */
export interface Option<T> {
  readonly type: ValueType<T>;
  /** As one would type it, once; absent means that the option may stay unset, or is required. */
  readonly default?: string;
  readonly required?: true;
  /** May be given several times; the environment variable holds one value. */
  readonly repeat?: true;
  /** Not shown where it is refused. */
  readonly secret?: true;
  /** One letter that stands for the name. */
  readonly short?: string;
  /** What stands for the value in the help. */
  readonly placeholder: string;
  readonly help: string;
}

/**
 * Every option once. Where kured has an option for the same thing, name and spelling of the values are kured's
 * (https://kured.dev/docs/configuration/).
 */
export const options = {
  "node-id": {
    type: objectName,
    required: true,
    placeholder: "NAME",
    help: "name of this node; in a pod from spec.nodeName",
  },
  kubeconfig: {
    type: text({ allowed: "a file such as /etc/rebootd/kubeconfig", like: /^\P{Cc}+$/u }),
    placeholder: "FILE",
    help: "way to the API server; without it the files in KUBECONFIG, as kubectl reads them, else the service account of the pod",
  },
  namespace: {
    type: objectName,
    default: "kube-system",
    placeholder: "NAME",
    short: "n",
    help: "namespace of the lock object",
  },
  period: {
    type: duration({ minMs: 1000 }),
    default: "1h",
    placeholder: "DURATION",
    help: "look at everything at least this often; events come in between",
  },

  os: {
    type: choice("auto", "debian", "rhel", "suse", "flatcar"),
    default: "debian",
    placeholder: "NAME",
    help: "how the host says that it needs a reboot: the way of debian, rhel, suse or flatcar; auto reads its /etc/os-release",
  },
  "run-path": {
    type: path,
    default: "/var/run",
    placeholder: "FOLDER",
    help: "the host's /run, where debian, suse and flatcar have their file",
  },
  "reboot-sentinel": {
    type: path,
    placeholder: "FILE",
    help: "instead of the way of --os: a reboot is needed while this file is there",
  },
  "reboot-sentinel-command": {
    type: command,
    placeholder: "COMMAND",
    help: "instead of both: exit code 0 means needed, 1 not needed, all else that it cannot tell",
  },
  "reboot-method": {
    type: choice("auto", "logind", "signal", "command"),
    default: "command",
    placeholder: "METHOD",
    help: "how the node is rebooted: logind, signal or command; auto takes the first of these that can work",
  },
  "reboot-command": {
    type: command,
    default: "/bin/systemctl reboot",
    placeholder: "COMMAND",
    help: "for --reboot-method=command and auto",
  },
  "reboot-signal": {
    type: integer({ min: 1, max: 64, like: 39 }),
    default: "39",
    placeholder: "NUMBER",
    help: "for --reboot-method=signal and auto: sent to process 1; 39 is SIGRTMIN+5, systemd's reboot",
  },
  "reboot-delay": {
    type: duration(),
    default: "0",
    placeholder: "DURATION",
    help: "wait between the end of the drain and the reboot",
  },
  "reboot-timeout": {
    type: duration({ minMs: 1000 }),
    default: "10m",
    placeholder: "DURATION",
    help: "a node that has not gone down by then is asked again",
  },
  "reboot-attempts": {
    type: integer({ min: 1, max: 10 }),
    default: "2",
    placeholder: "NUMBER",
    help: "how often it is asked before the cycle fails",
  },
  "max-reboots-per-need": {
    type: integer({ min: 1, max: 10 }),
    default: "2",
    placeholder: "NUMBER",
    help: "proved reboots after which a need that is still there is not served again",
  },
  "max-failures-per-node": {
    type: integer({ min: 0, max: 100 }),
    default: "3",
    placeholder: "NUMBER",
    help: "failed cycles in a row after which a node is left alone until a person asks for its reboot or resumes it; 0 is never",
  },
  "boot-id-path": {
    type: path,
    default: "/proc/sys/kernel/random/boot_id",
    placeholder: "FILE",
    help: "where the kernel shows the boot ID",
  },
  "enter-host": {
    type: bool,
    default: "true",
    placeholder: "true|false",
    help: "run commands in the mount namespace of process 1 (nsenter); false: where the daemon runs",
  },

  "drain-delay": {
    type: duration(),
    default: "0",
    placeholder: "DURATION",
    help: "wait between the slot (and the labels that come with it) and the cordon",
  },
  "pre-reboot-node-labels": {
    type: labels,
    repeat: true,
    placeholder: "KEY=VALUE,...",
    help: "labels set before the cordon; given back as they were found once the node is",
  },
  "post-reboot-node-labels": {
    type: labels,
    repeat: true,
    placeholder: "KEY=VALUE,...",
    help: "labels set, to stay, with the uncordon that follows a proved reboot",
  },
  "lb-exclude": {
    type: bool,
    default: "false",
    placeholder: "true|false",
    help: "take the node out of external load balancers before the cordon, until it is given back",
  },
  "prefer-no-schedule-taint": {
    type: metadataKey("example.com/reboot-pending"),
    placeholder: "KEY",
    help: "a taint with the effect PreferNoSchedule while only the lock or the disruption gate keeps the node waiting, until it is given back",
  },
  preflight: {
    type: choice("on", "off"),
    default: "on",
    placeholder: "on|off",
    help: "do not start a drain that could not succeed: before the cordon look for pods and budgets that would hold it up",
  },
  "budget-held-selector": {
    type: labelSelector,
    placeholder: "SELECTOR",
    help: "budgets that let no pod go until their operator sees the cordon, and so do not keep a drain from being started",
  },
  "drain-timeout": {
    type: duration({ minMs: 1000 }),
    default: "15m",
    placeholder: "DURATION",
    help: "a drain that is not through by then is undone",
  },
  "drain-escalation": {
    type: escalation,
    placeholder: "STEPS",
    help: "evict:10m,delete:2m,reboot: after 10 minutes delete pods past all budgets, after 2 more reboot anyway; no later step is taken that is not named",
  },
  "force-reboot": {
    type: bool,
    default: "false",
    placeholder: "true|false",
    help: "kured's name for --drain-escalation=evict,reboot",
  },
  "drain-volume-timeout": {
    type: duration(),
    default: "2m",
    placeholder: "DURATION",
    help: "wait this long for volumes of the pods that went to be detached; 0 does not look at them",
  },
  "drain-grace-period": {
    type: integer({ min: -1, max: 86_400, like: 30 }),
    default: "-1",
    placeholder: "SECONDS",
    help: "grace for each pod; -1 takes the pod's own",
  },
  "drain-pod-selector": { type: labelSelector, placeholder: "SELECTOR", help: "evict only these pods" },
  "drain-skip-namespace": {
    type: objectName,
    repeat: true,
    placeholder: "NAME",
    help: "leave the pods of this namespace; may be repeated",
  },
  "skip-wait-for-delete-timeout": {
    type: integer({ min: 0, max: 86_400, like: 30 }),
    default: "0",
    placeholder: "SECONDS",
    help: "do not wait for pods whose time to end was over this long ago; 0 waits for all",
  },
  "delete-emptydir-data": {
    type: bool,
    default: "true",
    placeholder: "true|false",
    help: "evict pods with emptyDir volumes, whose data is lost; false: such a pod makes the drain fail",
  },
  "drain-force": {
    type: bool,
    default: "true",
    placeholder: "true|false",
    help: "evict pods without a controller, which nothing makes anew; false: such a pod makes the drain fail",
  },
  "disable-eviction": {
    type: bool,
    default: "false",
    placeholder: "true|false",
    help: "delete pods in place of evicting them, past all budgets; needs the right to delete pods",
  },
  "drain-parallelism": {
    type: integer({ min: 1, max: 1000 }),
    default: "50",
    placeholder: "NUMBER",
    help: "how many evictions are asked for at a time",
  },
  "ready-settle": {
    type: duration(),
    default: "15s",
    placeholder: "DURATION",
    help: "the node must be Ready this long before it is uncordoned",
  },
  "ready-timeout": {
    type: duration({ minMs: 1000 }),
    default: "15m",
    placeholder: "DURATION",
    help: "a node that is not back by then is reported; it keeps the lock",
  },
  "ready-pod-selector": {
    type: labelSelector,
    placeholder: "SELECTOR",
    help: "pods of this node that must be Ready before it is uncordoned; without it pods of DaemonSets that are system-node-critical, and critical static pods",
  },
  "before-reboot-hooks": {
    type: annotationKeys,
    repeat: true,
    placeholder: "KEY,...",
    help: "annotations of the Node that somebody else must set to true once it is drained, before the reboot",
  },
  "before-reboot-hooks-timeout": {
    type: duration({ minMs: 1000 }),
    default: "15m",
    placeholder: "DURATION",
    help: "how long a drained node waits for them",
  },
  "before-reboot-hooks-late": {
    type: choice("restore", "go-on"),
    default: "restore",
    placeholder: "restore|go-on",
    help: "what is done then: give the node back as it was, which is a failure, or reboot without them",
  },
  "after-reboot-hooks": {
    type: annotationKeys,
    repeat: true,
    placeholder: "KEY,...",
    help: "annotations of the Node that somebody else must set to true after the reboot, before the uncordon",
  },
  "after-reboot-hooks-timeout": {
    type: duration({ minMs: 1000 }),
    default: "15m",
    placeholder: "DURATION",
    help: "how long a node waits for them before it is late",
  },
  "after-reboot-hooks-late": {
    type: choice("wait", "go-on"),
    default: "wait",
    placeholder: "wait|go-on",
    help: "what is done then: wait on, which keeps the lock and is reported, or uncordon without them",
  },

  "lock-object": {
    type: lockObject,
    placeholder: "KIND/NAME",
    help: "the object that carries the lock: lease/NAME in --namespace, or daemonset/NAME in --ds-namespace; lease/rebootd where nothing is said",
  },
  "ds-name": {
    type: objectName,
    placeholder: "NAME",
    help: "kured's way to name a DaemonSet that carries the lock",
  },
  "ds-namespace": {
    type: objectName,
    default: "kube-system",
    placeholder: "NAME",
    help: "namespace of that DaemonSet",
  },
  "lock-annotation": {
    type: metadataKey("example.com/lock"),
    placeholder: "KEY",
    help: "annotation that is the lock; rebootd.dev/lock on a Lease and weave.works/kured-node-lock on a DaemonSet where nothing is said",
  },
  "lock-ttl": {
    type: duration(),
    default: "0",
    placeholder: "DURATION",
    help: "others may take the slot over after this time, whatever its holder is doing; 0 is never, which is safe",
  },
  "lock-release-delay": {
    type: duration(),
    default: "0",
    placeholder: "DURATION",
    help: "keep the lock this long after the uncordon",
  },
  concurrency: {
    type: concurrency,
    default: "1",
    placeholder: "NUMBER|PERCENT",
    help: "how many nodes may be down at a time: a number, or a percentage of all nodes, rounded down, at least 1",
  },
  "max-per-zone": {
    type: integer({ min: 1, max: 10_000 }),
    placeholder: "NUMBER",
    help: "how many of those may be in one zone (topology.kubernetes.io/zone)",
  },
  "max-per-pool": {
    type: integer({ min: 1, max: 10_000 }),
    placeholder: "NUMBER",
    help: "how many of those may be in one pool of nodes; needs --pool-label",
  },
  "pool-label": {
    type: metadataKey("example.com/pool"),
    placeholder: "KEY",
    help: "the label whose value names a node's pool",
  },
  "max-unavailable": {
    type: concurrency,
    placeholder: "NUMBER|PERCENT",
    help: "how many nodes may be unavailable at a time, this one among them: not Ready, cordoned by anybody or in the lock; a percentage as above",
  },
  "halt-after-failures": {
    type: integer({ min: 0, max: failuresMax }),
    default: "3",
    placeholder: "NUMBER",
    help: "after so many different nodes whose reboot failed in a row none starts until rebootd resume --all; 0 is never",
  },
  "halt-after-failed-drains": {
    type: integer({ min: 0, max: failuresMax }),
    default: "0",
    placeholder: "NUMBER",
    help: "the same after so many nodes that failed before the machine was asked to reboot, as their drain did; 0 is never: whoever may run pods can have drains fail",
  },

  "reboot-days": {
    type: weekdays,
    default: "su,mo,tu,we,th,fr,sa",
    repeat: true,
    placeholder: "DAYS",
    help: "days on which the window starts; may be repeated",
  },
  "start-time": { type: timeOfDay, default: "0:00", placeholder: "TIME", help: "start of the window" },
  "end-time": {
    type: timeOfDay,
    default: "23:59:59",
    placeholder: "TIME",
    help: "last second of the window; before the start means on the next day",
  },
  "time-zone": {
    type: timeZone,
    default: "UTC",
    placeholder: "ZONE",
    help: "zone of the window, of --window where that names none, and of --blackout",
  },
  window: {
    type: cronWindow,
    repeat: true,
    placeholder: "WINDOW",
    help: "a window that opens when the cron expression says, such as 0 2 * * sat#1 for 4h; may be repeated",
  },
  blackout: {
    type: days,
    repeat: true,
    placeholder: "DAYS",
    help: "no window is open from the first day to the end of the last, such as 2026-12-20..2027-01-03; may be repeated",
  },
  "window-margin": {
    type: duration(),
    placeholder: "DURATION",
    help: "no cycle starts in the last part of a window; without it as long as a cycle may take, at most half of the window",
  },
  "window-end": {
    type: choice("restore", "finish"),
    default: "restore",
    placeholder: "restore|finish",
    help: "what becomes of a drain that passes the end of the window: undone, or finished",
  },

  "prometheus-url": { type: httpUrl, placeholder: "URL", help: "do not start while alerts are active there" },
  "prometheus-timeout": {
    type: duration({ minMs: 1000, maxMs: 60_000 }),
    default: "10s",
    placeholder: "DURATION",
    help: "a server that has not answered by then keeps the gate closed",
  },
  "prometheus-bearer-token-file": {
    type: path,
    placeholder: "FILE",
    help: "a token for Prometheus and Alertmanager, read anew for each request",
  },
  "prometheus-basic-auth-file": {
    type: path,
    placeholder: "FILE",
    help: "user:password for them instead of a token, read anew too",
  },
  "prometheus-ca-file": {
    type: path,
    placeholder: "FILE",
    help: "certificates to trust instead of the usual authorities, as PEM; read anew too",
  },
  "prometheus-header": {
    type: httpHeader,
    repeat: true,
    secret: true,
    placeholder: "NAME: VALUE",
    help: "a header for each request to them, such as X-Scope-OrgID: infra; may be repeated",
  },
  "alertmanager-url": {
    type: httpUrl,
    placeholder: "URL",
    help: "alerts that are silenced or inhibited there do not count",
  },
  "alert-filter-regexp": { type: regexp, placeholder: "REGEXP", help: "names of alerts that do not count" },
  "alert-filter-match-only": {
    type: bool,
    default: "false",
    placeholder: "true|false",
    help: "turn the filter round: only these alerts count",
  },
  "alert-firing-only": {
    type: bool,
    default: "false",
    placeholder: "true|false",
    help: "pending alerts do not count",
  },
  "alert-matchers": {
    type: alertMatchers,
    repeat: true,
    placeholder: "MATCHERS",
    help: 'only alerts with these labels count, such as severity=critical,team=~"db.*"; repeated: with these or those',
  },
  "alerts-max-age": {
    type: duration({ minMs: 60_000 }),
    placeholder: "DURATION",
    help: "once the reboot has been needed for so long neither alerts nor queries hold it back; without it they always do",
  },
  "block-on-query": {
    type: text({ allowed: "a PromQL query such as ceph_health_status > 0", like: /\S/ }),
    repeat: true,
    placeholder: "PROMQL",
    help: "do not start while this query at --prometheus-url has a result; may be repeated",
  },
  "blocking-pod-selector": {
    type: labelSelector,
    repeat: true,
    placeholder: "SELECTOR",
    help: "do not start while such a pod runs on this node; may be repeated",
  },
  "blocking-pod-namespace": {
    type: objectName,
    repeat: true,
    placeholder: "NAME",
    help: "blocking pods count in this namespace alone; may be repeated; needs --blocking-pod-selector",
  },
  inhibitors: {
    type: choice("auto", "wait", "ignore"),
    default: "auto",
    placeholder: "auto|wait|ignore",
    help: "wait while a systemd block inhibitor holds shutdowns back; auto does so where there is a D-Bus socket",
  },
  "logged-in-users": {
    type: loggedInUsers,
    default: "ignore",
    placeholder: "ignore|wait:DURATION",
    help: "wait:10m does not start while people are logged in, until the need is that old",
  },
  "dbus-socket": {
    type: path,
    default: "/run/dbus/system_bus_socket",
    placeholder: "FILE",
    help: "the host's D-Bus, over which logind is asked for inhibitors and users, and to reboot",
  },

  "metrics-host": {
    type: text({
      allowed: "an address to listen on such as 127.0.0.1, or nothing for all",
      like: /^[0-9A-Za-z.:-]*$/,
    }),
    default: "",
    placeholder: "ADDRESS",
    help: "address of /metrics, /healthz and /readyz; empty for all",
  },
  "metrics-port": {
    type: integer({ min: 0, max: 65_535, like: 8080 }),
    default: "8080",
    placeholder: "PORT",
    help: "port of /metrics, /healthz and /readyz; 0 takes a free one",
  },
  "metrics-tls-cert-file": {
    type: path,
    placeholder: "FILE",
    help: "TLS certificate of that port as PEM, with which it speaks TLS only; read for each connection; requires --metrics-tls-key-file",
  },
  "metrics-tls-key-file": {
    type: path,
    placeholder: "FILE",
    help: "private key of that certificate as PEM, read for each connection; requires --metrics-tls-cert-file",
  },
  "metrics-bearer-token-file": {
    type: path,
    placeholder: "FILE",
    help: "bearer token that /metrics requires, read for each request; /healthz and /readyz require none",
  },
  "log-format": {
    type: choice("text", "json"),
    default: "text",
    placeholder: "FORMAT",
    help: "text or json",
  },

  once: {
    type: bool,
    default: "false",
    placeholder: "true|false",
    help: "look once, print the decision and its reasons, change nothing",
  },
} as const satisfies Record<string, Option<unknown>>;

type Options = typeof options;
export type OptionName = keyof Options;

type ValueOf<O> = O extends { type: ValueType<infer T> }
  ? O extends { repeat: true }
    ? readonly T[]
    : O extends { default: string } | { required: true }
      ? T
      : T | undefined
  : never;

/** The settings as values; a name in it is the option's. */
export type Config = { readonly [N in OptionName]: ValueOf<Options[N]> };

export type RawOptions = Partial<Record<OptionName, string | readonly string[]>>;

/** Says which option has which value, and what is allowed instead. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

const tlsPair = [
  ["metrics-tls-cert-file", "metrics-tls-key-file"],
  ["metrics-tls-key-file", "metrics-tls-cert-file"],
] as const;

/** Texts to values; the first that is not allowed is a ConfigError. */
export function parseConfig(raw: RawOptions): Config {
  const config = parseOptions(Object.keys(options) as OptionName[], raw);
  if (config["max-per-pool"] !== undefined && config["pool-label"] === undefined) {
    throw new ConfigError(
      `--max-per-pool="${config["max-per-pool"]}": allowed is this together with --pool-label=KEY`,
    );
  }
  for (const [name, other] of tlsPair) {
    if (config[name] !== undefined && config[other] === undefined) {
      throw new ConfigError(
        `--${name}=${JSON.stringify(config[name])}: allowed is this together with --${other}=FILE`,
      );
    }
  }
  const [blockingNamespace] = config["blocking-pod-namespace"];
  if (blockingNamespace !== undefined && config["blocking-pod-selector"].length === 0) {
    throw new ConfigError(
      `--blocking-pod-namespace="${blockingNamespace}": allowed is this together with --blocking-pod-selector=SELECTOR`,
    );
  }
  return config;
}

/** Some of the options: what {@link parseConfig} does with all. */
export function parseOptions<N extends OptionName>(names: readonly N[], raw: RawOptions): Pick<Config, N> {
  const pairs = names.map((name) => [name, parseOption(name, raw[name])]);
  return Object.fromEntries(pairs) as Pick<Config, N>;
}

/**
 * An option without a value, as templates write what is not set (kured's chart has `alertFilterRegexp: ""`), counts as not
 * given. Not so in a list, where it would be one more, and for true|false, where it would be either.
 */
export function isGivenEmpty(name: OptionName, given: string | readonly string[] | undefined): boolean {
  const option: Option<unknown> = options[name];
  return given === "" && !option.repeat && option.placeholder !== "true|false";
}

function parseOption(name: OptionName, given: string | readonly string[] | undefined) {
  const option: Option<unknown> = options[name];
  if (option.repeat)
    return [given ?? option.default ?? []].flat().map((one) => parseValue(name, option, one));
  const value = given === undefined || isGivenEmpty(name, given) ? option.default : given;
  if (typeof value === "string") return parseValue(name, option, value);
  if (!option.required) return undefined;
  throw new ConfigError(
    `--${name} is missing: give --${name}=${option.placeholder} or ${environmentName(name)}`,
  );
}

function parseValue(name: string, { type, secret }: Option<unknown>, given: string): unknown {
  const result = z.safeParse(type, given);
  if (result.success) return result.data;
  const shown = secret ? "" : `=${printable(given)}`;
  throw new ConfigError(`--${name}${shown}: ${result.error.issues[0]?.message}`);
}

/** What was typed, on one line and not longer than a line, without the user and password of a URL. */
export function printable(given: string): string {
  const shown = given.replace(/(\w+:\/\/)?\S+@/g, "$1…@");
  return JSON.stringify(shown.length > 80 ? `${shown.slice(0, 80)}…` : shown);
}

export function environmentName(name: string): string {
  return `REBOOTD_${name.toUpperCase().replaceAll("-", "_")}`;
}
