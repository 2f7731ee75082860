import type { ClusterNode } from "../kubernetes/cluster.ts";
import { collection, type StoredNode, type StoredPod } from "../kubernetes/controllers/objects.ts";
import type { Ports } from "../kubernetes/controllers/ports.ts";
import type { Machine } from "../kubernetes/machines/machine.ts";

/** A node as a story speaks of it. */
export interface WorldNode {
  readonly name: string;
  readonly machine: Machine;
  /** With the sentinel and the boot ID. */
  readonly folder: string;
  /** Of its daemon. */
  readonly logFile: string;
  wantsReboot(): void;
  wantsNoReboot(): void;
  /** The power fails. */
  losesPower(): void;
  crashDaemon(): void;
  /** As a kubelet does it; resolves with how the daemon ended. */
  stopDaemon(): Promise<string | undefined>;
  /** As an administrator does it. */
  cordon(): Promise<void>;
  uncordon(): Promise<void>;
  object(): Promise<StoredNode>;
  pods(): Promise<StoredPod[]>;
  /** The daemon's record on the Node. */
  record(): Promise<{ phase?: string; reasons?: { code: string; message: string }[] } | undefined>;
}

export function createWorldNode({ host, machine }: ClusterNode, { api, signal }: Ports): WorldNode {
  const { name, folder, logFile } = host;
  const path = `${collection("nodes")}/${name}`;
  const object = () => api.get<StoredNode>(path, { signal });
  return {
    name,
    machine,
    folder,
    logFile,
    wantsReboot: machine.wantReboot,
    wantsNoReboot: machine.unwantReboot,
    losesPower: machine.reboot,
    crashDaemon: machine.crashDaemon,
    stopDaemon: machine.stopDaemon,
    cordon: async () => void (await api.patch(path, { spec: { unschedulable: true } }, { signal })),
    uncordon: async () => void (await api.patch(path, { spec: { unschedulable: null } }, { signal })),
    object,
    pods: async () => {
      const query = { fieldSelector: `spec.nodeName=${name}` };
      return (await api.list<StoredPod>(collection("pods"), { signal, query })).items;
    },
    record: async () => {
      const text = (await object()).metadata.annotations?.["rebootd.dev/cycle"];
      return text === undefined ? undefined : JSON.parse(text);
    },
  };
}
