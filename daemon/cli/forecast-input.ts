import { contract } from "../annotations/names.ts";
import type { Api } from "../cluster/api.ts";
import { matchesNode } from "../cluster/node-affinity.ts";
import type { WholeNode } from "../cluster/objects.ts";
import { listAll } from "../cluster/pages.ts";
import { paths } from "../cluster/paths.ts";
import { decidingSettings } from "../config/policy-of-options.ts";
import { readOf } from "../cycle/node.ts";
import type { ForecastDaemon, ForecastInput, ForecastNode } from "../forecast/input.ts";
import { listStaticPodsDown } from "../lock/control-plane.ts";
import { isOfControlPlane } from "../lock/limits.ts";
import { placeText } from "../lock/lock-object.ts";
import { ConfigError } from "../text/config-error.ts";
import type { Access } from "./access.ts";
import { CommandRefused } from "./admin.ts";
import { listDaemons, troublesOf } from "./health.ts";
import { type Installed, readInstalled } from "./installed.ts";

/** A node without what only its DaemonSets and pods tell. */
export type PlainNode = Omit<ForecastNode, "daemon" | "trouble">;

/**
 * Reads all that a forecast knows of a cluster. It is a CommandRefused where the options of the daemons cannot be read;
 * rejects with the ApiError of the first request that fails.
 */
export async function readForecastInput(
  { api, place, lockObject, clock }: Pick<Access, "api" | "place" | "lockObject" | "clock">,
  signal: AbortSignal,
): Promise<ForecastInput> {
  const at = clock.wall();
  const [installed, lock, plain, pods] = await Promise.all([
    readInstalled(api, signal),
    lockObject.read(signal),
    listPlainNodes(api, signal),
    listDaemons(api, signal),
  ]);
  if (installed === undefined)
    throw new CommandRefused("DaemonSets may not be listed, so the options of the daemons are not known");
  const here = installed.map((one) => ({ one, daemon: daemonOf(one) }));
  const ours = here.filter(({ daemon }) => placeText(daemon.lock.place) === placeText(place));
  if (ours.length === 0)
    throw new CommandRefused(
      `no DaemonSet of rebootd has its lock on ${place.kind}/${place.name} in ${place.namespace}, so the options of the daemons are not known`,
    );
  const health = { nodes: new Map(), daemons: pods };
  const members = plain.filter(({ facts }) => isOfControlPlane(facts.labels)).map(({ name }) => name);
  return {
    at,
    lock,
    daemons: ours.map(({ daemon }) => daemon),
    podsDown: await listStaticPodsDown(api, members, signal),
    nodes: plain.map((node) => {
      const { labels } = node.facts;
      const own = ours.find(({ one }) => matchesNode(one.pod, { name: node.name, labels }));
      const [trouble] = troublesOf(node.name, health, at);
      return { ...node, daemon: own?.daemon.name, trouble };
    }),
  };
}

type OwnDaemon = ForecastDaemon & Pick<ReturnType<typeof decidingSettings>, "lock">;

function daemonOf({ key, raw, unknown, mayHaveMore }: Installed): OwnDaemon {
  try {
    const settings = decidingSettings({ "node-id": "node", ...raw });
    return { name: key, ...settings, unknown: [...unknown, ...(mayHaveMore ? ["all of envFrom"] : [])] };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new CommandRefused(`no daemon of the DaemonSet ${key} starts: ${error.message}`);
  }
}

/** All Nodes, with what the daemons know of them and have written there. */
export function listPlainNodes(api: Api, signal: AbortSignal): Promise<readonly PlainNode[]> {
  return listAll<WholeNode, PlainNode>(api, paths.nodes, { signal }, (node) => {
    const { facts, carried } = readOf(node);
    const { [contract.cycle.key]: _, ...annotations } = facts.annotations;
    return { name: node.metadata?.name ?? "", facts: { ...facts, annotations }, record: carried.record };
  });
}
