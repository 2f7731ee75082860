import type { Phase } from "../cycle/record.ts";
import {
  type AskedGate,
  type GateName,
  type gates,
  isKnownReason,
  type ReasonCode,
} from "../gates/reasons.ts";

/** A command that a person may type next, and its effect or the condition for it. */
export interface NextStep {
  command: string;
  purpose: string;
}

/**
 * Values for the placeholders in the tables. A step with a placeholder that has no value is left out: the next
 * one in its list is taken.
 */
export interface StepFacts {
  /** The Node. */
  node: string;
  /** Namespace of the lock object, and "kind/name". */
  namespace: string;
  lock: string;
  /** The pod of its daemon, and its namespace. */
  pod?: string | undefined;
  podNamespace?: string | undefined;
  /** Another node that holds a slot, and one of them that the cluster does not have any more. */
  holder?: string | undefined;
  goneHolder?: string | undefined;
  /** Names in the message of the reason. */
  budget?: string | undefined;
  budgetNamespace?: string | undefined;
  hook?: string | undefined;
}

type Steps = readonly NextStep[];

const step = (command: string, purpose: string): NextStep => ({ command, purpose });

const plan = step("rebootd plan NODE", "shows which pods and budgets are in the way");
const budget = step("kubectl -n BUDGET_NAMESPACE get pdb BUDGET", "shows what the budget still allows");
const log = step("kubectl -n POD_NAMESPACE logs POD --tail=50", "the error is in the log of its daemon");
const installed = step(
  "kubectl get daemonsets -A -l app.kubernetes.io/name=rebootd",
  "shows whether and where rebootd is installed",
);
const urgent = step("rebootd reboot NODE --urgent", "only if it cannot wait for that");
const holder = step("rebootd explain HOLDER", "says what the holder of the slot is doing");
const status = step("rebootd status", "shows all holders and waiting nodes");
const nodes = step("kubectl get nodes", "shows which nodes are not Ready or cordoned");
const seeLock = step("kubectl -n NAMESPACE get LOCK -o yaml", "shows the entries of the lock");
const seeNode = step("kubectl describe node NODE", "shows the sign that the reason names");
const podsHere = step(
  "kubectl get pods -A --field-selector spec.nodeName=NODE",
  "shows the pods on the node",
);

const unlock = step(
  "rebootd unlock GONE_HOLDER",
  "only if waiting nodes do not remove its entry in a minute",
);
const ofHolder: Steps = [unlock, holder, status];
const ofBudget: Steps = [budget, plan];
const ofLog: Steps = [log, installed];
const kinds = step("kubectl api-resources", "shows the kinds that the cluster serves");
const rights = step("rebootd check", "says which rights the daemons lack");
const unevaluatedSteps = { "cannot-tell": ofLog, "no-answer": ofLog, timeout: ofLog } as const;

/** The codes of an asked gate that are not those of every gate. */
type OwnCode<G extends GateName> = keyof (typeof gates)[G]["codes"];

/** The next steps for each reason code, the best first. A code without an entry does not compile. */
const ofReasons: { readonly [G in GateName]: Readonly<Record<OwnCode<G>, Steps>> } = {
  paused: {
    node: [step("rebootd resume NODE", "ends the pause of this node")],
    cluster: [step("rebootd resume --all", "ends the pause of all nodes")],
  },
  approval: { missing: [step("rebootd approve NODE", "approves the reboot of this node")] },
  window: { outside: [urgent], blackout: [urgent], "too-short": [urgent] },
  alerts: { active: [urgent] },
  queries: { query: [urgent] },
  pods: { blocking: [podsHere] },
  health: { unhealthy: ofLog, "no-object": ofLog, "not-served": [kinds], forbidden: [rights] },
  users: { "logged-in": [step("ssh NODE loginctl list-sessions", "shows who is logged in")] },
  inhibitors: { held: [step("ssh NODE systemd-inhibit --list", "shows who blocks shutdowns")] },
  "opt-outs": { asked: [urgent, podsHere], late: [urgent, podsHere] },
  update: {
    "under-way": [step("ssh NODE journalctl -u transactional-update", "shows how far the update is")],
  },
  disruption: {
    "no-controller": [plan],
    "local-data": [plan],
    "daemonset-gone": [plan],
    "budget-exhausted": ofBudget,
    "budget-never": ofBudget,
    "budgets-several": ofBudget,
    "budget-no-room": ofBudget,
    "long-grace": [plan],
    "ending-late": [plan],
  },
  "drain-names": {},
  "control-plane": {
    "control-plane-not-ready": [nodes],
    "control-plane-not-whole": [
      step("kubectl -n kube-system get pods -l tier=control-plane -o wide", "shows the static pods"),
    ],
  },
  need: { "cannot-tell": ofLog },
  rest: {
    withdrawn: [step("rebootd reboot NODE", "lets it start without the back-off")],
    requested: [step("rebootd reboot NODE", "lets the request count at once")],
  },
  departing: { removal: [seeNode], maintenance: [seeNode], marked: [seeNode] },
  failures: { "given-up": [step("rebootd resume NODE", "lets it try again, once the cause is repaired")] },
  lock: {
    "lock-unreadable": [seeLock],
    "lock-manual": [step("rebootd unlock", "ends the manual lock")],
    "lock-foreign": [seeLock],
    "lock-taken": ofHolder,
    "lock-interval": [
      step("kubectl -n NAMESPACE annotate LOCK rebootd.dev/last-reboot-", "lets the next node start now"),
    ],
    "lock-full": ofHolder,
    "lock-control-plane": ofHolder,
    "lock-zone": ofHolder,
    "lock-pool": ofHolder,
    "lock-lost": ofHolder,
    "control-plane-not-ready": [nodes],
    "control-plane-not-whole": [
      step("kubectl -n kube-system get pods -l tier=control-plane -o wide", "shows the static pods"),
    ],
    "too-many-unavailable": [nodes],
    "nodes-unknown": ofLog,
    halted: [step("rebootd resume --all", "lets nodes start again, once the cause is repaired")],
    "failures-unreadable": [step("rebootd resume --all", "resets the count of failures")],
    unwritable: ofLog,
  },
  node: { "cannot-tell": ofLog, refused: ofLog, unanswered: ofLog, unwritable: ofLog },
  drain: {
    "pods-left": ofBudget,
    "cannot-tell": ofLog,
    volumes: [step("kubectl get volumeattachments", "shows which volumes are still attached")],
    "reboot-delay": [step("rebootd wait NODE --for=rebooted", "waits for the reboot")],
  },
  hooks: {
    before: [step("kubectl annotate --overwrite node NODE HOOK=true", "only once that work is done")],
    job: [step("kubectl get jobs,pods -A -l rebootd.dev/node=NODE", "shows the Job and its pods")],
  },
};

/** The steps for troubles that are no reasons in a record. */
const ofTroubles = {
  "no-daemons": [installed],
  "no-daemon-here": [
    step("kubectl get pods -A -l app.kubernetes.io/name=rebootd -o wide", "shows where daemons run"),
  ],
  "daemon-crashed": [step("kubectl -n POD_NAMESPACE logs POD --previous", "shows why it ended")],
  "daemon-not-started": [step("kubectl -n POD_NAMESPACE describe pod POD", "shows why it does not run")],
  "daemon-not-ready": [log],
  "daemon-silent": [log],
  "not-ready": [step("kubectl describe node NODE", "shows since when and why it is not Ready")],
  "holder-unwell": ofHolder,
  "record-unreadable": [
    step("kubectl annotate node NODE rebootd.dev/cycle-", "removes it, once the node is not in a cycle"),
  ],
  "still-required": [step("rebootd reboot NODE", "reboots it again, once it is known why that did not help")],
  failed: [step("rebootd resume NODE", "ends the back-off, once the cause is repaired"), plan],
  "cordoned-by-others": [step("kubectl uncordon NODE", "only if nobody needs the cordon")],
  misread: [step("kubectl get node NODE -o yaml", "shows the annotations as they are")],
} as const satisfies Record<string, Steps>;

export type Trouble = keyof typeof ofTroubles;

/** The steps for a phase in which nothing is wrong. */
const ofPhases: Readonly<Record<Phase, Steps>> = {
  Idle: [],
  Waiting: [step("rebootd status --watch", "follows it")],
  Draining: [plan],
  Rebooting: [step("rebootd wait NODE --for=rebooted", "waits for its return")],
  Returning: [step("kubectl describe node NODE", "shows whether it is Ready")],
  Settling: [],
  Restoring: [step("rebootd wait NODE --for=idle", "waits for the end")],
  Failed: [],
};

/** A plan or a wait for a person: more would not be read. */
const stepsMax = 3;

/**
 * Pure: the commands for these troubles, then for these reasons, else for the phase. `messages` have the names
 * of budgets and hooks.
 */
export function nextSteps(
  facts: StepFacts,
  troubles: readonly Trouble[],
  reasons: readonly { gate: string; code: string; message: string }[],
  phase: Phase | undefined,
): NextStep[] {
  const found = [
    ...troubles.map((trouble) => first(ofTroubles[trouble], facts)),
    ...reasons.map((reason) => first(stepsFor(reason), { ...facts, ...namesIn(reason.message) })),
  ];
  const usual = found.some((one) => one !== undefined) || phase === undefined ? [] : ofPhases[phase];
  const all = [...found, first(usual, facts)].filter((one) => one !== undefined);
  return [...new Map(all.map((one) => [one.command, one])).values()].slice(0, stepsMax);
}

/** The steps for a reason; none for one of another version. */
export function stepsFor({ gate, code }: { gate: string; code: string }): Steps {
  if (!isKnownReason({ gate, code })) return [];
  const own: Readonly<Record<string, Steps>> = ofReasons[gate as GateName];
  return own[code] ?? unevaluatedSteps[code as ReasonCode<AskedGate> & keyof typeof unevaluatedSteps] ?? [];
}

const placeholders: Readonly<Record<string, keyof StepFacts>> = {
  NODE: "node",
  NAMESPACE: "namespace",
  LOCK: "lock",
  POD: "pod",
  POD_NAMESPACE: "podNamespace",
  HOLDER: "holder",
  GONE_HOLDER: "goneHolder",
  BUDGET: "budget",
  BUDGET_NAMESPACE: "budgetNamespace",
  HOOK: "hook",
};

/** A name of another program goes into a command only if the shell takes it for a word. */
const word = /^[A-Za-z0-9][A-Za-z0-9._/-]*$/;

/** The first step whose placeholders all have a value. */
function first(steps: Steps, facts: StepFacts): NextStep | undefined {
  for (const { command, purpose } of steps) {
    const parts = command.split(/\b([A-Z]+(?:_[A-Z]+)?)\b/);
    const filled = parts.map((part) => {
      const field = placeholders[part];
      return field === undefined ? part : facts[field];
    });
    if (
      filled.every(
        (part, at) => part !== undefined && (placeholders[parts[at] ?? ""] === undefined || word.test(part)),
      )
    ) {
      return { command: filled.join(""), purpose };
    }
  }
  return undefined;
}

/** The budget and the hook that the message of a reason names. */
function namesIn(message: string): Partial<StepFacts> {
  const [, budgetNamespace, budget] =
    /\b(?:budget|PodDisruptionBudget) ([a-z0-9-]{1,63})\/([a-z0-9.-]{1,253})/.exec(message) ?? [];
  const [, hook] = /before the reboot: ([A-Za-z0-9./_-]+)/.exec(message) ?? [];
  return { ...(budget && { budgetNamespace, budget }), ...(hook && { hook }) };
}
