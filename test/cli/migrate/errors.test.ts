import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { everyRow } from "../../rows.ts";
import { typeMigrate } from "./typed-migrate.ts";

const manifest = readFileSync(new URL("../../kured/manifests/kured-ds.yaml", import.meta.url), "utf8");
const lineOf = (text: string, what: string) => text.slice(0, text.indexOf(what)).split("\n").length;
const withArgument = (argument: string) =>
  manifest.replace(
    "- --reboot-sentinel=/sentinel/reboot-required",
    `- --period=1h\n            - ${argument}\n            - --concurrency=2`,
  );
const withVariable = (name: string, value: string) =>
  manifest.replace(
    "env:\n",
    `env:\n            - name: ${name}\n              value: ${JSON.stringify(value)}\n`,
  );
const withValue = (value: string) => `image:\n  tag: "1"\nconfiguration:\n  period: 5m\n  ${value}\n`;

/** Each with the code, and all that the one line of the message says. */
const rows: [what: string, text: string, code: number, message: RegExp][] = [
  ["text that is no YAML", "a: [1\nb: 2\n", 2, /^kured\.yaml:\d+:\d+: this is no YAML or JSON: /],
  ["text that is no JSON", '{"kind": }}', 2, /^kured\.yaml:1:\d+: this is no YAML or JSON: /],
  [
    "a key that is there twice",
    "configuration: {}\nconfiguration: {}\n",
    2,
    /^kured\.yaml:2:1: this is no YAML or JSON: Map keys must be unique/,
  ],
  [
    "aliases that grow without an end",
    `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c]\n`,
    2,
    /^kured\.yaml: this is no YAML or JSON: Excessive alias count/,
  ],
  [
    "nothing",
    "# nothing\n",
    2,
    /^kured\.yaml: it is empty: it must be a manifest with a DaemonSet that runs kured, or values of kured's chart, for example /,
  ],
  ["a list", "- a\n", 2, /^kured\.yaml: it is no map: it must be a manifest /],
  [
    "keys of something else",
    "replicas: 3\nports: []\n",
    2,
    /^kured\.yaml: it has the keys replicas, ports: it must be a manifest /,
  ],
  [
    "objects without kured",
    "kind: Service\n---\nkind: DaemonSet\nmetadata: {name: calico}\n",
    2,
    /^kured\.yaml: it has Service, DaemonSet, and no DaemonSet that runs kured: /,
  ],
  [
    "two DaemonSets of kured",
    `${manifest}---\n${manifest.replace("name: kured\n  namespace", "name: other\n  namespace")}`,
    2,
    /^kured\.yaml: more than one DaemonSet runs kured: kube-system\/kured, kube-system\/other; name one with --daemonset=NAMESPACE\/NAME$/,
  ],
  [
    "a shell around kured",
    manifest.replace("/usr/bin/kured", "/bin/sh"),
    1,
    new RegExp(
      `^kured\\.yaml:${lineOf(manifest, "- /usr/bin/kured")}: the container starts "/bin/sh", not kured: its arguments cannot be read from here$`,
    ),
  ],
  [
    "an argument with a bad value",
    withArgument("--lock-ttl=soon"),
    2,
    new RegExp(
      `^kured\\.yaml:${lineOf(manifest, "- --reboot-sentinel") + 1}: invalid value "soon" for --lock-ttl: must be a duration`,
    ),
  ],
  [
    "a flag and its bad value as two words",
    withArgument("--lock-ttl\n            - soon"),
    2,
    new RegExp(
      `^kured\\.yaml:${lineOf(manifest, "- --reboot-sentinel") + 1}: invalid value "soon" for --lock-ttl: must be a duration`,
    ),
  ],
  [
    "a flag that kured does not have",
    withArgument("--lock-tll=1h"),
    2,
    new RegExp(
      `^kured\\.yaml:${lineOf(manifest, "- --reboot-sentinel") + 1}: unknown flag "--lock-tll": kured has no such flag; did you mean --lock-ttl\\?$`,
    ),
  ],
  [
    "a variable with a bad value",
    withVariable("KURED_CONCURRENCY", "two"),
    2,
    new RegExp(
      `^kured\\.yaml:${lineOf(manifest, "- name: KURED_NODE_ID")}: invalid value "two" for KURED_CONCURRENCY: must be a whole number`,
    ),
  ],
  [
    "a value that rebootd does not take",
    withArgument("--drain-pod-selector=a in b"),
    2,
    /^kured\.yaml:\d+: invalid value "a in b" for --drain-pod-selector: must be a label selector/,
  ],
  [
    "a bad value of the chart",
    withValue("concurrency: two"),
    2,
    /^kured\.yaml:5: configuration\.concurrency: invalid value "two" for --concurrency: must be a whole number/,
  ],
  [
    "a bad item in a list of the chart",
    withValue("rebootDays: [mon, someday]"),
    2,
    /^kured\.yaml:5: configuration\.rebootDays: invalid value "mon,someday" for --reboot-days: must be a list of days/,
  ],
  [
    "a map in place of a value of the chart",
    withValue("concurrency: {max: 2}"),
    2,
    /^kured\.yaml:5: invalid value "\{\\"max\\":2\}" for configuration\.concurrency: must be a text, a number, or true or false$/,
  ],
  [
    "a text in place of the configuration",
    "configuration: fast\n",
    2,
    /^kured\.yaml:1: invalid value "fast" for configuration: must be a map$/,
  ],
  [
    "a map in place of a list",
    "tolerations: {a: b}\n",
    2,
    /^kured\.yaml:1: invalid value "\{.*\}" for tolerations: must be a list$/,
  ],
  [
    "a flag in extraArgs that kured does not have",
    "extraArgs:\n  drian-timeout: 5m\n",
    2,
    /^kured\.yaml:2: extraArgs\.drian-timeout: unknown flag "--drian-timeout": kured has no such flag/,
  ],
  [
    "a bad variable in extraEnvVars",
    "extraEnvVars:\n  - name: KURED_PERIOD\n    value: often\n",
    2,
    /^kured\.yaml:2: invalid value "often" for KURED_PERIOD: must be a duration/,
  ],
  [
    "a secret that is bad",
    withValue("prometheusUrl: ftp://me:secret@host"),
    2,
    /^kured\.yaml:5: configuration\.prometheusUrl: invalid value "ftp:\/\/…@host" for --prometheus-url: /,
  ],
];

describe("rebootd migrate refuses with file, line, key and value", () => {
  for (const [what, text, code, message] of rows) {
    it(what, async () => {
      const answer = await typeMigrate(["-f", "kured.yaml"], { files: { "kured.yaml": text } });
      assert.match(answer.err.replace(/^rebootd: (.*)\n$/, "$1"), message);
      assert.deepEqual([answer.code, answer.out], [code, ""]);
    });
  }

  const lines: [what: string, args: string[], message: RegExp][] = [
    [
      "a file that is not there",
      ["-f", "none.yaml"],
      /^rebootd: invalid value "none\.yaml" for --filename: must be a readable file, but /,
    ],
    [
      "a name without a namespace",
      ["--daemonset=kured"],
      /^rebootd: .*invalid value "kured" for --daemonset: must be NAMESPACE\/NAME, for example kube-system\/kured/,
    ],
    [
      "a name that is not in the file",
      ["-f", "manifests/kured-ds.yaml", "--daemonset=ops/kured"],
      /^rebootd: manifests\/kured-ds\.yaml: it has DaemonSet, and no DaemonSet that runs kured/,
    ],
  ];
  it("on the command line too", () =>
    everyRow(
      lines.map(([what, args, message]) => [what, { args, message }] as const),
      async ({ args, message }) => {
        const { code, err } = await typeMigrate(args);
        assert.match(err, message);
        assert.equal(code, 2);
      },
    ));
});
