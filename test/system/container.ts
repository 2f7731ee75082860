import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chownSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import {
  KubeConfig,
  loadAllYaml,
  type V1Container,
  type V1DaemonSet,
  type V1PodSpec,
  type V1Volume,
  type V1VolumeMount,
} from "@kubernetes/client-node";
import { daemonUserOn, type ManifestObject } from "../world/manifests.ts";
import { newestKubectl } from "./kubectl.ts";
import type { Machine } from "./machine.ts";
import { bundle, bundleParts, type MachineCluster } from "./machine-cluster.ts";
import { runtimeDefault, type SeccompProfile } from "./seccomp.ts";

/**
 * The container of the pod in the manifests, as a kubelet and its runtime would make it, run by runc as a service of a
 * machine. What differs: its network is the machine's, where the API server is on loopback; its memory has no limit, as a
 * machine may not make cgroups; and AppArmor is left to the host's kernel.
 */

const repository = fileURLToPath(new URL("../..", import.meta.url));
const manifests = join(repository, "manifests");

/** Of the machine. */
const folder = "/var/lib/rebootd";
const rootfs = `${folder}/rootfs`;

export interface PodTemplate {
  namespace: string;
  spec: V1PodSpec;
}

/** The pod of manifests/base with these components. */
export function readPod(components: readonly string[] = []): PodTemplate {
  const folder = mkdtempSync(join(tmpdir(), "rebootd-pod-"));
  try {
    const way = (name: string) => relative(folder, join(manifests, name));
    const kustomization = {
      resources: [way("base")],
      components: components.map((name) => way(`components/${name}`)),
    };
    writeFileSync(join(folder, "kustomization.yaml"), JSON.stringify(kustomization));
    const text = execFileSync(newestKubectl().file, ["kustomize", folder], { encoding: "utf8" });
    const objects = loadAllYaml(text) as ManifestObject[];
    const daemonSet = objects.find(({ kind }) => kind === "DaemonSet") as unknown as V1DaemonSet | undefined;
    assert.ok(daemonSet?.metadata?.namespace && daemonSet.spec?.template.spec, text);
    return { namespace: daemonSet.metadata.namespace, spec: daemonSet.spec.template.spec };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A machine with what the Dockerfile puts into the image, and with programs of the machine that a test needs beside it. */
export async function startPodNode(
  cluster: MachineCluster,
  name: string,
  programs: readonly string[],
): Promise<Machine> {
  const machine = await cluster.startNode(name, { "/usr/local/bin/node": process.execPath });
  mkdirSync(join(machine.root, rootfs), { recursive: true });
  copyFileSync(bundle, join(machine.root, rootfs, "rebootd.mjs"));
  cpSync(bundleParts, join(machine.root, rootfs, "rebootd"), { recursive: true });
  const copy = `root=$1; shift
    for program; do
      cp --parents --dereference "$program" $(ldd "$program" | grep -o '/[^ ]*') "$root"
    done`;
  await machine.exec("sh", "-ec", copy, "sh", rootfs, "/usr/local/bin/node", "/usr/bin/nsenter", ...programs);
  return machine;
}

/** What the machine has, by what the container sees it as. */
export interface Mount {
  source: string;
  destination: string;
  /** `rro`: what is mounted below it, too. */
  mode: "ro" | "rro" | "rw";
}

export interface PodOptions {
  /** Added to what the pod says. */
  environment?: Record<string, string>;
  /** Beside those that the pod has. */
  mounts?: readonly Mount[];
  /** Put before the command line of the image. */
  before?: readonly string[];
}

/** Starts it as the unit rebootd of the node's machine, in this boot and in those to come. */
export async function runPod(
  cluster: MachineCluster,
  node: string,
  { namespace, spec }: PodTemplate,
  { environment = {}, mounts = [], before = [] }: PodOptions = {},
): Promise<void> {
  const machine = cluster.machine(node);
  const owner = spec.containers[0]?.securityContext?.runAsUser ?? 0;
  const account = serviceAccount(machine, await cluster.server.kubeconfigFor(daemonUserOn(node)), owner);
  const config = runtimeConfig(spec, {
    fields: { "spec.nodeName": node, "metadata.namespace": namespace },
    environment: { ...account.environment, ...inMachines, ...environment },
    mounts: [account.mount, bootIDMount, ...mounts],
    before,
  });
  writeFileSync(join(machine.root, folder, "config.json"), JSON.stringify(config));
  writeFileSync(join(machine.root, "etc/systemd/system/rebootd.service"), service(spec));
  await machine.exec("systemctl", "daemon-reload");
  await machine.exec("systemctl", "enable", "--quiet", "rebootd");
  await machine.exec("systemctl", "restart", "rebootd");
}

/** The same, until its log says this; resolves with what it has said since. */
export async function restartPod(
  cluster: MachineCluster,
  node: string,
  template: PodTemplate,
  says: RegExp,
): Promise<string> {
  const { exec } = cluster.machine(node);
  await exec("systemctl", "stop", "rebootd").catch(() => {}); // It may not be there yet.
  const [, before = ""] =
    /^-- cursor: (.*)$/m.exec(await exec("journalctl", "-n", "0", "--show-cursor")) ?? [];
  await runPod(cluster, node, template);
  let log = "";
  await cluster.eventually(`it says ${says}`, async () => {
    log = await exec("journalctl", "-u", "rebootd", `--after-cursor=${before}`, "-o", "cat", "--no-pager");
    return says.test(log);
  });
  return log;
}

/** What the kernel says of its process 1, by name. */
export async function statusOf(machine: Machine): Promise<Record<string, string>> {
  const { pid } = JSON.parse(await machine.exec("runc", "state", "rebootd")) as { pid: number };
  const lines = (await machine.exec("cat", `/proc/${pid}/status`)).split("\n");
  return Object.fromEntries(lines.map((line) => line.split(/:\s*/)));
}

/** Runs in the container, with all that it has and has not. */
export const execInPod = (machine: Machine, ...argv: string[]) =>
  machine.exec("runc", "exec", "rebootd", ...argv);

/**
 * A machine's boot ID lies over the kernel's in the /proc of that machine alone, while the container has a /proc of its own:
 * it gets a copy. A node has a kernel for itself.
 */
const bootIDMount: Mount = { source: "/run/boot_id", destination: "/machine/boot_id", mode: "ro" };

/** What is otherwise than in a pod on a node of its own, whose ports nobody else has. */
const inMachines = {
  REBOOTD_BOOT_ID_PATH: bootIDMount.destination,
  REBOOTD_METRICS_PORT: "0",
  REBOOTD_READY_SETTLE: "500ms",
};

/** As a kubelet does, it starts the container again whenever that ends. */
const service = ({ terminationGracePeriodSeconds, volumes = [] }: V1PodSpec) => `[Unit]
After=dbus.service
StartLimitIntervalSec=0

[Service]
${volumes.map(checkOf).join("")}ExecStartPre=/usr/bin/cp /proc/sys/kernel/random/boot_id ${bootIDMount.source}
ExecStartPre=-/usr/sbin/runc delete --force rebootd
ExecStart=/usr/sbin/runc --rootless=true run --no-new-keyring --bundle ${folder} rebootd
KillMode=mixed
TimeoutStopSec=${terminationGracePeriodSeconds}
Restart=always
RestartSec=1s

[Install]
WantedBy=multi-user.target
`;

/** Without the folder the kubelet does not start the container, and tries again. */
function checkOf({ name, hostPath }: V1Volume): string {
  assert.equal(
    hostPath?.type,
    "Directory",
    `the volume ${name} is a folder of the host that has to be there`,
  );
  return `ExecStartPre=/usr/bin/test -d ${hostPath.path}\n`;
}

/** https://github.com/opencontainers/runtime-spec/blob/main/config.md, filled in as containerd does. */
function runtimeConfig(spec: V1PodSpec, options: Required<PodOptions> & { fields: Fields }): object {
  const [container, ...others] = spec.containers;
  assert.ok(container !== undefined && others.length === 0, "the pod has one container");
  const { securityContext = {} } = container;
  const { add = [], drop = [] } = securityContext.capabilities ?? {};
  assert.deepEqual([add, drop], [[], ["ALL"]], "only a container without capabilities is known here");
  const { entrypoint, environment } = readImage();
  const variables = { ...environment, ...environmentOf(container, options.fields), ...options.environment };
  const namespaces = ["mount", "ipc", "uts", "cgroup", ...(spec.hostPID ? [] : ["pid"])];
  return {
    ociVersion: "1.0.2",
    hostname: "rebootd-abcde",
    root: { path: "rootfs", readonly: securityContext.readOnlyRootFilesystem },
    process: {
      user: { uid: securityContext.runAsUser, gid: securityContext.runAsGroup ?? 0 },
      cwd: "/",
      args: [...options.before, ...entrypoint, ...argumentsOf(container, variables)],
      env: Object.entries(variables).map(([name, value]) => `${name}=${value}`),
      capabilities: {},
      noNewPrivileges: securityContext.allowPrivilegeEscalation === false,
    },
    mounts: [...ownMounts, ...[...hostFolders(spec, container), ...options.mounts].map(bind)],
    linux: {
      namespaces: namespaces.map((type) => ({ type })),
      seccomp: seccompOf({ spec }),
      maskedPaths: ["/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/sys/firmware"],
      readonlyPaths: ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
    },
  };
}

const ownMounts = [
  { destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"] },
  { destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["nosuid", "mode=755"] },
  {
    destination: "/dev/shm",
    type: "tmpfs",
    source: "shm",
    options: ["nosuid", "noexec", "nodev", "mode=1777"],
  },
];

const bind = ({ source, destination, mode }: Mount) => ({
  source,
  destination,
  type: "bind",
  options: ["rbind", "rprivate", mode],
});

function hostFolders({ volumes = [] }: V1PodSpec, { volumeMounts = [] }: V1Container): Mount[] {
  return volumeMounts.map((mount) => {
    const { hostPath } = volumes.find(({ name }) => name === mount.name) ?? {};
    assert.ok(hostPath, `the volume ${mount.name} is no folder of the host`);
    return { source: hostPath.path, destination: mount.mountPath, mode: modeOf(mount) };
  });
}

/** As a runtime does that knows recursion, with what the API server refuses: https://kubernetes.io/docs/concepts/storage/volumes/#read-only-mounts */
function modeOf({ name, readOnly, recursiveReadOnly, mountPropagation }: V1VolumeMount): Mount["mode"] {
  if (recursiveReadOnly === undefined) return readOnly ? "ro" : "rw";
  assert.ok(readOnly && (mountPropagation ?? "None") === "None", `${name} may not be recursively read-only`);
  return recursiveReadOnly === "Disabled" ? "ro" : "rro";
}

/** Of the pod, by their paths. */
type Fields = Record<string, string>;

function environmentOf({ env = [] }: V1Container, fields: Fields): Record<string, string> {
  const entries = env.map(({ name, value, valueFrom }) => {
    const found = value ?? fields[valueFrom?.fieldRef?.fieldPath ?? ""];
    assert.ok(found !== undefined, `where the value of ${name} comes from is not known here`);
    return [name, found];
  });
  return Object.fromEntries(entries);
}

/** https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/ */
function argumentsOf({ args = [] }: V1Container, variables: Record<string, string>): string[] {
  return args.map((arg) =>
    arg.replace(/\$\((\w+)\)/g, (written, name: string) => variables[name] ?? written),
  );
}

/** The profile that the pod names. */
export function seccompOf({ spec: { securityContext } }: Pick<PodTemplate, "spec">): SeccompProfile {
  const { type, localhostProfile = "" } = securityContext?.seccompProfile ?? {};
  if (type === "RuntimeDefault") return runtimeDefault();
  assert.equal(type, "Localhost");
  const file = join(manifests, "components/seccomp", localhostProfile);
  return JSON.parse(readFileSync(file, "utf8")) as SeccompProfile;
}

/** The files and variables by which a pod finds its API server, with the credentials of this kubeconfig; the token is the owner's alone. */
function serviceAccount(
  machine: Machine,
  kubeconfig: string,
  owner: number,
): { mount: Mount; environment: Record<string, string> } {
  const config = new KubeConfig();
  config.loadFromString(kubeconfig);
  const { server = "", caData = "" } = config.getCurrentCluster() ?? {};
  const source = "/var/lib/kubelet/serviceaccount";
  mkdirSync(join(machine.root, source), { recursive: true });
  writeFileSync(join(machine.root, source, "ca.crt"), Buffer.from(caData, "base64"));
  const token = join(machine.root, source, "token");
  writeFileSync(token, config.getCurrentUser()?.token ?? "", { mode: 0o600 });
  chownSync(token, owner, owner);
  const { hostname, port } = new URL(server);
  return {
    mount: { source, destination: "/var/run/secrets/kubernetes.io/serviceaccount", mode: "ro" },
    environment: { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port },
  };
}

/** What the Dockerfile says of how the image is started. */
function readImage(): { entrypoint: string[]; environment: Record<string, string> } {
  const text = readFileSync(join(repository, "Dockerfile"), "utf8");
  const entrypoint = JSON.parse(/^ENTRYPOINT (.*)$/m.exec(text)?.[1] ?? "[]") as string[];
  assert.ok(entrypoint.length > 0, "the Dockerfile has an entry point");
  return {
    entrypoint,
    environment: Object.fromEntries(
      [...text.matchAll(/^ENV (\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]),
    ),
  };
}
