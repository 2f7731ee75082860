import { contract } from "../../daemon/annotations/names.ts";
import { decidingSettings } from "../../daemon/config/policy-of-options.ts";
import type { RawOptions } from "../../daemon/config/settings.ts";
import { requestsOn } from "../../daemon/cycle/node.ts";
import { type CycleRecord, idleRecord } from "../../daemon/cycle/record.ts";
import type { ForecastDaemon, ForecastInput, ForecastNode } from "../../daemon/forecast/input.ts";
import { stateIn } from "../../daemon/lock/lock-object.ts";
import { iso } from "../../daemon/time/iso.ts";

export const minute = 60_000;
export const hour = 60 * minute;
/** A Tuesday. */
export const noon = Date.parse("2026-11-24T12:00:00Z");

/** The daemons of one DaemonSet, with these options. */
export function daemons(options: RawOptions = {}, name = "kube-system/rebootd"): ForecastDaemon {
  return { name, ...decidingSettings({ "node-id": "node", ...options }) };
}

export interface NodeOptions {
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  record?: Partial<CycleRecord>;
  ready?: boolean;
  unschedulable?: boolean;
  daemon?: string | undefined;
  trouble?: string;
}

/** A node that has needed a reboot for an hour, and whose cycles take 2, 3 and 1 minute, beside what the options set. */
export function node(name: string, options: NodeOptions = {}): ForecastNode {
  const {
    labels = {},
    annotations = {},
    record = {},
    ready = true,
    unschedulable = false,
    trouble,
  } = options;
  const part = (ms: number) => ({ counts: [0, 0, 0, 1, 0, 0, 0, 0, 0], sumMs: ms });
  return {
    name,
    facts: {
      uid: `uid-${name}`,
      resourceVersion: "1",
      unschedulable,
      ready,
      taints: [],
      conditions: {},
      bootID: `boot-of-${name}`,
      annotations,
      ...requestsOn({ labels, annotations }),
    },
    record: {
      ...idleRecord(noon - hour),
      phase: "Waiting",
      need: { source: "file", reasons: [], since: iso(noon - hour) },
      lastDrainMs: 2 * minute,
      history: {
        cycles: { rebooted: 1, failed: 0, withdrawn: 0 },
        parts: { wait: part(0), drain: part(2 * minute), boot: part(3 * minute), return: part(minute) },
        last: [],
      },
      ...record,
    },
    daemon: "daemon" in options ? options.daemon : "kube-system/rebootd",
    trouble,
  };
}

export interface ClusterOptions {
  options?: RawOptions;
  nodes: readonly ForecastNode[];
  /** Of the lock object. */
  annotations?: Record<string, string>;
  daemons?: readonly ForecastDaemon[];
}

export function cluster({ options, nodes, annotations = {}, daemons: given }: ClusterOptions): ForecastInput {
  const lock = stateIn({ resourceVersion: "1", annotations }, contract.lock.key);
  return { at: noon, lock, nodes, daemons: given ?? [daemons(options)] };
}
