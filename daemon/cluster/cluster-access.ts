import type { KubeConfig, User } from "@kubernetes/client-node";
import type { Impersonation } from "./impersonation.ts";

/** The parts of a kubeconfig that requests need. */
export type ClusterAccess = Pick<KubeConfig, "getCurrentCluster" | "getCurrentUser" | "applyToHTTPSOptions">;

/** A user with the fields that the official client does not read. */
export type ReadUser = User & { impersonation?: Impersonation };
