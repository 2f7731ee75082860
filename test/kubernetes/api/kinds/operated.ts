/** Custom resources of operators whose health others ask for, as where these are installed. */
import { resource, status } from "../row.ts";
import { keepsStatus } from "./other.ts";

const operatedBy = (group: string, version: string, kind: string) =>
  resource(group, version, {
    kind,
    plural: `${kind.toLowerCase()}s`,
    type: "CustomObject",
    subresources: [status],
    hasGeneration: true,
    rules: keepsStatus,
  });

export const operated = [
  operatedBy("ceph.rook.io", "v1", "CephCluster"),
  operatedBy("kustomize.toolkit.fluxcd.io", "v1", "Kustomization"),
  operatedBy("longhorn.io", "v1beta2", "Volume"),
  operatedBy("postgresql.cnpg.io", "v1", "Cluster"),
];
