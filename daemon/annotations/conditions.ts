/**
 * The conditions of a Node that its daemon writes, each with its reasons. Four are upstream's, by which other
 * programs can tell that a node is maintained: KEP-5683, https://kep.k8s.io/5683. No other condition is
 * touched. docs/reference/conditions.md lists the rows, and manifests/base/admission.yaml allows these types.
 */
interface ConditionRow {
  /** The status is True while this is so. */
  about: string;
  /** Reasons while it is True or Unknown. `RebootBlocked` has the reasons of the gates beside. */
  reasons: readonly string[];
  /** The reason while it is False. */
  otherwise: string;
}

export const conditionTable = {
  RebootRequired: {
    about: "The host needs a reboot, or somebody has requested one; Unknown if rebootd cannot tell.",
    reasons: [
      "PackagesUpdated",
      "SentinelFile",
      "SentinelCommand",
      "RebootRequested",
      "RequestedByLabel",
      "MaxUptime",
      "CannotTell",
    ],
    otherwise: "NoRebootRequired",
  },
  RebootBlocked: {
    about: "A reboot is required, and a gate, the lock or a failure delays it; the message has all reasons.",
    reasons: ["CycleFailed"],
    otherwise: "NotBlocked",
  },
  MaintenancePlanned: {
    about:
      "A reboot is required, and waits for a maintenance window; the message has the time if one is planned.",
    reasons: ["MaintenanceWindow"],
    otherwise: "NoMaintenance",
  },
  MaintenanceInProgress: {
    about: "The node holds a slot for its reboot, from before the cordon until the uncordon.",
    reasons: ["MaintenanceWindow", "AdminRequested"],
    otherwise: "NoMaintenance",
  },
  DrainInProgress: {
    about: "The node is cordoned, and its pods are evicted.",
    reasons: ["MaintenanceWindow", "AdminRequested"],
    otherwise: "NoDrain",
  },
  Drained: {
    about: "The drain is complete, and the node is still cordoned.",
    reasons: ["DrainCompleted"],
    otherwise: "NotDrained",
  },
} as const satisfies Record<string, ConditionRow>;

export type ConditionType = keyof typeof conditionTable;

export const conditionTypes = Object.keys(conditionTable) as readonly ConditionType[];

/** One condition, as far as it matters; the times are left out. */
export interface Condition {
  status: "True" | "False" | "Unknown";
  reason: string;
  message: string;
}

export type Conditions = Readonly<Partial<Record<ConditionType, Condition>>>;

/** The daemon's own conditions among those of a Node, whatever they say. */
export function ownConditions(
  conditions: readonly { type: string; status: string; reason?: string; message?: string }[] | undefined,
): Conditions {
  const own = (conditions ?? []).filter(({ type }) => Object.hasOwn(conditionTable, type));
  return Object.fromEntries(
    own.map(({ type, status, reason = "", message = "" }) => [
      type,
      { status: status as Condition["status"], reason, message },
    ]),
  );
}
