import type { Api } from "../cluster/api.ts";
import { type List, type Pod, paths } from "../cluster/objects.ts";
import type { Gate } from "./gate.ts";

const podsMax = 10;

/** Closed while a pod on this node that is not finished matches any of the label selectors. */
export function podsGate(api: Api, nodeName: string, selectors: readonly string[]): Gate {
  return {
    name: "pods",
    stages: ["start"],
    asks: "afar",
    async check(_, signal) {
      const fieldSelector = `spec.nodeName=${nodeName},status.phase!=Succeeded,status.phase!=Failed,status.phase!=Unknown`;
      const lists = await Promise.all(
        selectors.map((labelSelector) =>
          api.get<List<Pod>>(paths.pods, { signal, query: { fieldSelector, labelSelector, limit: podsMax } }),
        ),
      );
      const names = lists.flatMap((list) =>
        list.items.map((pod) => `${pod.metadata?.namespace}/${pod.metadata?.name}`),
      );
      if (names.length === 0) return { open: true };
      const shown = [...new Set(names)].slice(0, podsMax).join(", ");
      return { open: false, code: "blocking", message: `blocking pods are on this node: ${shown}` };
    },
  };
}
