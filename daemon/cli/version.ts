import { Command } from "commander";
import { contract } from "../annotations/names.ts";
import { isApiError } from "../cluster/api.ts";
import { daemonSelector } from "../cluster/daemon-sets.ts";
import type { WholePod } from "../cluster/objects.ts";
import { listAll } from "../cluster/pages.ts";
import { paths } from "../cluster/paths.ts";
import { count } from "../text/count.ts";
import { firstOf } from "../text/list.ts";
import { oneLine } from "../text/one-line.ts";
import { apiOf, type PersonIo } from "./access.ts";
import { withCluster } from "./cluster-options.ts";
import { typedOptions } from "./options.ts";
import { dump, outputOption } from "./output.ts";
import { paintedTable } from "./table.ts";
import type { Terminal, Text } from "./terminal.ts";

const versionLabel = contract.version.key;

/** The output of `rebootd version -o json`. */
export interface Versions {
  client: { version: string };
  /** Undefined with `--client`, and where the daemons are unknown. */
  daemons?: DaemonVersion[];
  /** Sentences. */
  warnings: string[];
}

/** The daemons that run one image. */
export interface DaemonVersion {
  /** By the tag of the image, else by the label of their pods; undefined where neither is a version. */
  version: string | undefined;
  /** The name of the image, as the pod has it. */
  image: string;
  /** The image by its digest, as the node runs it; undefined before it has started. */
  imageID: string | undefined;
  nodes: string[];
}

/** A pod of rebootd, as far as it tells the version. */
export interface VersionedPod {
  node: string;
  label: string | undefined;
  image: string;
  imageID: string | undefined;
}

type Form = "text" | "json" | "yaml";

/** `rebootd version`: the version of this program, and those of the daemons. Reads only. */
export function versionCommand(io: PersonIo, client: string, signal: AbortSignal): Command {
  const command = withCluster(
    new Command("version")
      .description("Show the version of this program and of each daemon, and warn if they differ")
      .option("--client", "This program alone; no cluster is asked")
      .addOption(outputOption<Form>("text", "json", "yaml")),
  );
  return command.action(async ({ client: only, output }: { client?: true; output: Form }) => {
    const print = (versions: Versions) =>
      io.out(output === "text" ? versionText(versions, io.terminal) : dump(output, versions));
    if (only) return print({ client: { version: client }, warnings: [] });
    try {
      const pods = await readPods(command, io, signal);
      const versions = versionsOf(client, pods);
      print(versions);
      for (const warning of versions.warnings) io.err(`rebootd: warning: ${oneLine(warning)}\n`);
    } catch (error) {
      const isForbidden = isApiError(error, "forbidden");
      const warning = "the versions of the daemons are unknown, as listing pods is forbidden";
      print({ client: { version: client }, warnings: isForbidden ? [warning] : [] });
      if (!isForbidden) throw error;
      io.err(`rebootd: warning: ${warning}; -n NAMESPACE asks for one namespace\n`);
    }
  });
}

async function readPods(
  command: Command,
  io: PersonIo,
  signal: AbortSignal,
): Promise<readonly VersionedPod[]> {
  const { namespace } = typedOptions(command);
  const path = typeof namespace === "string" && namespace !== "" ? paths.podsIn(namespace) : paths.pods;
  const query = { labelSelector: daemonSelector };
  return await listAll<WholePod, VersionedPod>(apiOf(command, io), path, { signal, query }, versioned);
}

function versioned({ metadata, spec, status }: WholePod): VersionedPod {
  const containers = spec?.containers ?? [];
  const container = containers.find(({ name }) => name === "rebootd") ?? containers[0];
  const running = status?.containerStatuses?.find(({ name }) => name === container?.name);
  return {
    node: spec?.nodeName ?? "",
    label: metadata?.labels?.[versionLabel],
    image: container?.image ?? "",
    imageID: running?.imageID || undefined,
  };
}

/** Pure: groups the daemons by their image, the most frequent first, and compares the versions. */
export function versionsOf(client: string, pods: readonly VersionedPod[]): Versions {
  const groups = new Map<string, DaemonVersion>();
  for (const { node, label, image, imageID } of pods) {
    const version = versionInTag(image) ?? asVersion(label);
    const key = JSON.stringify([version, image, imageID]);
    const group = groups.get(key) ?? { version, image, imageID, nodes: [] };
    if (node !== "") group.nodes.push(node);
    groups.set(key, group);
  }
  const daemons = [...groups.values()]
    .map((one) => ({ ...one, nodes: one.nodes.sort() }))
    .sort((a, b) => b.nodes.length - a.nodes.length || a.image.localeCompare(b.image));
  return { client: { version: client }, daemons, warnings: warningsOf(client, daemons, pods) };
}

/** https://semver.org/; a tag may begin with "v". */
const semver = /^v?(\d+\.\d+\.\d+(?:-[\w.-]+)?(?:\+[\w.-]+)?)$/;

function asVersion(text: string | undefined): string | undefined {
  return semver.exec(text ?? "")?.[1];
}

/** The tag is behind the last colon that is no port of the registry. */
function versionInTag(image: string): string | undefined {
  return asVersion(/:([^:/@]+)(?:@.*)?$/.exec(image)?.[1]);
}

function warningsOf(
  client: string,
  daemons: readonly DaemonVersion[],
  pods: readonly VersionedPod[],
): string[] {
  const byVersion = new Map<string | undefined, DaemonVersion[]>();
  for (const one of daemons) byVersion.set(one.version, [...(byVersion.get(one.version) ?? []), one]);
  const on = (some: readonly DaemonVersion[]) =>
    count(
      some.reduce((sum, { nodes }) => sum + nodes.length, 0),
      "node",
    );
  const each = [...byVersion].map(([version, some]) => `${version ?? "an unknown one"} on ${on(some)}`);
  const others = [...byVersion].filter(([version]) => version !== undefined && version !== client);
  const wrong = pods.find(({ label, image }) => {
    const tagged = versionInTag(image);
    return tagged !== undefined && asVersion(label) !== undefined && tagged !== asVersion(label);
  });
  const rebuilt = [...byVersion].find(([, some]) => distinct(some.map(({ imageID }) => imageID)) > 1);
  return [
    daemons.length === 0 && `no pod with the label ${daemonSelector} was found`,
    byVersion.size > 1 && `the daemons have ${byVersion.size} versions: ${each.join(", ")}`,
    others.length > 0 &&
      `this program is ${client}, and the daemons are ${others.map(([one]) => one).join(", ")}`,
    wrong &&
      `the label ${versionLabel} says ${wrong.label}, but the image on ${wrong.node} is ${wrong.image}`,
    rebuilt && `different images have the version ${rebuilt[0] ?? "that is unknown"}`,
  ].filter((one) => typeof one === "string");
}

function distinct(texts: readonly (string | undefined)[]): number {
  return new Set(texts.filter((one) => one !== undefined)).size;
}

/** The nodes of a group that are named. */
const nodesShown = 3;

function versionText({ client, daemons }: Versions, terminal: Terminal): Text {
  const rows = (daemons ?? []).map(({ version, image, imageID, nodes }) => [
    version ?? "unknown",
    String(nodes.length),
    imageID === undefined || image.includes("@") ? shortened(image) : `${image} (${digestOf(imageID)})`,
    firstOf(nodes, nodesShown),
  ]);
  const table = paintedTable(["DAEMONS", "NODES", "IMAGE", "ON"], rows, terminal);
  return [`this program: ${oneLine(client.version)}\n`, table === "" ? "" : "\n", table];
}

function shortened(image: string): string {
  return image.replace(/(@sha256:[0-9a-f]{12})[0-9a-f]{52}$/, "$1…");
}

/** The first characters of a digest tell images apart. */
function digestOf(imageID: string): string {
  const [, digest = imageID] = /(?:^|[@:])(?:sha256:)?([0-9a-f]{12})[0-9a-f]{52}$/.exec(imageID) ?? [];
  return digest;
}
