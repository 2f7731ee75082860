import type { RawOptions } from "../../../daemon/config/settings.ts";
import type { Phase } from "../../../daemon/cycle/record.ts";
import type { FaultEffect } from "../../kubernetes/api/server.ts";
import type { NodeAgents } from "../../kubernetes/controllers/node-agents.ts";
import type { AlertmanagerFault } from "../../silence/alertmanager.ts";
import { type AdversaryTrouble, adversaryKinds } from "./adversary.ts";
import { type AwayTrouble, awayKinds } from "./away.ts";
import type { Members } from "./control-plane.ts";
import { type HarsherTrouble, harsherKinds } from "./harsher.ts";
import type { HookJobTrouble } from "./hook-jobs.ts";
import { type HostTrouble, hostKinds } from "./host-troubles.ts";
import { type OptOutTrouble, optOutKinds } from "./opt-outs.ts";
import { type LabelTrouble, labelKinds } from "./request-labels.ts";
import { type SoftRebootTrouble, softRebootKinds } from "./soft-reboots.ts";
import { type StorageTrouble, storageKinds } from "./storage.ts";

/** A run, as data: the same scenario is the same run, to the letter. */
export interface Scenario {
  /** For all that chance decides while it runs. */
  seed: number;
  nodes: number;
  concurrency: number;
  /** For every daemon, beside the concurrency. */
  options: RawOptions;
  /** How far clocks are off. */
  skewMs: Readonly<Record<string, number>>;
  replicas: number;
  /** So many pods that tolerate a cordon, and pods that a controller binds to their nodes: they come back as soon as they are evicted. */
  tolerating?: number;
  agents?: NodeAgents["boundBy"];
  /** So many pods under a budget that its operator keeps until a node with one of them is cordoned. */
  held?: number;
  /** So many pods that take long to end, of the grace that they have. */
  slow?: { replicas: number; stopSeconds: number; graceSeconds: number };
  /** A DaemonSet has pods that are to stop before the reboot. */
  stops?: true;
  /** A Deployment with one pod, which a roll-out replaces before it goes; under a budget that keeps it, or under none. */
  single?: { startSeconds: number; isUnderBudget: boolean };
  /** The last node is added so many seconds after the start. */
  joinsAfter?: number;
  /** So many of the nodes, from the first on, are of the control plane, and etcd and the API server run on them. */
  controlPlane?: Members;
  /** How long it goes on, where that is not the usual time. */
  seconds?: number;
  /** Messages are sent, and do not always arrive. */
  messages?: true;
  /** Nodes wait for the health of a storage. */
  storage?: true;
  troubles: readonly Trouble[];
}

/**
 * Something that happens, `at` so many seconds after the start; or, from then on, so long after a node has come into a phase.
 * What lasts ends `for` so many seconds later.
 */
export type Trouble = { at: number; once?: { node: string; phase: Phase } } & (
  | { kind: "want"; node: string }
  | { kind: "unwant"; node: string }
  /** The need is there again after each boot, for a while. */
  | { kind: "stubborn"; node: string; for: number }
  | { kind: "crash"; node: string }
  /** The daemon is killed at its next write but so many: before it is sent, or once it is done and nobody knows. */
  | { kind: "crash-at-write"; node: string; skip: number; when: "before" | "after" }
  | { kind: "fault"; user: string; effect: FaultEffect; probability: number; for: number }
  | { kind: "lost-answer"; node: string; skip: number }
  | { kind: "partition"; user: string; for: number }
  | { kind: "away"; for: number }
  | { kind: "cut-watches" }
  | { kind: "compact" }
  | { kind: "power-failure"; node: string }
  | { kind: "slow-boot"; node: string; downSeconds: number; for: number }
  | { kind: "no-boot"; node: string; for: number }
  | { kind: "no-shutdown"; node: string; for: number }
  | { kind: "cordon"; node: string; for: number }
  | { kind: "uncordon"; node: string }
  | { kind: "lock-overwritten"; value: string; for: number }
  | { kind: "lock-by-hand"; for: number }
  | { kind: "slot-taken-away"; node: string }
  | { kind: "lock-deleted"; for: number }
  | { kind: "node-deleted"; node: string; for: number }
  | { kind: "reconfigured"; options: RawOptions; every: number }
  | { kind: "alerts"; for: number }
  | { kind: "budget"; for: number }
  | { kind: "paused"; node: string; for: number }
  | { kind: "all-paused"; for: number }
  | { kind: "requested"; node: string }
  /** A person approves the next reboot of the node, or takes that back. */
  | { kind: "approved"; node: string; isTakenBack: boolean }
  /** Pods of the Deployment with one pod do not become Ready. */
  | { kind: "stuck-start"; for: number }
  | { kind: "alertmanager"; fault: AlertmanagerFault; for: number }
  /** A person ends the silences that there are. */
  | { kind: "silences-expired" }
  | SoftRebootTrouble
  | HookJobTrouble
  | HarsherTrouble
  | AdversaryTrouble
  | HostTrouble
  | OptOutTrouble
  | StorageTrouble
  | AwayTrouble
  | LabelTrouble
);

export type Kind = Trouble["kind"];

const usualKinds = [
  "want",
  "unwant",
  "stubborn",
  "crash",
  "crash-at-write",
  "fault",
  "lost-answer",
  "partition",
  "away",
  "cut-watches",
  "compact",
  "power-failure",
  "slow-boot",
  "no-boot",
  "no-shutdown",
  "cordon",
  "uncordon",
  "lock-overwritten",
  "lock-by-hand",
  "slot-taken-away",
  "lock-deleted",
  "node-deleted",
  "reconfigured",
  "alerts",
  "budget",
] as const satisfies Kind[];

/** Kinds that may be drawn alone. */
export const kindsOfTrouble: readonly Kind[] = [
  ...usualKinds,
  ...harsherKinds,
  ...adversaryKinds,
  ...hostKinds,
  ...optOutKinds,
  ...storageKinds,
  ...softRebootKinds,
  "hook-job",
  ...awayKinds,
  "stuck-start",
  ...labelKinds,
];

export interface Limits {
  nodes?: number | undefined;
  concurrency?: number | undefined;
  controlPlane?: Members | undefined;
  /** This kind alone beside the requests for a reboot, up to so many times. */
  alone?: { kind: Kind; rate: number } | undefined;
}

/** Within this time troubles begin, and most storms are over; seconds. */
export const stormSeconds = 300;
