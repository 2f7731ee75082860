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
  "a pod that is bound to a node that is empty already, while its reboot is delayed, does not go down with it":
    {
      seed: 18722,
      nodes: 5,
      concurrency: 2,
      options: {
        "reboot-timeout": "2m",
        "max-unavailable": "1",
      },
      skewMs: {},
      replicas: 3,
      troubles: [
        {
          at: 37.7,
          kind: "no-shutdown",
          node: "n5",
          for: 160,
        },
        {
          at: 62,
          kind: "want",
          node: "n5",
        },
        {
          at: 67,
          kind: "want",
          node: "n1",
        },
        {
          at: 94.7,
          kind: "lock-overwritten",
          value: '{"maxOwners":2,"locks":[]}',
          for: 72,
        },
        {
          at: 100,
          kind: "want",
          node: "n2",
        },
        {
          at: 148.8,
          kind: "partition",
          user: "controllers",
          for: 58,
        },
        {
          at: 187.3,
          kind: "lock-overwritten",
          value: '{"nodeID":"manual"}',
          for: 8,
        },
        {
          at: 190.9,
          kind: "reconfigured",
          options: {
            concurrency: "2",
            period: "5m",
            "drain-timeout": "2m",
            "reboot-timeout": "40s",
            "ready-timeout": "2m",
            "ready-settle": "15s",
            "prometheus-url": "http://prometheus.test",
            "halt-after-failures": "1",
            "lock-release-delay": "30s",
            "drain-delay": "3s",
          },
          every: 13,
        },
        {
          at: 201.3,
          kind: "reconfigured",
          options: {
            concurrency: "3",
            period: "30s",
            "drain-timeout": "2m",
            "reboot-timeout": "2m",
            "ready-timeout": "2m",
            "ready-settle": "5s",
            "prometheus-url": "http://prometheus.test",
            "halt-after-failures": "3",
            "max-unavailable": "1",
            "reboot-delay": "20s",
            "lb-exclude": "true",
          },
          every: 5,
        },
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
};
