import { ownConditions } from "../../../daemon/annotations/conditions.ts";
import { silenceAuthor } from "../../../daemon/prometheus/own-silence.ts";
import { at, type KubeObject } from "../../kubernetes/api/object.ts";
import { sentinelFile } from "../../kubernetes/machines/machine.ts";
import { isMark, isRequested, lockIn, recordIn } from "../../promises/eyes.ts";
import type { SmallWorld } from "../small-world.ts";
import type { Scene } from "./scene.ts";
import type { Promises } from "./watch-promises.ts";

type Ended = Pick<Scene, "world" | "promises" | "lock" | "alertmanager">;

/** What is not as it should be once the storm has passed; empty when every need was served and nothing was left behind. */
export function problemsOf({ world, promises, lock: { resource, key }, alertmanager }: Ended): string[] {
  const lock = lockIn(world.server.stored(resource, key));
  const problems = lock === undefined ? [] : [`the lock still says ${lock}`];
  for (const { createdBy, comment } of alertmanager.active())
    if (createdBy === silenceAuthor) problems.push(`there still is the silence: ${comment}`);
  for (const { name, isUp } of world.machines) {
    const node = world.server.stored("nodes", name);
    if (!isUp) problems.push(`${name} is down`);
    else if (node === undefined) problems.push(`${name} is no node`);
    else problems.push(...whatIsWrong(name, node, world, promises));
  }
  return problems;
}

function whatIsWrong(name: string, node: KubeObject, world: SmallWorld, promises: Promises): string[] {
  const { phase = "Idle", reboots = 0, reasons = [] } = recordIn(node);
  const why = reasons.map(({ message }) => `: ${message}`).join("");
  const isNeeded = world.machine(name).hasFile(sentinelFile);
  // The limit of reboots for one need: it was said that another would not help.
  const isGivenUp = phase === "Failed" && reboots >= 2 && isNeeded;
  const problems: string[] = [];
  if (isNeeded && !isGivenUp) problems.push(`${name} still needs a reboot, and is ${phase}`);
  const isAsked = isRequested(node);
  if (isAsked && !isGivenUp) problems.push(`${name} is still asked to reboot, and is ${phase}`);
  if (phase !== "Idle" && !isGivenUp) problems.push(`${name} is ${phase}${why}`);
  if (promises.cordonerOf(name) === "daemon") problems.push(`${name} is still cordoned`);
  const labels = Object.keys(node.metadata.labels ?? {}).filter(isMark);
  if (labels.length > 0) problems.push(`${name} still has the labels ${labels.join(", ")}`);
  const { beforeJob, afterJob } = recordIn(node) as Record<string, unknown>;
  if (phase === "Idle" && (beforeJob ?? afterJob) !== undefined)
    problems.push(`${name} still has a Job in its record`);
  if (phase === "Idle") {
    const said = ownConditions(at(node, "status", "conditions") as Parameters<typeof ownConditions>[0]);
    for (const [type, { status }] of Object.entries(said))
      if (status !== "False") problems.push(`${name} still has the condition ${type} ${status}`);
  }
  const taints = (at(node, "spec", "taints") ?? []) as { key: string }[];
  if (taints.some(({ key }) => key === "test/soft")) problems.push(`${name} still has its soft taint`);
  return problems;
}
