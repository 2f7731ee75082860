/** Finds kured in the cluster or in a file, and reads it. */
import { type Api, isApiError, unlessNotFound } from "../../cluster/api.ts";
import type { DaemonSet } from "../../cluster/objects.ts";
import { listAll } from "../../cluster/pages.ts";
import { paths } from "../../cluster/paths.ts";
import { ConfigError } from "../../text/config-error.ts";
import { firstOf } from "../../text/list.ts";
import { CommandRefused } from "../admin.ts";
import { isKured, ofDaemonSet } from "./daemon-set.ts";
import { type Path, readDocuments, type SourceDocument } from "./document.ts";
import type { FoundKured } from "./found.ts";
import { renderChart } from "./kured-chart.ts";
import { areValues, isMap } from "./kured-values.ts";

/** Namespace and name of a DaemonSet. */
export interface DaemonSetName {
  namespace: string;
  name: string;
}

/** Rejects with a CommandRefused without kured, or with several where none is named. */
export async function readCluster(
  api: Api,
  named: DaemonSetName | undefined,
  signal: AbortSignal,
): Promise<FoundKured> {
  const found = named === undefined ? await listKured(api, signal) : [await getNamed(api, named, signal)];
  const [only, other] = found;
  if (only === undefined)
    throw new CommandRefused(
      "no DaemonSet in the cluster runs kured; name it with --daemonset=NAMESPACE/NAME, or its manifest with -f FILE",
    );
  if (other !== undefined)
    throw new CommandRefused(`${several(found)}; name one with --daemonset=NAMESPACE/NAME`);
  const at = `DaemonSet ${keyOf(only)}`;
  return ofDaemonSet(only, { form: "cluster", at: (path) => clusterPlace(at, path) });
}

async function listKured(api: Api, signal: AbortSignal): Promise<readonly DaemonSet[]> {
  try {
    const keep = (set: DaemonSet) => (isKured(set) ? [set] : []);
    return (await listAll(api, paths.allDaemonSets, { signal }, keep)).flat();
  } catch (error) {
    if (!isApiError(error, "forbidden")) throw error;
    throw new CommandRefused(
      "DaemonSets may not be listed; name kured's with --daemonset=NAMESPACE/NAME, or its manifest with -f FILE",
    );
  }
}

async function getNamed(
  api: Api,
  { namespace, name }: DaemonSetName,
  signal: AbortSignal,
): Promise<DaemonSet> {
  const path = paths.daemonSet(namespace, name);
  const set = await unlessNotFound(() => api.get<DaemonSet>(path, { signal }));
  if (set !== undefined) return set;
  throw new CommandRefused(`the cluster has no DaemonSet "${namespace}/${name}"`);
}

function clusterPlace(at: string, path: Path): string {
  const [kind, index] = path.slice(-2);
  const word = { args: "argument", env: "variable", command: "word of the command" }[String(kind)];
  return word === undefined ? at : `${at}, ${word} ${Number(index) + 1}`;
}

/**
 * Reads a manifest with a DaemonSet of kured, or values of its chart, whichever it is. Rejects with a ConfigError
 * that names the file for anything else.
 */
export async function readFileText(
  file: string,
  text: string,
  named: DaemonSetName | undefined,
): Promise<FoundKured> {
  const documents = await readDocuments(file, text);
  const sets = documents.flatMap(daemonSetsIn);
  const wanted = sets.filter(({ set }) =>
    named === undefined ? isKured(set) : keyOf(set) === `${named.namespace}/${named.name}`,
  );
  const [only, other] = wanted;
  if (other !== undefined)
    throw new ConfigError(
      `${file}: ${several(wanted.map(({ set }) => set))}; name one with --daemonset=NAMESPACE/NAME`,
    );
  if (only !== undefined) return ofDaemonSet(only.set, { form: "manifest", at: only.at });
  const values = documents.length === 1 ? valuesIn(documents[0]) : undefined;
  if (documents.length === 0) throw new ConfigError(`${file}: it is empty: ${expected}`);
  if (values === undefined) throw new ConfigError(`${file}: ${whatIs(documents)}: ${expected}`);
  const rendered = renderChart(
    values.document,
    named ?? { namespace: "kube-system", name: "kured" },
    values.prefix,
  );
  const found = ofDaemonSet(rendered.daemonSet, { form: "manifest", at: rendered.at });
  return {
    ...found,
    form: "values",
    container: undefined,
    hasMonitor: rendered.hasMonitor,
    warnings: rendered.warnings,
  };
}

const expected =
  "it must be a manifest with a DaemonSet that runs kured, or values of kured's chart, for example configuration: {concurrency: 2}";

/** DaemonSets of one document, also those in a List. */
function daemonSetsIn(document: SourceDocument): { set: DaemonSet; at: (path: Path) => string }[] {
  const { value } = document;
  if (!isMap(value)) return [];
  const items = Array.isArray(value["items"]) ? value["items"] : [];
  const all: [object: unknown, prefix: Path][] = [
    [value, []],
    ...items.map((item, at) => [item, ["items", at]] as [unknown, Path]),
  ];
  return all
    .filter(([object]) => isMap(object) && object["kind"] === "DaemonSet")
    .map(([object, prefix]) => ({
      set: object as DaemonSet,
      at: (path: Path) => document.at([...prefix, ...path]),
    }));
}

/** Values of the chart itself, or below the key kured, as a chart that depends on it has them. */
function valuesIn(
  document: SourceDocument | undefined,
): { document: SourceDocument; prefix: Path } | undefined {
  if (document === undefined) return undefined;
  if (areValues(document.value)) return { document, prefix: [] };
  const below = isMap(document.value) ? document.value["kured"] : undefined;
  return areValues(below) ? { document, prefix: ["kured"] } : undefined;
}

function whatIs(documents: readonly SourceDocument[]): string {
  const kinds = documents.flatMap(({ value }) =>
    isMap(value) && typeof value["kind"] === "string" ? [value["kind"]] : [],
  );
  if (kinds.length > 0) return `it has ${firstOf(kinds, 5)}, and no DaemonSet that runs kured`;
  const [first] = documents;
  return isMap(first?.value) ? `it has the keys ${firstOf(Object.keys(first.value), 5)}` : "it is no map";
}

function several(sets: readonly DaemonSet[]): string {
  return `more than one DaemonSet runs kured: ${firstOf(sets.map(keyOf), 5)}`;
}

function keyOf({ metadata }: DaemonSet): string {
  return `${metadata?.namespace ?? "kube-system"}/${metadata?.name ?? ""}`;
}
