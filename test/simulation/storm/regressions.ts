import { messageOptions } from "./messages.ts";
import type { Scenario } from "./scenario.ts";

/** Storms that have found a defect, made as short as they can be; by what they have shown. */
export const regressions: Readonly<Record<string, Scenario>> = {
  "a node that a person uncordons while it is down, and cordons when it is back, stays cordoned": {
    seed: 1907,
    nodes: 2,
    concurrency: 1,
    options: { "drain-delay": "3s" },
    skewMs: {},
    replicas: 0,
    troubles: [
      { at: 8.6, once: { node: "n1", phase: "Rebooting" }, kind: "no-boot", node: "n1", for: 67 },
      { at: 22.4, once: { node: "n1", phase: "Returning" }, kind: "cordon", node: "n1", for: 116 },
      { at: 78, kind: "want", node: "n1" },
      { at: 91.5, kind: "budget", for: 365 },
      { at: 112, kind: "want", node: "n2" },
      { at: 136, kind: "uncordon", node: "n1" },
    ],
  },
  "pods that come while the machine was never asked to reboot, as its daemon was killed, do not go down with it":
    {
      seed: 3102,
      nodes: 2,
      concurrency: 1,
      options: { "ready-settle": "5s", "drain-delay": "20s" },
      skewMs: {},
      replicas: 3,
      troubles: [
        { at: 1, kind: "want", node: "n1" },
        { at: 1, kind: "want", node: "n2" },
        {
          at: 6.3,
          once: { node: "n2", phase: "Draining" },
          kind: "crash-at-write",
          node: "n2",
          skip: 5,
          when: "before",
        },
        {
          at: 29.9,
          kind: "fault",
          user: "controllers",
          effect: { status: 429, retryAfter: 2 },
          probability: 1,
          for: 89,
        },
        { at: 37.7, kind: "away", for: 25 },
      ],
    },
  "pods that come back to a node that a restore has uncordoned are not evicted without end": {
    seed: 24,
    nodes: 3,
    concurrency: 3,
    options: { concurrency: "3" },
    skewMs: {},
    replicas: 6,
    troubles: [
      {
        at: 3.625,
        once: { node: "n3", phase: "Draining" },
        kind: "restored",
        resources: ["leases", "nodes"],
        seconds: 38,
      },
      { at: 15, kind: "want", node: "n3" },
      { at: 45, kind: "want", node: "n2" },
      { at: 48, kind: "want", node: "n3" },
      { at: 53, kind: "want", node: "n1" },
    ],
  },
  "a daemon that is told of no Job any more waits for none that the one before it has created": {
    seed: 733,
    nodes: 3,
    concurrency: 3,
    options: { "before-reboot-job": "kube-system/set-noout" },
    skewMs: {},
    replicas: 0,
    troubles: [
      { at: 159, kind: "requested", node: "n3" },
      { at: 159, once: { node: "n3", phase: "Draining" }, kind: "hook-job", how: "hangs", for: 110 },
      { at: 172, kind: "reconfigured", options: { "drain-timeout": "30s" }, every: 6 },
    ],
  },
  "a node that a restore has set back to before its soft reboot is back with the next report of its kubelet":
    {
      seed: 1131,
      nodes: 1,
      concurrency: 1,
      options: { "reboot-kind": "soft" },
      skewMs: {},
      replicas: 0,
      troubles: [
        {
          at: 1,
          once: { node: "n1", phase: "Rebooting" },
          kind: "restored",
          resources: ["leases", "nodes"],
          seconds: 111,
        },
        { at: 2, kind: "soft-reboot", node: "n1", how: "served", for: 300 },
        { at: 18, kind: "want", node: "n1" },
      ],
    },
  "the message of a drain that failed arrives although the answer to the write of its failure is lost": {
    seed: 548,
    nodes: 3,
    concurrency: 1,
    options: { "drain-timeout": "2m", "drain-delay": "20s", ...messageOptions },
    skewMs: {},
    replicas: 0,
    slow: { replicas: 3, stopSeconds: 200, graceSeconds: 400 },
    messages: true,
    troubles: [
      { at: 48, kind: "want", node: "n2" },
      { at: 172, kind: "lost-answer", node: "n2", skip: 0 },
    ],
  },
};
