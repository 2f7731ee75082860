/** The DaemonSets of rebootd, their pods, and their options. */
import { daemonSelector } from "../../cluster/daemon-sets.ts";
import { matchesNode } from "../../cluster/node-affinity.ts";
import { isReady } from "../../cluster/nodes.ts";
import type { DaemonSet, Pod } from "../../cluster/objects.ts";
import { refuseExpressions } from "../../config/expressions.ts";
import { type OptionName, parseSettings } from "../../config/settings.ts";
import { tolerates } from "../../drain/room.ts";
import { ConfigError } from "../../text/config-error.ts";
import { count } from "../../text/count.ts";
import { firstOf } from "../../text/list.ts";
import { CommandRefused } from "../admin.ts";
import { installedBy } from "../installed.ts";
import { withConfigFile } from "../installed-file.ts";
import { isLinux, named } from "./cluster.ts";
import { applyAgain, type Finding, failed, type Item, ok, warning } from "./finding.ts";
import type { Look, LookedNode } from "./look.ts";

const notFound = `no DaemonSet has the label ${daemonSelector}`;

export const daemonSetItem: Item = {
  name: "DaemonSet",
  async run(look) {
    const [sets, pods] = await Promise.all([look.daemonSets(), look.daemons()]);
    if (sets.length === 0) return failed(`${notFound}: rebootd is not installed`, applyAgain);
    const unready = pods.filter((pod) => !isReady(pod)).map(({ spec }) => spec?.nodeName ?? "");
    return sets.map((set) => ofSet(set, unready));
  },
};

function ofSet({ metadata, spec, status }: DaemonSet, unready: readonly string[]): Finding {
  const { namespace = "", name = "", generation } = metadata ?? {};
  const { desiredNumberScheduled: desired = 0, numberReady = 0, updatedNumberScheduled = 0 } = status ?? {};
  const key = `${namespace}/${name}`;
  if (desired === 0) {
    const selector = spec?.template.spec?.nodeSelector ?? {};
    const labels = Object.entries(selector).map(([label, value]) => `${label}=${value}`);
    const which = labels.length === 0 ? "" : `; its node selector is ${labels.join(",")}`;
    return failed(
      `${key} has a pod on no node${which}`,
      `kubectl -n ${namespace} describe daemonset ${name}`,
    );
  }
  if (numberReady < desired) {
    const [first = "NODE"] = unready.toSorted();
    return failed(`${key}: ${numberReady} of ${desired} pods are Ready`, `rebootd explain ${first}`);
  }
  const isRolling = status?.observedGeneration !== generation || updatedNumberScheduled < desired;
  if (isRolling) {
    const fix = `kubectl -n ${namespace} rollout status daemonset ${name}`;
    return warning(`${key}: ${updatedNumberScheduled} of ${desired} pods are as it is now`, fix);
  }
  return ok(`${key}: all of ${count(desired, "pod")} Ready`);
}

export const coverageItem: Item = {
  name: "nodes without a daemon",
  async run(look) {
    const [nodes, sets, pods] = await Promise.all([look.nodes(), look.daemonSets(), look.daemons()]);
    if (sets.length === 0) return ok("none is installed, see DaemonSet");
    const covered = new Set(pods.map(({ spec }) => spec?.nodeName));
    const bare = nodes.filter((node) => isLinux(node) && !covered.has(node.metadata?.name ?? ""));
    if (bare.length === 0) return ok("none");
    const templates = sets.map(({ spec }) => spec?.template.spec);
    const whys = new Map<string, LookedNode[]>();
    for (const node of bare) {
      const why = whyNot(templates, node);
      whys.set(why, [...(whys.get(why) ?? []), node]);
    }
    return [...whys].map(([why, those]) => warning(`${named(those)}: ${why}`, fixOf(why)));
  },
};

const notMatched = "the node selector or affinity of the DaemonSet does not match";
const notVisible = "no reason is visible in the Node";

function fixOf(why: string): string {
  if (why === notVisible) return "see kubectl describe daemonset, and the events of the DaemonSet";
  const change =
    why === notMatched
      ? "change nodeSelector or affinity of the DaemonSet"
      : "add a toleration to the DaemonSet";
  return `${change}, if they are to reboot too`;
}

/** https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/#taints-and-tolerations */
const toleratedPrefix = "node.kubernetes.io/";
const toleratedByAll = [
  "not-ready",
  "unreachable",
  "disk-pressure",
  "memory-pressure",
  "pid-pressure",
  "unschedulable",
].map((name) => `${toleratedPrefix}${name}`);

function whyNot(templates: readonly Pod["spec"][], node: LookedNode): string {
  const matching = templates.filter((spec) => matchesNode(spec, node.metadata ?? {}));
  if (matching.length === 0) return notMatched;
  const pod = matching[0] === undefined ? {} : { spec: matching[0] };
  const taint = node.spec?.taints?.find(
    (one) => one.effect !== "PreferNoSchedule" && !toleratedByAll.includes(one.key) && !tolerates(pod, one),
  );
  return taint === undefined ? notVisible : `the DaemonSet does not tolerate the taint ${taint.key}`;
}

export const imageItem: Item = {
  name: "image",
  async run(look) {
    const [sets, pods] = await Promise.all([look.installed(), look.daemons()]);
    const wanted = new Set(sets.map(({ image }) => image));
    const images = new Map<string, number>();
    for (const { spec } of pods) {
      const image = spec?.containers?.[0]?.image ?? "";
      images.set(image, (images.get(image) ?? 0) + 1);
    }
    if (wanted.size === 0) return ok("none is installed, see DaemonSet");
    const found = [...images].map(([image, number]) => `${image} on ${count(number, "node")}`);
    const isSame = [...images.keys()].every((image) => wanted.has(image)) && images.size <= 1;
    const fix = "kubectl rollout restart the DaemonSet, or delete the pods with the other image";
    if (!isSame) return warning(`more than one runs: ${firstOf(found, 4)}`, fix);
    return ok([...wanted].join(", "));
  },
};

export const optionsItem: Item = {
  name: "options",
  async run(look) {
    const sets = await look.daemonSets();
    if (sets.length === 0) return ok("none is installed, see DaemonSet");
    return await Promise.all(sets.map((set) => optionsOf(look, set)));
  },
};

async function optionsOf({ api, signal }: Pick<Look, "api" | "signal">, set: DaemonSet): Promise<Finding> {
  const key = `${set.metadata?.namespace}/${set.metadata?.name}`;
  let unseen: readonly OptionName[] = [];
  let mayHaveMore = false;
  let where = "";
  try {
    const [plain] = installedBy(set);
    if (plain === undefined)
      return warning(`${key} has no container that runs "rebootd run"`, "give it the argument run");
    const installed = await withConfigFile(api, plain, signal);
    ({ unknown: unseen, mayHaveMore } = installed);
    where = installed.configFile === undefined ? "those of envFrom" : `those of ${installed.configFile.file}`;
    const [problem] = installed.configFile?.problems ?? [];
    if (problem !== undefined)
      return failed(`${key}: ${problem}`, "mend it in its ConfigMap; rebootd config --check has the rules");
    parseSettings(installed.raw);
    await refuseExpressions(installed.raw);
  } catch (error) {
    if (!(error instanceof ConfigError || error instanceof CommandRefused)) throw error;
    const isWhole = unseen.length === 0 && !mayHaveMore;
    const fix = `change it in the DaemonSet ${key}; rebootd run --help has the rules`;
    if (isWhole) return failed(`${key}: ${error.message}`, fix);
    return warning(`${key}, as far as its options can be seen: ${error.message}`, fix);
  }
  const names = unseen.map((name) => `--${name}`);
  const more = [...names, ...(mayHaveMore ? [where] : [])];
  return ok(
    `${key}: valid${more.length === 0 ? "" : `, but for values in other objects: ${firstOf(more, 5)}`}`,
  );
}
