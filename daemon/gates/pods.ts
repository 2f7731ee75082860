import type { Api } from "../cluster/api.ts";
import type { PartialObjectMetadata } from "../cluster/objects.ts";
import { listAll } from "../cluster/pages.ts";
import { paths } from "../cluster/paths.ts";
import { firstOf } from "../text/list.ts";
import type { Gate } from "./gate.ts";
import type { Looked } from "./notices/unmatched.ts";

export interface BlockingPods {
  /** Label selectors, as the server reads them. */
  selectors: readonly string[];
  /** Namespaces in which such pods count. Empty: all namespaces. */
  namespaces: readonly string[];
}

const podsMax = 10;

/** Closed while an unfinished pod on this node matches any of the label selectors. */
export function podsGate(
  api: Api,
  nodeName: string,
  { selectors, namespaces }: BlockingPods,
  looked: Looked = () => {},
  onFound: (podCount: number) => void = () => {},
): Gate<"pods"> {
  const isUnfinished = "status.phase!=Succeeded,status.phase!=Failed,status.phase!=Unknown";
  const fieldSelector = `spec.nodeName=${nodeName},${isUnfinished}`;
  return {
    name: "pods",
    stages: ["start"],
    cost: "remote",
    async check(_, signal) {
      const lists = await Promise.all(
        selectors.map((labelSelector) =>
          listAll<PartialObjectMetadata>(api, paths.pods, {
            signal,
            query: { fieldSelector, labelSelector },
            metadataOnly: "list",
          }),
        ),
      );
      for (const [index, selector] of selectors.entries()) {
        looked(`--blocking-pod-selector=${JSON.stringify(selector)}`, (lists[index] ?? []).length > 0);
      }
      for (const one of namespaces) {
        const isThere = lists.flat().some(({ metadata }) => metadata?.namespace === one);
        looked(`--blocking-pod-namespace=${JSON.stringify(one)}`, isThere);
      }
      const counting = lists
        .flat()
        .filter(({ metadata }) => namespaces.length === 0 || namespaces.includes(metadata?.namespace ?? ""));
      const names = [
        ...new Set(counting.map(({ metadata }) => `${metadata?.namespace}/${metadata?.name}`)),
      ].sort();
      onFound(names.length);
      if (names.length === 0) return { open: true };
      const shown = firstOf(names, podsMax);
      return { open: false, code: "blocking", message: `blocking pods are on this node: ${shown}` };
    },
  };
}
