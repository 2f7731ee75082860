import { isApiError } from "../../../daemon/cluster/api.ts";
import type { OptOutTrouble } from "./opt-outs.ts";
import type { Action } from "./scene.ts";

const pods = "/api/v1/namespaces/default/pods";
const owner = {
  apiVersion: "batch/v1",
  kind: "Job",
  name: "ask",
  uid: "3a0b5b0e-0000-4000-8000-000000000000",
};
const metadataOf: Readonly<Record<OptOutTrouble["how"], object>> = {
  karpenter: { annotations: { "karpenter.sh/do-not-disrupt": "true" } },
  autoscaler: { annotations: { "cluster-autoscaler.kubernetes.io/safe-to-evict": "false" } },
  job: { ownerReferences: [{ ...owner, controller: true }] },
};

export const optOutActions: { "opted-out": Action<OptOutTrouble> } = {
  async "opted-out"({ node, how }, { world: { api, signal, time } }) {
    const name = `ask-${node}-${Math.round(time.clock.wall())}`;
    const metadata = { name, labels: { app: "ask" }, ...metadataOf[how] };
    const containers = [{ name: "main", image: "app:1" }];
    await api.create(pods, { metadata, spec: { nodeName: node, containers } }, { signal });
    return async () => {
      try {
        await api.delete(`${pods}/${name}`, {}, { signal });
      } catch (error) {
        if (!isApiError(error, "not-found")) throw error;
      }
    };
  },
};
