/** The configuration file of an installed DaemonSet, which may be in a ConfigMap. */
import { type Api, isApiError } from "../cluster/api.ts";
import type { DaemonSet } from "../cluster/objects.ts";
import { paths } from "../cluster/paths.ts";
import type { OptionName, RawOptions } from "../config/settings.ts";

type PodSpec = NonNullable<NonNullable<DaemonSet["spec"]>["template"]["spec"]>;

export interface InstalledFile {
  /** Its path in the container. */
  file: string;
  /** Undefined where it is in something else, such as a Secret. */
  map: { name: string; key: string } | undefined;
  /** There may be more options in other objects besides. */
  mayHaveMore: boolean;
  /** The mistakes in it, each one line. */
  problems?: readonly string[];
}

/** The part of an installed DaemonSet that its file changes. */
interface MayHaveFile {
  namespace: string;
  raw: RawOptions;
  unknown: readonly OptionName[];
  mayHaveMore: boolean;
  configFile?: InstalledFile;
}

/** Pure: finds the ConfigMap that is mounted where the file is. */
export function installedFile(
  file: string,
  { volumeMounts = [] }: PodSpec["containers"][number],
  pod: PodSpec | undefined,
  mayHaveMore: boolean,
): InstalledFile {
  for (const { name, mountPath, subPath } of volumeMounts) {
    const map = pod?.volumes?.find((volume) => volume.name === name)?.configMap;
    const folder = `${mountPath.replace(/\/+$/, "")}/`;
    const inside = subPath !== undefined && file === mountPath ? subPath : undefined;
    const path =
      inside ?? (file.startsWith(folder) && subPath === undefined ? file.slice(folder.length) : undefined);
    if (map?.name === undefined || path === undefined) continue;
    const key = map.items === undefined ? path : map.items.find((item) => item.path === path)?.key;
    if (key !== undefined) return { file, map: { name: map.name, key }, mayHaveMore };
  }
  return { file, map: undefined, mayHaveMore };
}

/** With the options of its file; as it is where that cannot be read, or has mistakes, which are added. */
export async function withConfigFile<I extends MayHaveFile>(
  api: Api,
  one: I,
  signal: AbortSignal,
): Promise<I> {
  const { configFile, namespace, raw, unknown } = one;
  if (configFile?.map === undefined) return one;
  const { file, map, mayHaveMore } = configFile;
  const text = await readKey(api, namespace, map, signal);
  if (text === undefined) return one;
  const { checkFile } = await import("../config/file/check-file.ts");
  const { given, problems } = checkFile(file, text, { raw, fromEnvironment: new Set(), file });
  if (problems.length > 0) return { ...one, configFile: { ...configFile, problems } };
  const { configFile: _, ...rest } = one;
  // The environment goes before the file, also where its value is not known.
  const seen = Object.entries(given.raw).filter(([name]) => !unknown.some((hidden) => hidden === name));
  return { ...(rest as I), raw: Object.fromEntries(seen), mayHaveMore };
}

/** Undefined where it may not be read, or is not there. */
async function readKey(
  api: Api,
  namespace: string,
  { name, key }: { name: string; key: string },
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const { data } = await api.get<{ data?: Readonly<Record<string, string>> }>(
      paths.configMap(namespace, name),
      {
        signal,
      },
    );
    return data?.[key];
  } catch (error) {
    if (isApiError(error, "forbidden") || isApiError(error, "not-found")) return undefined;
    throw error;
  }
}
