/**
 * Every flag of kured 1.23 once: its kind, its default, its meaning, where rebootd does otherwise and why, and the
 * options of `rebootd run` that it becomes. docs/migrate-from-kured.md and the help of kured mode are made of it.
 */
import { contract } from "../annotations/names.ts";
import * as become from "./become.ts";
import { type Flag, flag } from "./flag.ts";

const drainText = "Draining node %s";
const rebootText = "Rebooting node %s";
const uncordonText = "Node %s rebooted & uncordoned successfully!";
const fixedBrokenTemplate =
  "A mistake with % does not put Go's marks such as %!d(string=n1) into the message: the rest is taken as text.";
const badUrl =
  "A failed message is sent again, bounded in time and number, and messages tell of failures too.";

export const flags = {
  "node-id": flag({
    kind: "string",
    default: "",
    means: "Name of this node, in a pod from spec.nodeName by KURED_NODE_ID; required.",
    options: ["node-id"],
    become: become.needed("must be the name of this Node, in a pod KURED_NODE_ID from spec.nodeName"),
  }),
  period: flag({
    kind: "duration",
    default: "1h",
    means: "Pause between two looks at everything, and between two tries at anything.",
    differs:
      "Only a safety net: a sentinel, a free slot and the edge of a window are acted on within seconds. 0 or less is 1h, as kured would look once and never again.",
    options: ["period"],
    become: become.period,
  }),
  "reboot-sentinel": flag({
    kind: "string",
    default: "/var/run/reboot-required",
    means: "A reboot is needed while this file exists.",
    differs:
      "A file that cannot be looked for is no answer, and is reported; kured takes it for no need. An empty path is refused, as it would mean never.",
    options: ["reboot-sentinel"],
    become: become.sentinel,
  }),
  "reboot-sentinel-command": flag({
    kind: "string",
    default: "",
    means: "A reboot is needed if this command ends with 0 on the host (nsenter); it replaces the file.",
    differs:
      "It is killed after a minute, as it could hang for ever in kured. An exit code other than 0 and 1 is no answer, and is reported as such. A command of blanks is refused.",
    options: ["reboot-sentinel-command"],
    become: become.text,
  }),
  "reboot-method": flag({
    kind: "string",
    default: "command",
    means: "How the node is rebooted: command or signal.",
    options: ["reboot-method"],
    become: become.rebootMethod,
  }),
  "reboot-command": flag({
    kind: "string",
    default: "/bin/systemctl reboot",
    means: "The command of that method, on the host (nsenter).",
    differs:
      "It is killed after a deadline, and asked again if the machine does not go down. A failure does not end the daemon. A command of blanks is refused: kured would run a shell.",
    options: ["reboot-command"],
    become: become.rebootCommand,
  }),
  "reboot-signal": flag({
    kind: "int",
    default: "39",
    means: "The signal of that method, sent to process 1.",
    differs: "A number above 64 is refused at the start, as no kernel takes it.",
    options: ["reboot-signal"],
    become: become.rebootSignal,
  }),
  "reboot-delay": flag({
    kind: "duration",
    default: "0s",
    means: "Pause between the end of the drain and the reboot.",
    differs: "Lock, need and window are checked again after it; kured reboots whatever has changed.",
    options: ["reboot-delay"],
    become: become.duration,
  }),
  "force-reboot": flag({
    kind: "bool",
    default: "false",
    means: "Reboot although the drain has failed.",
    differs:
      "A node that could not be cordoned is not rebooted. Without --drain-timeout it is ignored: kured's drain without a limit does not fail.",
    options: ["force-reboot"],
    become: become.forceReboot,
  }),
  "drain-grace-period": flag({
    kind: "int",
    default: "-1",
    means: "Grace period of each pod in seconds; less than 0 takes the pod's own.",
    options: ["drain-grace-period"],
    become: become.whole({ min: -1, max: 86_400 }),
  }),
  "drain-pod-selector": flag({
    kind: "string",
    default: "",
    means: "Evict only these pods.",
    differs: "An invalid selector is refused at the start, and not first in the drain.",
    options: ["drain-pod-selector"],
    become: become.text,
  }),
  "skip-wait-for-delete-timeout": flag({
    kind: "int",
    default: "0",
    means: "Pods that have been terminating for so many seconds are not waited for; 0 waits for all.",
    options: ["skip-wait-for-delete-timeout"],
    become: become.whole({ min: 0, max: 86_400 }),
  }),
  "drain-delay": flag({
    kind: "duration",
    default: "0s",
    means: "Pause between the lock and the labels, and the cordon and the drain.",
    options: ["drain-delay"],
    become: become.duration,
  }),
  "drain-timeout": flag({
    kind: "duration",
    default: "0s",
    means: "A drain that lasts longer has failed; 0 is without a limit.",
    differs: `0 is ${become.endless}: a drain without a limit would keep the lock and the cordon for ever. A drain that cannot succeed is not started; a failed one restores the node before the lock is released, and backs off.`,
    differsUngiven: true,
    options: ["drain-timeout"],
    become: become.drainTimeout,
  }),
  "ds-namespace": flag({
    kind: "string",
    default: "kube-system",
    means: "Namespace of the DaemonSet that carries the lock.",
    options: ["ds-namespace"],
    become: become.needed(
      "must be the namespace of the DaemonSet that carries the lock, for example kube-system",
    ),
  }),
  "ds-name": flag({
    kind: "string",
    default: "kured",
    means: "Name of that DaemonSet.",
    options: ["ds-name"],
    become: become.needed("must be the name of the DaemonSet that carries the lock, for example kured"),
  }),
  "lock-annotation": flag({
    kind: "string",
    default: contract.kuredLock.key,
    means: "The annotation that is the lock.",
    options: ["lock-annotation"],
    become: become.needed(`must be the key of an annotation, for example ${contract.kuredLock.key}`),
  }),
  "lock-ttl": flag({
    kind: "duration",
    default: "0s",
    means: "Others may take the lock after this time, whatever its holder does; 0 is never.",
    differs:
      "A holder that has lost its lock does not reboot, and a node whose lock expired while it was down is uncordoned all the same. The entry of a node that is gone is removed without a TTL.",
    options: ["lock-ttl"],
    become: become.duration,
  }),
  "lock-release-delay": flag({
    kind: "duration",
    default: "0s",
    means: "Pause between the uncordon and the release of the lock.",
    differs:
      "It starts once the node has proved its reboot and is Ready; a failed drain does not wait for it.",
    options: ["lock-release-delay"],
    become: become.duration,
  }),
  concurrency: flag({
    kind: "int",
    default: "1",
    means: "How many nodes may hold the lock; 1 or less writes it in the shape for one holder.",
    differs:
      "Both shapes are read whatever the number is, and no holder and no manual lock is dropped by a change of it. Control-plane nodes go one at a time always.",
    options: ["concurrency"],
    become: become.whole({ min: 1, max: 10_000 }),
  }),
  "prometheus-url": flag({
    kind: "string",
    default: "",
    means: "No reboot starts while alerts are active there.",
    differs:
      "A server that does not answer within 10s keeps the gate closed; kured would hang. An invalid URL is refused.",
    options: ["prometheus-url"],
    become: become.text,
  }),
  "alert-filter-regexp": flag({
    kind: "string",
    default: "",
    means: "Alerts with such a name are ignored; a regular expression of Go that matches anywhere.",
    differs: "An empty expression is none; kured would ignore every alert.",
    options: ["alert-filter-regexp"],
    become: become.alertFilter,
  }),
  "alert-filter-match-only": flag({
    kind: "bool",
    default: "false",
    means: "Inverts the filter: only such alerts count.",
    options: ["alert-filter-match-only"],
    become: become.truth,
  }),
  "alert-firing-only": flag({
    kind: "bool",
    default: "false",
    means: "Alerts that are pending do not count.",
    options: ["alert-firing-only"],
    become: become.truth,
  }),
  "blocking-pod-selector": flag({
    kind: "stringArray",
    default: "",
    means: "No reboot starts while such a pod runs on the node; may be repeated.",
    differs:
      "KURED_BLOCKING_POD_SELECTOR is one more selector: kured ignores the variable, and reboots. An empty selector is refused: it matches every pod.",
    options: ["blocking-pod-selector"],
    become: become.blockingSelectors,
  }),
  "reboot-days": flag({
    kind: "stringSlice",
    default: "su,mo,tu,we,th,fr,sa",
    means: "Days of the week on which nodes may reboot.",
    differs: "An empty list is refused: it means never.",
    options: ["reboot-days", "window"],
    become: become.windowDays,
  }),
  "start-time": flag({
    kind: "string",
    default: "0:00",
    means:
      "Start of the window on each of those days; a later start than end means until the end and from the start of the same day.",
    differs:
      "The window is checked again straight before the reboot. No drain starts so late that it might not end in the window, and one that passes its end is cancelled.",
    options: ["start-time"],
    become: become.windowStart,
  }),
  "end-time": flag({
    kind: "string",
    default: "23:59:59",
    means: "Last second of the window.",
    differs: "As for --start-time.",
    options: ["end-time"],
    become: become.windowEnd,
  }),
  "time-zone": flag({
    kind: "string",
    default: "UTC",
    means: "Zone of the window: an IANA name, UTC or Local.",
    options: ["time-zone"],
    become: become.text,
  }),
  "annotate-nodes": flag({
    kind: "bool",
    default: "false",
    means:
      "Annotate the Node while it needs a reboot: reboot-in-progress until it has rebooted, and most-recent-reboot-needed for ever.",
    differs:
      "Both annotations are the time since when the reboot is needed. The first one goes also where the need goes away without a reboot; in kured it would stay for ever.",
    options: ["annotate-nodes"],
    become: become.truth,
  }),
  "pre-reboot-node-labels": flag({
    kind: "stringSlice",
    default: "",
    means: "Labels set on the Node before the cordon.",
    differs:
      "They are as they were found after the uncordon, before the labels below are set. A label without = is refused at the start: kured would crash with the lock in its hand.",
    options: ["pre-reboot-node-labels"],
    become: become.labels,
  }),
  "post-reboot-node-labels": flag({
    kind: "stringSlice",
    default: "",
    means: "Labels set on the Node after the uncordon.",
    differs: "They follow a proved reboot only; kured sets them after a failed drain too.",
    options: ["post-reboot-node-labels"],
    become: become.labels,
  }),
  "prefer-no-schedule-taint": flag({
    kind: "string",
    default: "",
    means: "Key of a taint with the effect PreferNoSchedule while the node waits for the lock.",
    differs:
      "It goes with the uncordon. A taint of others with that key and another effect stays; kured would crash.",
    options: ["prefer-no-schedule-taint"],
    become: become.text,
  }),
  "notify-url": flag({
    kind: "string",
    default: "",
    secret: true,
    means: "Where messages go, as a URL of shoutrrr.",
    differs: badUrl,
    options: ["notify-url"],
    become: become.notifyUrl,
  }),
  "message-template-drain": flag({
    kind: "string",
    default: drainText,
    means: "Text of the message before the drain, with %s for the node.",
    differs: fixedBrokenTemplate,
    options: ["message-template-drain"],
    become: become.messageTemplate(drainText),
  }),
  "message-template-reboot": flag({
    kind: "string",
    default: rebootText,
    means: "Text of the message before the reboot.",
    differs: fixedBrokenTemplate,
    options: ["message-template-reboot"],
    become: become.messageTemplate(rebootText),
  }),
  "message-template-uncordon": flag({
    kind: "string",
    default: uncordonText,
    means: "Text of the message after the uncordon.",
    differs: `Sent once, and only after a proved reboot. ${fixedBrokenTemplate}`,
    options: ["message-template-uncordon"],
    become: become.messageTemplate(uncordonText),
  }),
  "slack-hook-url": flag({
    kind: "string",
    default: "",
    secret: true,
    means: "Deprecated: address of a webhook of Slack, used without --notify-url only.",
    differs: "No secret is written to the log where both are set.",
    options: ["notify-url"],
    become: become.slackUrl,
  }),
  "slack-username": flag({
    kind: "string",
    default: "kured",
    means: "Deprecated and without effect.",
    options: [],
    become: become.dead,
  }),
  "slack-channel": flag({
    kind: "string",
    default: "",
    means: "Deprecated and without effect.",
    options: [],
    become: become.dead,
  }),
  "log-format": flag({
    kind: "string",
    default: "text",
    means: "Format of the log: json, or text for any other word.",
    differs:
      "The fields time, level and msg are as kured writes them, and node, phase and more follow; the sentences in msg are other ones, and the first line has the format too.",
    options: ["log-format"],
    become: become.logFormat,
  }),
  "metrics-host": flag({
    kind: "string",
    default: "",
    means: "Address of /metrics; empty for all.",
    options: ["metrics-host"],
    become: become.text,
  }),
  "metrics-port": flag({
    kind: "int",
    default: "8080",
    means: "Port of /metrics.",
    differs:
      "A variable that Kubernetes sets for a Service called kured-metrics is ignored; kured would crash.",
    options: ["metrics-port"],
    become: become.number,
  }),
} as const;

/** The name of a flag of kured, without dashes. */
export type FlagName = keyof typeof flags;

/** Names in the order of kured's help. */
export const flagNames = Object.keys(flags) as FlagName[];

/** The table as readers of any row need it. */
export const rows: Readonly<Record<FlagName, Flag>> = flags as unknown as Readonly<Record<FlagName, Flag>>;
