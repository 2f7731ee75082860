import { parseQuantity } from "../../cluster/quantity.ts";
import type { Placed } from "./placed.ts";
import { goOn, hold, namesOf, placeWords, step, upgradeKured, type Way } from "./steps.ts";

/** The memory that rebootd's own manifests grant. */
export const memory = { request: "70Mi", limit: "160Mi" };

/** rebootd in kured's place by its image alone. Pure. */
export function imageWay(plan: Placed): Way {
  const { found } = plan;
  const { kubectl, daemonSet } = namesOf(plan);
  const rollout = `${kubectl} rollout status ${daemonSet}`;
  const restore =
    found.form === "values"
      ? `helm rollback RELEASE -n ${found.namespace}`
      : `${kubectl} set image ${daemonSet} ${found.container}=${found.image}`;
  const more = isTight(plan)
    ? ` Its memory is limited to ${found.memoryLimit}; rebootd needs ${memory.limit}.`
    : "";
  return {
    name: "image",
    title: "Change only the image: rebootd runs in kured's place, with kured's options, names and rights",
    steps: [
      hold(plan),
      step(`Start the image of rebootd in kured's place.${more}`, ...changeOf(plan), rollout),
      step(
        "Look at the log of a pod: its first lines name the options, and what is switched off without more rights.",
        `${kubectl} logs ${daemonSet}`,
        `rebootd status ${placeWords(plan)}`,
      ),
      goOn(plan),
      step(
        "Try it with one node.",
        "rebootd reboot NODE --reason='try rebootd'",
        `rebootd explain NODE ${placeWords(plan)}`,
      ),
    ],
    back: [hold(plan), step("Start kured's image again.", restore, rollout), goOn(plan)],
  };
}

function changeOf(plan: Placed): string[] {
  const { found } = plan;
  const { kubectl, daemonSet } = namesOf(plan);
  if (found.form === "values") {
    const image = "--set image.repository=REPOSITORY --set image.tag=TAG";
    const limit = ` --set resources.limits.memory=${memory.limit}`;
    return [`${upgradeKured(plan)} ${image}${isTight(plan) ? limit : ""}`];
  }
  const amounts = `--requests=memory=${memory.request} --limits=memory=${memory.limit}`;
  const room = `${kubectl} set resources ${daemonSet} -c ${found.container} ${amounts}`;
  return [...(isTight(plan) ? [room] : []), `${kubectl} set image ${daemonSet} ${found.container}=IMAGE`];
}

function isTight({ found: { memoryLimit } }: Placed): boolean {
  return memoryLimit !== undefined && parseQuantity(memoryLimit) < parseQuantity(memory.limit);
}
