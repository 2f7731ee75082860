import { dumpYaml } from "@kubernetes/client-node";
import { wrapCells } from "../../text/cells.ts";
import { oneLine } from "../../text/one-line.ts";
import { paint, type Terminal, type Text } from "../terminal.ts";
import type { Migration } from "./migration.ts";
import type { Step, Way } from "./steps.ts";

const forms: Readonly<Record<Migration["kured"]["form"], string>> = {
  cluster: "the DaemonSet in the cluster",
  manifest: "the manifest",
  values: "values of kured's chart",
};

/** Pure: the report for a person. Commands and files stay whole, so that they can be copied. */
export function migrationText(migration: Migration, { columns }: Pick<Terminal, "columns">): Text {
  const { kured, options, components, differences, warnings, hidden, rights, pods, ways } = migration;
  const items = (texts: readonly string[]) => texts.map((text) => wrapped(text, "- ", "  ", columns));
  const list = (heading: string, texts: readonly string[]): Text =>
    texts.length === 0 ? [] : section(heading, items(texts));
  const lines = options.flatMap(({ option, values = ["(secret)"] }) =>
    values.map((value) => `  --${option}=${oneLine(value)}\n`),
  );
  return [
    wrapped(
      `${kured.namespace}/${kured.name}, image ${kured.image}, from ${forms[kured.form]} (${kured.at}). Nothing is changed.`,
      "",
      "",
      columns,
    ),
    section(
      "Options of rebootd with the same meaning",
      lines.length > 0 ? lines : ["  none: all defaults\n"],
    ),
    list("Not shown", hidden),
    list("Warnings", warnings),
    list(
      "What differs",
      differences.map(({ flag, text }) => `--${flag}: ${text}`),
    ),
    list("Pods", pods),
    list("Rights", rights),
    list(
      "Components of rebootd's manifests",
      components.map((name) => `manifests/components/${name}`),
    ),
    ways.map((way, at) => wayText(way, at + 1, columns)),
    section("kustomization.yaml", [indented(migration.kustomization)]),
    section("values.yaml for manifests/chart", [
      indented(dumpYaml(migration.values, { lineWidth: -1, noRefs: true })),
    ]),
  ];
}

function section(heading: string, lines: readonly Text[]): Text {
  return ["\n", paint("heading", heading), "\n", ...lines];
}

function wayText({ title, steps, back }: Way, number: number, columns: number | undefined): Text {
  return [
    "\n",
    paint("heading", `Way ${number}`),
    "\n",
    wrapped(title, "", "", columns),
    ...steps.map((step, at) => stepText(step, `${at + 1}. `, columns)),
    wrapped("And back:", "", "", columns),
    ...back.map((step, at) => stepText(step, `${at + 1}. `, columns)),
  ];
}

function stepText({ text, commands }: Step, number: string, columns: number | undefined): Text {
  const blank = " ".repeat(number.length);
  return [
    wrapped(text, number, blank, columns),
    ...commands.map((command) => paint("busy", `${blank}${command}\n`)),
  ];
}

function wrapped(text: string, first: string, next: string, columns: number | undefined): string {
  const width = columns === undefined ? Number.POSITIVE_INFINITY : Math.max(30, columns - first.length);
  const lines = width === Number.POSITIVE_INFINITY ? [oneLine(text)] : wrapCells(oneLine(text), width);
  return lines.map((line, at) => `${at === 0 ? first : next}${line}\n`).join("");
}

const indented = (text: string) => text.replace(/^(?=.)/gm, "  ");
