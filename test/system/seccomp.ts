import { readFileSync } from "node:fs";

/** https://github.com/opencontainers/runtime-spec/blob/main/config-linux.md#seccomp */
export interface SeccompProfile {
  defaultAction: string;
  defaultErrnoRet?: number;
  architectures?: string[];
  syscalls: SeccompRule[];
}

export interface SeccompRule {
  names: string[];
  action: string;
  errnoRet?: number;
  args?: { index: number; value: number; valueTwo?: number; op: string }[];
}

/** As the engines ship it: one profile for all machines and all sets of capabilities. */
interface SharedProfile {
  defaultAction: string;
  defaultErrnoRet: number;
  archMap: { architecture: string; subArchitectures: string[] }[];
  syscalls: (SeccompRule & { includes?: Condition; excludes?: Condition })[];
}

interface Condition {
  caps?: string[];
  arches?: string[];
}

const sharedFile = "/usr/share/containers/seccomp.json";

const machines: Partial<Record<string, { goName: string; architecture: string }>> = {
  x64: { goName: "amd64", architecture: "SCMP_ARCH_X86_64" },
  arm64: { goName: "arm64", architecture: "SCMP_ARCH_AARCH64" },
};

/**
 * What RuntimeDefault stands for, for a container without any capability: podman's profile, in the form that runtimes read.
 * Those of containerd and CRI-O are of the same origin, and narrower here and there.
 */
export function runtimeDefault(): SeccompProfile {
  const { goName = "", architecture = "" } = machines[process.arch] ?? {};
  const shared = JSON.parse(readFileSync(sharedFile, "utf8")) as SharedProfile;
  const { defaultAction, defaultErrnoRet, archMap, syscalls } = shared;
  const own = archMap.find((one) => one.architecture === architecture);
  if (own === undefined) throw new Error(`${sharedFile} does not know the machine ${process.arch}`);
  const holds = ({ caps, arches }: Condition) =>
    caps === undefined && (arches === undefined || arches.includes(goName));
  return {
    defaultAction,
    defaultErrnoRet,
    architectures: [architecture, ...own.subArchitectures],
    syscalls: syscalls
      // Here all that is excluded is excluded for capabilities, which this container has none of.
      .filter(({ includes = {} }) => holds(includes))
      .map(({ names, action, errnoRet, args }) => ({
        names,
        action,
        ...(errnoRet !== undefined && { errnoRet }),
        ...(args && { args }),
      })),
  };
}
