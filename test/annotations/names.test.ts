import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { contract, keysOn, type Mark, namedByOptions } from "../../daemon/annotations/names.ts";
import { options } from "../../daemon/config/settings.ts";

const root = new URL("../../", import.meta.url);
const page = readFileSync(new URL("docs/reference/annotations.md", root), "utf8");
const policy = readFileSync(new URL("manifests/base/admission.yaml", root), "utf8");
const rows: [name: string, row: Mark & { key: string }][] = Object.entries(contract);
const optionRows: [option: string, row: Mark][] = Object.entries(namedByOptions);

const writers = {
  daemon: "its daemon",
  people: "people",
  others: "other programs",
  Kubernetes: "Kubernetes",
};

function cells({ kind, on, writtenBy, removedBy, form }: Mark): string {
  const by = [
    ...writtenBy.map((one) => writers[one]),
    ...(removedBy ? [`removed by ${writers[removedBy]}`] : []),
  ];
  return `${kind} | ${on.join(", ")} | ${by.join(", ")} | ${form}`;
}

/** The keys that a variable of the policy lists. */
function listed(variable: string): string[] {
  const [, list = ""] = new RegExp(`- name: ${variable}\n      expression: "\\[(.*)\\]"`).exec(policy) ?? [];
  return [...list.matchAll(/'([^']*)'/g)].map(([, key = ""]) => key).sort();
}

function keysOf(kind: Mark["kind"], bearer: Mark["on"][number]): string[] {
  return rows
    .filter(([, row]) => row.kind === kind && row.on.includes(bearer) && row.writtenBy.includes("daemon"))
    .map(([, { key }]) => key)
    .sort();
}

describe("The keys of annotations, labels and taints", () => {
  it("are those in docs/reference/annotations.md", () => {
    assert.deepEqual(
      page.split("\n").filter((line) => line.startsWith("| `")),
      [
        ...rows.map(([, row]) => `| \`${row.key}\` | ${cells(row)} |`),
        ...optionRows.map(([option, row]) => `| \`--${option}\` | ${cells(row)} |`),
      ],
    );
  });

  it("are those that manifests/base/admission.yaml lets a daemon write", () => {
    assert.deepEqual(listed("nodeLabels"), keysOf("label", "Node"));
    assert.deepEqual(listed("removedNodeLabels"), []);
    assert.deepEqual(listed("nodeAnnotations"), keysOf("annotation", "Node"));
    assert.deepEqual(listed("leaseAnnotations"), keysOf("annotation", "lock object"));
    const onDaemonSet = [...keysOf("annotation", "lock object"), ...keysOf("annotation", "DaemonSet")];
    assert.deepEqual(
      listed("daemonSetAnnotations"),
      onDaemonSet.filter((key) => key !== contract.lock.key).sort(),
    );
    const removed = rows.filter(([, { removedBy }]) => removedBy === "daemon").map(([, { key }]) => key);
    const exceptions = [...policy.matchAll(/key == '([^']*)' && !\(key in variables\.annotations\)/g)];
    assert.deepEqual(
      exceptions.map(([, key]) => key),
      removed,
    );
  });

  it("are named in the admission policy by option where an option names what a daemon writes", () => {
    const written = optionRows.filter(
      ([, { kind, writtenBy, removedBy }]) =>
        kind !== "taint" && (writtenBy.includes("daemon") || removedBy === "daemon"),
    );
    const comments = policy
      .split("\n")
      .filter((line) => /^ *#/.test(line))
      .join("\n");
    for (const [option] of written) assert.ok(comments.includes(`--${option}`), option);
  });

  it("are named by options that exist", () => {
    for (const [option] of optionRows) assert.ok(Object.hasOwn(options, option), option);
  });

  it("are each read or written somewhere, and none stands twice", () => {
    const sources = globSync("daemon/**/*.ts", { cwd: root }).map((file) =>
      readFileSync(new URL(file, root), "utf8"),
    );
    const text = sources.join("\n");
    for (const [name] of rows) assert.ok(text.includes(`contract.${name}.key`), name);
    assert.equal(new Set(rows.map(([, { key }]) => key)).size, rows.length);
  });

  it("are told apart by object and writer", () => {
    assert.deepEqual(keysOn("Node", "people"), [
      "rebootd.dev/approved",
      "rebootd.dev/paused",
      "rebootd.dev/priority",
      "rebootd.dev/reboot-requested",
    ]);
    assert.deepEqual(keysOn("lock object", "people"), ["rebootd.dev/lock", "rebootd.dev/paused"]);
    assert.ok(keysOn("Node").includes("rebootd.dev/cycle"));
  });
});
