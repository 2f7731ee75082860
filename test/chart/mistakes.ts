/** Values that Helm must refuse, and the words that its message has: the key, the value, and what it must be. */
export interface Mistake {
  name: string;
  values: object;
  says: readonly string[];
}

const option = (name: string, configuration: object, ...says: string[]): Mistake => ({
  name,
  values: { configuration },
  says,
});
const chart = (name: string, values: object, ...says: string[]): Mistake => ({ name, values, says });

export const mistakes: readonly Mistake[] = [
  option("an unknown option", { rebootDay: "mo" }, "configuration", "'rebootDay' not allowed"),
  option("a name of the command line", { "lock-ttl": "1h" }, "configuration", "'lock-ttl' not allowed"),
  option("no duration", { lockTtl: "soon" }, "configuration/lockTtl", "'soon'", "s|m|h"),
  option(
    "a number for a duration",
    { drainTimeout: 30 },
    "configuration/drainTimeout",
    "got number",
    "string",
  ),
  option(
    "too many seconds",
    { drainGracePeriod: 100_000 },
    "configuration/drainGracePeriod",
    "100,000",
    "86,400",
  ),
  option("a negative number", { maxFailuresPerNode: -1 }, "configuration/maxFailuresPerNode", "-1", "0"),
  option("no number", { rebootSignal: "SIGTERM" }, "configuration/rebootSignal", "'SIGTERM'", "\\d+"),
  option(
    "an unknown word",
    { rebootMethod: "systemd" },
    "configuration/rebootMethod",
    "'systemd'",
    "auto|logind|signal|command",
  ),
  option("no boolean", { forceReboot: "yes" }, "configuration/forceReboot", "'yes'", "true|false"),
  option(
    "a day that there is not",
    { rebootDays: ["mo", "funday"] },
    "configuration/rebootDays/1",
    "'funday'",
    "[mM][oO]",
  ),
  option("no time of day", { startTime: "25:00" }, "configuration/startTime", "'25:00'", "2[0-3]"),
  option("no date", { blackout: ["24.12.2026"] }, "configuration/blackout/0", "'24.12.2026'", "\\d{4}-"),
  option("no window", { window: "at night" }, "configuration/window", "'at night'", "for"),
  option(
    "no path",
    { rebootSentinel: "reboot-required" },
    "configuration/rebootSentinel",
    "'reboot-required'",
    "^$|^",
  ),
  option(
    "no URL",
    { prometheusUrl: "prometheus:9090" },
    "configuration/prometheusUrl",
    "'prometheus:9090'",
    "[hH][tT][tT][pP]",
  ),
  option(
    "no label",
    { preRebootNodeLabels: ["maintenance"] },
    "configuration/preRebootNodeLabels/0",
    "'maintenance'",
    "=",
  ),
  option(
    "no selector",
    { drainPodSelector: "app==a==b" },
    "configuration/drainPodSelector",
    "'app==a==b'",
    "notin",
  ),
  option(
    "no key",
    { preferNoScheduleTaint: "a key" },
    "configuration/preferNoScheduleTaint",
    "'a key'",
    "A-Za-z0-9",
  ),
  option("no concurrency", { concurrency: "all" }, "configuration/concurrency", "'all'", "100)%"),
  option("a list for one value", { period: ["1h"] }, "configuration/period", "got array", "string"),
  option("a map", { notifyUrl: { name: "a" } }, "configuration/notifyUrl", "got object", "string"),
  chart("an unknown argument", { extraArgs: { lockTtl: "1h" } }, "extraArgs", "'lockTtl' not allowed"),
  chart(
    "an argument of another form",
    { extraArgs: { period: "soon" } },
    "extraArgs/period",
    "'soon'",
    "s|m|h",
  ),
  chart("an unknown value", { imagge: { tag: "1" } }, "'imagge' not allowed"),
  chart("an unknown value below another", { metrics: { enabled: true } }, "metrics", "'enabled' not allowed"),
  chart(
    "a tag in the name of the image",
    { image: { repository: "rebootd:1.2.3" } },
    "image/repository",
    "'rebootd:1.2.3'",
    "^[^:@",
  ),
  chart("no digest", { image: { digest: "0f3c" } }, "image/digest", "'0f3c'", "sha256:[0-9a-f]{64}"),
  chart(
    "an unknown policy of pulling",
    { image: { pullPolicy: "always" } },
    "image/pullPolicy",
    "'always'",
    "Always|IfNotPresent|Never",
  ),
  chart("half a reference", { secrets: { notifyUrls: { name: "a" } } }, "secrets/notifyUrls", "key"),
  chart(
    "a secret in the place of a reference",
    { secrets: { slackHookUrl: "https://example.com" } },
    "secrets/slackHookUrl",
    "got string",
    "object",
  ),
  chart(
    "an unknown kind of monitor",
    { metrics: { kind: "Probe" } },
    "metrics/kind",
    "'Probe'",
    "PodMonitor|ServiceMonitor",
  ),
  chart("no port", { service: { port: 0 } }, "service/port", "got 0", "want 1"),
  chart(
    "no strategy",
    { updateStrategy: "Recreate" },
    "updateStrategy",
    "'Recreate'",
    "RollingUpdate|OnDelete",
  ),
  chart("a number as a label", { podLabels: { a: 1 } }, "podLabels/a", "got number", "want string"),
];
