import type { Departure } from "../../daemon/annotations/departures.ts";
import type { WholeNode } from "../../daemon/cluster/objects.ts";

/** A Node as stories and storms read and change it. */
export interface SignedNode {
  object(): Promise<WholeNode>;
  patch(body: object): Promise<unknown>;
}

/** Adds a taint, as another program does: none that is there is lost. */
export async function addTaint(node: SignedNode, key: string, effect = "NoSchedule"): Promise<void> {
  const { spec, metadata } = await node.object();
  const others = (spec?.taints ?? []).filter((one) => one.key !== key);
  await node.patch({ metadata: versionOf(metadata), spec: { taints: [...others, { key, effect }] } });
}

export async function removeTaint(node: SignedNode, key: string): Promise<void> {
  const { spec, metadata } = await node.object();
  const taints = (spec?.taints ?? []).filter((one) => one.key !== key);
  await node.patch({ metadata: versionOf(metadata), spec: { taints } });
}

/** Puts the sign of this row on the Node, or takes it off; that of a deletion is another story. */
export async function putSign(node: SignedNode, { sign }: Departure, isThere: boolean): Promise<void> {
  if (sign === "deletion") return;
  const { on, key, value = "any" } = sign;
  if (on === "taint") return isThere ? await addTaint(node, key) : await removeTaint(node, key);
  const field = on === "label" ? "labels" : "annotations";
  await node.patch({ metadata: { [field]: { [key]: isThere ? value : null } } });
}

function versionOf(metadata: WholeNode["metadata"]): object {
  return { resourceVersion: metadata?.resourceVersion };
}
