/** The daemon of a pod that the chart has made, as a process: what a kubelet would make of it, but for the paths of the host. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { V1Container, V1PodSpec } from "@kubernetes/client-node";
import { bootIdFile, rebootFile, sentinelFile } from "../kubernetes/machines/machine.ts";
import type { DaemonHandle } from "../kubernetes/machines/supervisor.ts";
import { startDaemonProcess } from "../world/daemon-process.ts";
import { flagsFor } from "../world/image.ts";
import { program } from "../world/program.ts";
import type { DaemonPlace } from "../world/rebootd.ts";

/** The texts of a Secret, by its keys. */
export type Secrets = Readonly<Record<string, Readonly<Record<string, string>>>>;

export interface PodOnHost {
  spec: V1PodSpec;
  namespace: string;
  /** By their names. */
  secrets: Secrets;
  /** The address of a Prometheus in the place of that of the options. */
  prometheusUrl: string;
}

/** The container's arguments and environment, with the machine's folder in the place of what the pod mounts. */
export function startPod(pod: PodOnHost, place: Omit<DaemonPlace, "concurrency" | "lock">): DaemonHandle {
  const container = pod.spec.containers[0] ?? assert.fail("no container");
  const { name, folder, kubeconfig, logFile } = place;
  const environment = environmentOf(container, pod, name);
  const mounts = writeSecrets(pod, container, join(folder, "secrets"));
  const args = (container.args ?? []).map((arg) => {
    const text = arg.replace(/\$\(([^)]+)\)/g, (all, variable: string) => environment[variable] ?? all);
    const mount = mounts.find(({ path }) => text.includes(`=${path}/`));
    return mount === undefined ? text : text.replace(mount.path, mount.folder);
  });
  const has = (option: string) => args.some((arg) => arg.startsWith(`--${option}=`));
  const ofHost = [
    `--kubeconfig=${kubeconfig}`,
    // Not this machine's, which has a journal.
    `--run-path=${folder}`,
    `--boot-id-path=${folder}/${bootIdFile}`,
    "--enter-host=false",
    "--inhibitors=ignore",
    "--reboot-method=command",
    `--reboot-command=/bin/touch ${folder}/${rebootFile}`,
    "--metrics-host=127.0.0.1",
    "--metrics-port=0",
    ...(has("ready-settle") ? [] : ["--ready-settle=500ms"]),
    ...(has("reboot-sentinel") ? [`--reboot-sentinel=${folder}/${sentinelFile}`] : []),
    ...(has("reboot-sentinel-command")
      ? [`--reboot-sentinel-command=/usr/bin/test -e ${folder}/${sentinelFile}`]
      : []),
    ...(has("prometheus-url") ? [`--prometheus-url=${pod.prometheusUrl}`] : []),
  ];
  return startDaemonProcess({
    args: [...flagsFor(program), program, ...args, ...ofHost],
    logFile,
    environment,
  });
}

function environmentOf(
  { env = [] }: V1Container,
  { namespace, secrets }: PodOnHost,
  node: string,
): Record<string, string> {
  const fields: Record<string, string> = { "spec.nodeName": node, "metadata.namespace": namespace };
  return Object.fromEntries(
    env.map(({ name, value, valueFrom }) => {
      const { fieldRef, secretKeyRef } = valueFrom ?? {};
      const text = fieldRef
        ? fields[fieldRef.fieldPath]
        : secretKeyRef
          ? secrets[secretKeyRef.name ?? ""]?.[secretKeyRef.key]
          : (value ?? "");
      return [name, text ?? assert.fail(`${name} refers to nothing`)];
    }),
  );
}

/** Resolves each volume of a Secret to a folder with its files. */
function writeSecrets({ spec, secrets }: PodOnHost, { volumeMounts = [] }: V1Container, folder: string) {
  return volumeMounts.flatMap(({ name, mountPath }) => {
    const secretName = spec.volumes?.find((volume) => volume.name === name)?.secret?.secretName;
    if (secretName === undefined) return [];
    const target = join(folder, name);
    mkdirSync(target, { recursive: true });
    const files = secrets[secretName] ?? assert.fail(`there is no Secret ${secretName}`);
    for (const [file, text] of Object.entries(files)) writeFileSync(join(target, file), text);
    return [{ path: mountPath, folder: target }];
  });
}
