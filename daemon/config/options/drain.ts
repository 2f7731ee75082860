import { parseLabelSelector } from "../../cluster/label-selector.ts";
import type { Escalation } from "../../drain/escalation.ts";
import type { SurgeSettings } from "../../drain/surge/plan.ts";
import type { DrainSettings as PlannedDrain } from "../../gates/disruption.ts";
import type { OptOutWait } from "../../gates/opt-outs.ts";
import { exclusiveOptions, invalidValue, missingOption, printable } from "../../text/config-error.ts";
import type { OptionTable, ValuesOf } from "../option.ts";
import { bool, choice, duration, escalation, integer, labelSelector, objectName } from "../values.ts";

/**
 * The options that say which pods a drain evicts, how, and how long it takes; `rebootd plan` has them too.
 */
export const planOptions = {
  "drain-pod-selector": { type: labelSelector, placeholder: "SELECTOR", help: "Evict only these pods" },
  "drain-skip-namespace": {
    type: objectName,
    repeat: true,
    placeholder: "NAME",
    help: "Leave the pods of this namespace; may be repeated",
  },
  "skip-wait-for-delete-timeout": {
    type: integer({ min: 0, max: 86_400, like: 30 }),
    default: "0",
    placeholder: "SECONDS",
    help: "Do not wait for pods that have been terminating this long; 0 waits for all",
  },
  "delete-emptydir-data": {
    type: bool,
    default: "true",
    placeholder: "true|false",
    help: "Evict pods with emptyDir volumes, whose data is lost; false: such a pod makes the drain fail",
  },
  "drain-force": {
    type: bool,
    default: "true",
    placeholder: "true|false",
    help: "Evict pods that no controller will recreate; false: such a pod makes the drain fail",
  },
  "budget-held-selector": {
    type: labelSelector,
    placeholder: "SELECTOR",
    help: "Budgets that allow no disruption until their operator sees the cordon, and so do not keep a drain from being started",
  },
  "daemonset-stop-selector": {
    type: labelSelector,
    placeholder: "SELECTOR",
    help: "Delete these pods of DaemonSets when all others are gone, so that they stop before the reboot; needs the right to delete pods",
  },
  "surge-selector": {
    type: labelSelector,
    placeholder: "SELECTOR",
    help: "Restart the Deployment of such a pod first if it is the only replica, and evict it once another is available; needs rights of its own",
  },
  "surge-timeout": {
    type: duration({ minMs: 1000 }),
    default: "5m",
    placeholder: "DURATION",
    help: "Evict the pods of --surge-selector this long after the cordon, even if no other has come; shorter than --drain-timeout",
  },
  "drain-timeout": {
    type: duration({ minMs: 1000 }),
    default: "15m",
    placeholder: "DURATION",
    help: "A drain that has not succeeded by then is cancelled and the node restored",
  },
  "drain-escalation": {
    type: escalation,
    placeholder: "STEPS",
    help: "Steps such as evict:10m,delete:2m,reboot: after 10 minutes delete pods past all budgets, after 2 more reboot anyway; a later step is taken only if it is named",
  },
  "force-reboot": {
    type: bool,
    default: "false",
    placeholder: "true|false",
    help: "As in kured: --drain-escalation=evict,reboot",
  },
  "disable-eviction": {
    type: bool,
    default: "false",
    placeholder: "true|false",
    help: "Delete pods instead of evicting them, past all budgets; needs the right to delete pods",
  },
  "drain-grace-period": {
    type: integer({ min: -1, max: 86_400, like: 30 }),
    default: "-1",
    placeholder: "SECONDS",
    help: "Grace period of each pod; -1 takes the pod's own",
  },
} as const satisfies OptionTable;

export const drainOptions = {
  "drain-delay": {
    type: duration(),
    default: "0",
    placeholder: "DURATION",
    help: "Wait between the slot (and the labels that come with it) and the cordon",
  },
  preflight: {
    type: choice("on", "off"),
    default: "on",
    placeholder: "on|off",
    help: "Start no drain that could not succeed: before the cordon look for pods and budgets that would block it",
  },
  "wait-for-opt-outs": {
    type: duration({ minMs: 1000 }),
    placeholder: "DURATION",
    help: "Before the cordon wait this long for pods that ask not to be disrupted, and for pods of Jobs",
  },
  "opt-outs-late": {
    type: choice("go-on", "give-up"),
    default: "go-on",
    placeholder: "go-on|give-up",
    help: "Then evict them as all others, or do not reboot while they are there; requires --wait-for-opt-outs",
  },
  ...planOptions,
  "drain-volume-timeout": {
    type: duration(),
    default: "2m",
    placeholder: "DURATION",
    help: "Wait this long for the volumes of evicted pods to be detached; 0 does not wait",
  },
  "drain-parallelism": {
    type: integer({ min: 1, max: 1000 }),
    default: "50",
    placeholder: "NUMBER",
    help: "How many evictions are requested at a time",
  },
} as const satisfies OptionTable;

export interface DrainSettings {
  planned: PlannedDrain;
  /** No drain is started that could not succeed. */
  isPreflightOn: boolean;
  /** Undefined where no pod is waited for. */
  optOuts: OptOutWait | undefined;
  delayMs: number;
  /** 0 does not wait. */
  volumeTimeoutMs: number;
  parallelism: number;
}

type PlanValues = ValuesOf<typeof planOptions>;

export function drainSettings(given: ValuesOf<typeof drainOptions>): DrainSettings {
  return {
    planned: plannedDrain(given),
    isPreflightOn: given.preflight === "on",
    optOuts: optOutWait(given),
    delayMs: given["drain-delay"],
    volumeTimeoutMs: given["drain-volume-timeout"],
    parallelism: given["drain-parallelism"],
  };
}

function optOutWait(given: ValuesOf<typeof drainOptions>): OptOutWait | undefined {
  const waitMs = given["wait-for-opt-outs"];
  const late = given["opt-outs-late"];
  if (waitMs !== undefined) return { waitMs, late };
  if (late === "give-up") throw missingOption("opt-outs-late", "wait-for-opt-outs");
  return undefined;
}

export function plannedDrain(given: PlanValues): PlannedDrain {
  const escalation = escalationOf(given);
  const heldSelector = given["budget-held-selector"];
  const stopSelector = given["daemonset-stop-selector"];
  return {
    selection: {
      deleteEmptyDirData: given["delete-emptydir-data"],
      force: given["drain-force"],
      rebootAnyway: escalation.rebootAnyway,
      skipNamespaces: given["drain-skip-namespace"],
      skipWaitForDeleteMs: given["skip-wait-for-delete-timeout"] * 1000,
      ...(heldSelector !== undefined && { heldBudgets: parseLabelSelector(heldSelector) }),
      ...(stopSelector !== undefined && { stopped: parseLabelSelector(stopSelector) }),
    },
    podSelector: given["drain-pod-selector"],
    gracePeriodSeconds: given["drain-grace-period"],
    escalation,
    heldSelector,
    stopSelector,
    surge: surgeOf(given, escalation),
  };
}

function surgeOf(given: PlanValues, { drainTimeoutMs }: Escalation): SurgeSettings | undefined {
  const selectorText = given["surge-selector"];
  if (selectorText === undefined) return undefined;
  const timeoutMs = given["surge-timeout"];
  if (timeoutMs >= drainTimeoutMs) {
    const rule = `must be shorter than the drain (${drainTimeoutMs / 1000}s), for example 5m with --drain-timeout=15m`;
    throw invalidValue("surge-timeout", printable(`${timeoutMs / 1000}s`), rule);
  }
  return { selector: parseLabelSelector(selectorText), selectorText, timeoutMs };
}

/**
 * A step without a duration takes what the others leave of --drain-timeout. --disable-eviction is `delete`
 * alone, --force-reboot adds `reboot`; each of them excludes --drain-escalation.
 */
function escalationOf(given: PlanValues): Escalation {
  const steps = given["drain-escalation"];
  const drainTimeoutMs = given["drain-timeout"];
  if (steps === undefined) {
    return {
      drainTimeoutMs,
      drainDeleteAfterMs: given["disable-eviction"] ? 0 : Number.POSITIVE_INFINITY,
      rebootAnyway: given["force-reboot"],
    };
  }
  for (const shorthand of ["disable-eviction", "force-reboot"] as const) {
    if (given[shorthand]) throw exclusiveOptions(`--${shorthand}`, "--drain-escalation");
  }
  const { evictMs = 0, deleteMs = 0, rest, text } = steps;
  const restMs = rest === undefined ? 0 : drainTimeoutMs - evictMs - deleteMs;
  if (rest !== undefined && restMs < 1000) {
    const rule = `must leave at least 1s of --drain-timeout for ${rest}, for example evict:10m,delete with --drain-timeout=15m`;
    throw invalidValue("drain-escalation", printable(text), rule);
  }
  const evicts = evictMs + (rest === "evict" ? restMs : 0);
  const hasDelete = deleteMs > 0 || rest === "delete";
  return {
    drainTimeoutMs: evictMs + deleteMs + restMs,
    drainDeleteAfterMs: hasDelete ? evicts : Number.POSITIVE_INFINITY,
    rebootAnyway: steps.reboot,
  };
}
