/** What is printed of volumes and claims, after the printers of kube-apiserver. */
import { formatAge } from "../age.ts";
import type { Column } from "../column.ts";
import { at, type KubeObject, list, text } from "../object.ts";

/** In the order in which they are shown. */
const shortModes: Record<string, string> = {
  ReadWriteOnce: "RWO",
  ReadOnlyMany: "ROX",
  ReadWriteMany: "RWX",
  ReadWriteOncePod: "RWOP",
};

const modes = (given: unknown) =>
  Object.entries(shortModes)
    .filter(([mode]) => list(given).includes(mode))
    .map(([, short]) => short)
    .join(",");
const phase = (object: KubeObject) =>
  object.metadata.deletionTimestamp ? "Terminating" : text(at(object, "status", "phase"));
const spec = (name: string) => (object: KubeObject) => text(at(object, "spec", name));
const specOrUnset = (name: string) => (object: KubeObject) => text(at(object, "spec", name)) || "<unset>";
const isBound = (claim: KubeObject) => spec("volumeName")(claim) !== "";

const age: Column = {
  name: "Age",
  cell: ({ metadata }, now) => formatAge(now - Date.parse(metadata.creationTimestamp)),
};
const classes: Column[] = [
  { name: "StorageClass", cell: spec("storageClassName") },
  { name: "VolumeAttributesClass", cell: specOrUnset("volumeAttributesClassName") },
];
const mode: Column = { name: "VolumeMode", priority: 1, cell: specOrUnset("volumeMode") };

export const volumeColumns: Column[] = [
  { name: "Capacity", cell: (volume) => text(at(volume, "spec", "capacity", "storage")) || "0" },
  { name: "Access Modes", cell: (volume) => modes(at(volume, "spec", "accessModes")) },
  { name: "Reclaim Policy", cell: spec("persistentVolumeReclaimPolicy") },
  { name: "Status", cell: phase },
  {
    name: "Claim",
    cell: (volume) => {
      const claim = at(volume, "spec", "claimRef");
      return claim ? `${text(at(claim, "namespace"))}/${text(at(claim, "name"))}` : "";
    },
  },
  ...classes,
  { name: "Reason", cell: (volume) => text(at(volume, "status", "reason")) },
  age,
  mode,
];

export const claimColumns: Column[] = [
  { name: "Status", cell: phase },
  { name: "Volume", cell: spec("volumeName") },
  {
    name: "Capacity",
    cell: (claim) => (isBound(claim) ? text(at(claim, "status", "capacity", "storage")) || "0" : ""),
  },
  {
    name: "Access Modes",
    cell: (claim) => (isBound(claim) ? modes(at(claim, "status", "accessModes")) : ""),
  },
  ...classes,
  age,
  mode,
];
