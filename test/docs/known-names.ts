/** The names that exist, from the code that defines them. */
import { globSync, readdirSync, readFileSync } from "node:fs";
import { conditionTable } from "../../daemon/annotations/conditions.ts";
import { contract } from "../../daemon/annotations/names.ts";
import { environmentName } from "../../daemon/config/option.ts";
import { configFileOptions } from "../../daemon/config/options/config-file.ts";
import { options } from "../../daemon/config/settings.ts";
import { phases } from "../../daemon/cycle/record.ts";
import { gates, unevaluated } from "../../daemon/gates/reasons.ts";
import { variableOf } from "../../daemon/kured/flag.ts";
import { flagNames } from "../../daemon/kured/flags.ts";
import { blockedReason } from "../../daemon/report/conditions.ts";
import { eventTable } from "../../daemon/report/events.ts";
import { type MetricRow, metricTable } from "../../daemon/report/metrics.ts";
import { alerts } from "../../manifests/monitoring/alerts.ts";
import { foreignNames } from "./foreign-names.ts";
import { shownProgram } from "./generated/program.ts";
import type { NameKind } from "./names.ts";
import { root } from "./pages.ts";

/** Whether a name of this kind exists. Placeholders in capitals in a path stand for any name. */
export function isKnown(kind: NameKind, name: string): boolean {
  if (Object.hasOwn(foreignNames[kind] ?? {}, name)) return true;
  return checks[kind](name);
}

/** The names of the alerts that the manifests have. */
export const alertNames: ReadonlySet<string> = new Set(alerts.map(({ alert }) => alert));

const program = shownProgram();

const common = ["--help", "--version"];
const optionsOf = new Map(
  program.commands.map((command) => [
    command.name(),
    new Set([...common, ...[...command.options, ...program.options].map(({ long }) => long ?? "")]),
  ]),
);
const allOptions = new Set([...optionsOf.values()].flatMap((set) => [...set]));

const metrics = new Set(
  Object.values<MetricRow>(metricTable).flatMap(({ name, kind }) =>
    kind === "histogram" ? [name, ...["bucket", "sum", "count"].map((part) => `${name}_${part}`)] : [name],
  ),
);

const reasons = Object.entries(gates).flatMap(([gate, { codes }]) =>
  [...Object.keys(codes), ...Object.keys(unevaluated)].map((code) => ({ gate, code })),
);

const types = new Set([
  ...Object.keys(eventTable),
  ...Object.values(eventTable).map(({ action }) => action),
  ...Object.keys(conditionTable),
  ...Object.values(conditionTable).flatMap(({ reasons: of, otherwise }) => [...of, otherwise]),
  ...reasons.map(blockedReason),
  ...phases,
  ...alertNames,
]);

const sources = globSync(["daemon/**/*.ts", "manifests/**/*.{ts,yaml}"], { cwd: root }).map((file) => ({
  isYaml: file.endsWith(".yaml"),
  text: readFileSync(`${root}${file}`, "utf8"),
}));
/** Strings of the code, words of the manifests, and components. */
const words = new Set([
  ...sources.flatMap(({ isYaml, text }) =>
    [...text.matchAll(isYaml ? /[\w./-]*\w/g : /(?<=["'`/=])[\w./-]*\w(?=["'`])/g)].map(([word]) => word),
  ),
  ...readdirSync(`${root}manifests/components`),
]);

const keys = new Set<string>(Object.values(contract).map(({ key }) => key));
const scripts = new Set(
  Object.keys(
    (JSON.parse(readFileSync(`${root}package.json`, "utf8")) as { scripts: Record<string, string> }).scripts,
  ),
);

const checks: Readonly<Record<NameKind, (name: string) => boolean>> = {
  option: (name) => {
    const [option = "", subcommand] = name.split(" ").reverse();
    const known = subcommand === undefined ? allOptions : (optionsOf.get(subcommand) ?? new Set());
    if (!option.endsWith("*")) return known.has(option);
    return [...known].some((one) => one.startsWith(option.slice(0, -1)));
  },
  variable: (name) =>
    Object.keys({ ...options, ...configFileOptions })
      .map(environmentName)
      .includes(name) || flagNames.map(variableOf).includes(name),
  metric: (name) => metrics.has(name),
  key: (name) => keys.has(name.replace(/-$/, "")) || name.startsWith("example.com/") || words.has(name),
  word: (name) => words.has(name),
  type: (name) => types.has(name) || words.has(name),
  reason: (name) => {
    const [gate, code] = name.slice(0, -1).split(" (");
    return reasons.some((reason) => reason.gate === gate && reason.code === code);
  },
  "gate and code": (name) => !Object.hasOwn(gates, name.split(" ")[0] ?? "") || checks.reason(name),
  subcommand: (name) => optionsOf.has(name),
  path: (name) => {
    const rooted = name.startsWith("components/") ? `manifests/${name}` : name;
    return globSync(rooted.replaceAll(/[A-Z]{2,}(?=[./]|$)/g, "*"), { cwd: root }).length > 0;
  },
  "npm script": (name) => scripts.has(name),
};
