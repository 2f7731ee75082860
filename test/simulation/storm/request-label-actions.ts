import { requestLabel } from "../../promises/eyes.ts";
import { patchLabels } from "./by-hand.ts";
import type { LabelTrouble } from "./request-labels.ts";
import type { Action } from "./scene.ts";

export const labelActions: { labelled: Action<LabelTrouble> } = {
  async labelled({ node, asker }, scene) {
    await patchLabels(scene, node, { [requestLabel]: asker });
    scene.promises.forgetNeed(node);
    return undefined;
  },
};
