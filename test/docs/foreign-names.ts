/** Names on the pages that others define, each with its owner. Names of rebootd are never here. */
import type { NameKind } from "./names.ts";

export const foreignNames: Readonly<Partial<Record<NameKind, Readonly<Record<string, string>>>>> = {
  option: {
    "--build-arg": "docker, podman and buildah",
    "--force-replace": "helm",
    "--keep": "npm run demo",
    "--permission": "node",
    "--platform": "docker, podman and buildah",
    "--ui": "npm run demo",
  },
  variable: { REBOOTD_SEED: "npm run test:long" },
  key: {
    "karpenter.sh/disrupted": "a taint of Karpenter",
    "karpenter.sh/disruption": "a taint of Karpenter",
    "rebootd.dev/daemon": "the reporting component of events",
    "rebootd.dev/reboot-pending": "an example of a taint, for --prefer-no-schedule-taint",
  },
  word: {
    "endless-wishes": "test/simulation/storm/adversary.ts",
    "forged-lock": "test/simulation/storm/adversary.ts",
    "hostile-pod": "test/simulation/storm/adversary.ts",
    "node-drain-policy": "Longhorn",
    "rebootd-metrics-tls": "an example of a Secret",
  },
  type: {
    Accept: "a header of HTTP",
    Auto: "shoutrrr's encryption of mail",
    CanReboot: "a method of logind",
    Cluster: "CloudNativePG",
    Dockerfile: "a file of this repository",
    Host: "a header of HTTP",
    LiveMigrate: "KubeVirt",
    LockKind: "a type in daemon/lock/kinds.ts",
    None: "shoutrrr's encryption of mail",
    Plain: "shoutrrr's login of mail",
    Rebootd: "the beginning of the names of alerts",
    Terminated: "a reason of pods that the kubelet sets",
    Transport: "a type in test/kubernetes",
  },
};
