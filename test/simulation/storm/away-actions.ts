import { addTaint, putSign, removeTaint, type SignedNode } from "../node-signs.ts";
import { type AwayKind, type AwayTrouble, rows, signs, taintKeys } from "./away.ts";
import type { Action, Scene } from "./scene.ts";

export const awayActions: { [K in AwayKind]: Action<Extract<AwayTrouble, { kind: K }>> } = {
  async "taken-away"({ node, sign }, scene) {
    const row = rows[signs.indexOf(sign)];
    if (row === undefined) return undefined;
    await putSign(nodeOf(node, scene), row, true);
    return () => putSign(nodeOf(node, scene), row, false);
  },
  "readiness-taint"({ node, key, seconds }, scene) {
    scene.onNextBoot(node, () => {
      // Its kubelet enters the node first.
      scene.later(1, () => addTaint(nodeOf(node, scene), key));
      scene.later(1 + seconds, () => removeTaint(nodeOf(node, scene), key));
    });
    return undefined;
  },
};

/** Removes what a storm, or a restore in it, has left of these signs. */
export async function tidySigns(name: string, scene: Pick<Scene, "world">): Promise<void> {
  const node = nodeOf(name, scene);
  const { metadata, spec } = await node.object();
  const found = (spec?.taints ?? []).map(({ key }) => key);
  for (const key of found) if ([...signs, ...taintKeys].includes(key)) await removeTaint(node, key);
  for (const row of rows) {
    const { sign } = row;
    if (sign !== "deletion" && sign.on === "label" && metadata?.labels?.[sign.key] !== undefined)
      await putSign(node, row, false);
  }
}

function nodeOf(name: string, { world }: Pick<Scene, "world">): SignedNode {
  const path = `/api/v1/nodes/${name}`;
  const { api, signal } = world;
  return {
    object: () => api.get(path, { signal }),
    patch: (body) => api.patch(path, body, { signal }),
  };
}
