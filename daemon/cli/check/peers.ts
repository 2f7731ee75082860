/** Other programs that reboot nodes, as far as the API shows them. Those of a host are noticed by its daemon. */
import { contract } from "../../annotations/names.ts";
import { isApiError } from "../../cluster/api.ts";
import type { DaemonSet } from "../../cluster/objects.ts";
import { listAll } from "../../cluster/pages.ts";
import { kept } from "../../cluster/parts.ts";
import { paths } from "../../cluster/paths.ts";
import { kuredApart, markingManagers } from "../../cluster/reboot-managers.ts";
import { count } from "../../text/count.ts";
import { named } from "./cluster.ts";
import { type Finding, failed, type Item, ok, warning } from "./finding.ts";
import type { Look } from "./look.ts";

const partsOfSet = {
  metadata: { name: true, namespace: true, labels: true },
  spec: { template: { spec: { containers: { image: true } } } },
} as const;

export const peersItem: Item = {
  name: "other reboot managers",
  async run(look) {
    const found = (await Promise.all([kured(look), plans(look), marked(look)])).flat();
    return found.length > 0 ? found : ok("none that the API shows");
  },
};

async function kured(look: Look): Promise<Finding[]> {
  const { api, signal } = look;
  const [sets, place] = await Promise.all([
    listAll(api, paths.allDaemonSets, { signal }, (set: DaemonSet) => kept(set, partsOfSet)),
    look.access().then(
      ({ access }) => access.place,
      () => undefined,
    ),
  ]);
  return sets.filter(isKured).map(({ metadata }) => {
    const { namespace = "", name = "" } = metadata ?? {};
    const isShared = place?.kind === "daemonset" && place.namespace === namespace && place.name === name;
    if (isShared) return ok(`kured (${namespace}/${name}) shares its lock with rebootd`);
    const apart = kuredApart(`${namespace}/${name}`);
    return failed(`${apart.name} ${apart.does}`, apart.fix);
  });
}

function isKured({ metadata, spec }: { metadata?: DaemonSet["metadata"]; spec?: unknown }): boolean {
  const labels = metadata?.labels ?? {};
  if (labels[contract.app.key] === "kured" || labels["name"] === "kured") return true;
  const { template } = (spec ?? {}) as Partial<NonNullable<DaemonSet["spec"]>>;
  const images = (template?.spec?.containers ?? []).map(({ image = "" }) => image);
  return images.some((image) => /(?:^|\/)kured[:@]/.test(image));
}

/** https://github.com/rancher/system-upgrade-controller */
async function plans({ api, signal }: Look): Promise<Finding[]> {
  try {
    const found = await listAll(api, paths.upgradePlans, { signal });
    if (found.length === 0) return [];
    const what = `the system-upgrade-controller has ${count(found.length, "plan")}, which may cordon and drain nodes`;
    return [warning(what, "let its plans and rebootd have windows that do not overlap")];
  } catch (error) {
    if (isApiError(error, "not-found", "forbidden")) return [];
    throw error;
  }
}

/** By what other programs write on Nodes. */
async function marked(look: Look): Promise<Finding[]> {
  const nodes = (await look.nodes()).map((node) => ({ ...node, labels: node.metadata?.labels ?? {} }));
  return markingManagers.flatMap(({ name, does, fix, marks }) => {
    const found = nodes.filter(marks);
    return found.length === 0 ? [] : [warning(`${name} ${does}: on ${named(found)}`, fix)];
  });
}
