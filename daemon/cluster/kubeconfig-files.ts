import { dirname, isAbsolute, join } from "node:path";
import { loadAllYaml } from "@kubernetes/client-node";
import * as z from "zod/mini";

export interface KubeconfigFile {
  /** The path of the file. Paths in the file are relative to its folder. */
  file: string;
  text: string;
}

const fields = z.nullish(z.record(z.string(), z.unknown()));
const entries = z.nullish(
  z.array(z.looseObject({ name: z.string(), cluster: fields, user: fields, context: fields })),
);

const schema = z.looseObject({
  clusters: entries,
  users: entries,
  contexts: entries,
  "current-context": z.nullish(z.string()),
});

type Kubeconfig = z.infer<typeof schema>;
type Fields = Record<string, unknown>;
type Kind = "cluster" | "user" | "context";

/**
 * Merges several kubeconfig files as kubectl does: the first file with a name, or with a current-context,
 * wins. An empty file is ignored. Relative paths become absolute. Throws if a file is not a kubeconfig, or
 * has a name twice.
 * https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/#merging-kubeconfig-files
 */
export function mergeKubeconfigs(files: readonly KubeconfigFile[]): Kubeconfig {
  const read = files.map(({ file, text }) => ({
    folder: dirname(file),
    config: parseKubeconfig(file, text),
  }));
  const firsts = (kind: Kind) => {
    const first = new Map<string, { name: string; [kind: string]: unknown }>();
    for (const { folder, config } of read) {
      for (const { name, [kind]: fields } of config[`${kind}s`] ?? []) {
        if (!first.has(name)) first.set(name, { name, [kind]: resolvePaths[kind](fields ?? {}, folder) });
      }
    }
    return [...first.values()];
  };
  return {
    clusters: firsts("cluster"),
    users: firsts("user"),
    contexts: firsts("context"),
    "current-context": read.map(({ config }) => config["current-context"]).find(Boolean) ?? "",
  };
}

function parseKubeconfig(file: string, text: string): Kubeconfig {
  let content: unknown;
  try {
    content = loadAllYaml(text)[0] ?? {};
  } catch (cause) {
    throw new Error(`${file} is not YAML: ${(cause as Error).message.split("\n", 1)}`, { cause });
  }
  const parsed = schema.safeParse(content);
  if (!parsed.success) {
    const { path = [], message } = parsed.error.issues[0] ?? {};
    throw new Error(`${file} is not a kubeconfig: ${[...path, ""].join(".").replace(/\.$/, ": ")}${message}`);
  }
  for (const kind of ["cluster", "user", "context"] as const) {
    const names = (parsed.data[`${kind}s`] ?? []).map(({ name }) => name);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) throw new Error(`${file} has the ${kind} ${JSON.stringify(twice)} twice`);
  }
  return parsed.data;
}

/**
 * The fields that kubectl resolves as paths, by kind of entry. A plugin without a slash is looked up in PATH.
 */
const resolvePaths: Record<Kind, (fields: Fields, folder: string) => Fields> = {
  context: (fields) => fields,
  cluster: (fields, folder) => absolute(fields, ["certificate-authority"], folder),
  user: (fields, folder) => {
    const user = absolute(fields, ["client-certificate", "client-key", "tokenFile"], folder);
    const exec = user["exec"] as Fields | null | undefined;
    const isPath = typeof exec?.["command"] === "string" && exec["command"].includes("/");
    return isPath ? { ...user, exec: absolute(exec, ["command"], folder) } : user;
  },
};

function absolute(fields: Fields, names: readonly string[], folder: string): Fields {
  const changed = names
    .map((name) => [name, fields[name]] as const)
    .filter((pair): pair is [string, string] => typeof pair[1] === "string" && pair[1] !== "")
    .map(([name, path]) => [name, isAbsolute(path) ? path : join(folder, path)]);
  return { ...fields, ...Object.fromEntries(changed) };
}
