/** Steps that both ways from kured to rebootd have. Pure. */
import { contract } from "../../annotations/names.ts";
import type { Placed } from "./placed.ts";

/** A sentence, and the commands to type for it. */
export interface Step {
  text: string;
  commands: readonly string[];
}

/** One way from kured to rebootd, and back. */
export interface Way {
  name: "image" | "node by node";
  title: string;
  steps: readonly Step[];
  back: readonly Step[];
}

export function step(text: string, ...commands: string[]): Step {
  return { text, commands };
}

/** The words of kubectl for kured's DaemonSet. */
export interface Names {
  /** "kubectl -n kube-system". */
  kubectl: string;
  /** "daemonset/kured". */
  daemonSet: string;
}

export function namesOf({ found: { namespace, name } }: Placed): Names {
  return { kubectl: `kubectl -n ${namespace}`, daemonSet: `daemonset/${name}` };
}

/** Manual entries in all slots: kured with several slots takes an only manual entry for a free lock. */
export function hold(plan: Placed): Step {
  const { kubectl, daemonSet } = namesOf(plan);
  const { lockKey, concurrency } = plan;
  const manual = '{"nodeID":"manual"}';
  if (concurrency <= 1)
    return step(
      "Hold all new reboots. The command fails while a node holds the lock; then try again later.",
      `${kubectl} annotate ${daemonSet} '${lockKey}=${manual}'`,
    );
  const entries = Array.from({ length: concurrency }, () => manual).join(",");
  const value = `{"maxOwners":${concurrency},"locks":[${entries}]}`;
  const path = lockKey.replaceAll(".", "\\.");
  return step(
    "Hold all new reboots, once the lock is free: nothing, or an empty list of locks. Put the number before it in place of VERSION; the write fails if the lock has changed since.",
    `${kubectl} get ${daemonSet} -o 'jsonpath={.metadata.resourceVersion} {.metadata.annotations.${path}}{"\\n"}'`,
    `${kubectl} annotate ${daemonSet} --overwrite --resource-version=VERSION '${lockKey}=${value}'`,
  );
}

export function goOn(plan: Placed): Step {
  const { kubectl, daemonSet } = namesOf(plan);
  return step("Let nodes reboot again.", `${kubectl} annotate ${daemonSet} ${plan.lockKey}-`);
}

/** The options by which the commands for people find kured's lock. */
export function placeWords({ found: { namespace, name }, lockKey }: Placed): string {
  const key = lockKey === contract.kuredLock.key ? "" : ` --lock-annotation=${lockKey}`;
  return `--lock-object=daemonset/${name} --ds-namespace=${namespace}${key}`;
}

/** The upgrade of kured's chart; the values do not have the name of its release. */
export function upgradeKured({ found: { namespace } }: Placed): string {
  return `helm upgrade RELEASE kubereboot/kured --version=6.1.0 -n ${namespace} --reuse-values`;
}
