import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { KubeConfig } from "@kubernetes/client-node";
import type { DaemonHandle } from "../kubernetes/machines/supervisor.ts";
import { startDaemonProcess } from "./daemon-process.ts";
import { nodeFlags } from "./image.ts";
import { bundle, type DaemonPlace, worldOptions } from "./rebootd.ts";

/** Shell: the folder $1 is that of the service account; the rest is the command. Only this process sees it there. */
const asInPod = `
  set -e
  account=$1; shift
  mount -t tmpfs -o size=64k tmpfs /run
  mkdir -p /run/secrets/kubernetes.io
  cp -r "$account" /run/secrets/kubernetes.io/serviceaccount
  exec "$@"
`;

/**
 * The built daemon as a process in a pod: its credentials are those of a service account, in place of a kubeconfig.
 * Needs unshare of util-linux, and the right to make a namespace of mounts.
 */
export function startInPod(place: DaemonPlace): DaemonHandle & { pid: number | undefined } {
  const account = `${place.kubeconfig}.account`;
  const { hostname, port } = writeAccount(place.kubeconfig, account);
  const node = [process.execPath, ...nodeFlags, bundle, "run", ...worldOptions(place)];
  return startDaemonProcess({
    command: "unshare",
    args: ["--map-root-user", "--mount", "sh", "-c", asInPod, "sh", account, ...node],
    logFile: place.logFile,
    environment: { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port },
  });
}

/** The server of the kubeconfig. */
function writeAccount(kubeconfig: string, folder: string): URL {
  const config = new KubeConfig();
  config.loadFromString(readFileSync(kubeconfig, "utf8"));
  const { server, caData } = config.getCurrentCluster() ?? { server: "", caData: "" };
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/token`, config.getCurrentUser()?.token ?? "", { mode: 0o600 });
  writeFileSync(`${folder}/ca.crt`, Buffer.from(caData ?? "", "base64"));
  return new URL(server);
}
