/** The admission policies of the manifests. */
import { isApiError } from "../../cluster/api.ts";
import { listAll } from "../../cluster/pages.ts";
import { paths } from "../../cluster/paths.ts";
import { applyAgain, type Finding, type Item, ok, warning } from "./finding.ts";

interface Binding {
  spec?: { policyName?: string; validationActions?: readonly string[] };
}

/** The policies of manifests/base, and what each is for. */
export const policies = {
  rebootd: "keeps a stolen token of a daemon from other nodes",
  "rebootd-conditions": "keeps a daemon from the conditions of others",
  "rebootd-records": "keeps others from the records on the Nodes",
} as const;

export const policiesItem: Item = {
  name: "admission policies",
  async run({ api, signal }) {
    try {
      const [found, bindings] = await Promise.all([
        listAll<{ metadata?: { name?: string } }>(api, paths.admissionPolicies, { signal }),
        listAll<Binding>(api, paths.admissionPolicyBindings, { signal }),
      ]);
      const names = new Set(found.map(({ metadata }) => metadata?.name));
      const denying = new Set(
        bindings
          .filter(({ spec }) => spec?.validationActions?.includes("Deny"))
          .map(({ spec }) => spec?.policyName),
      );
      const wrong = Object.entries(policies).flatMap(([name, purpose]): Finding[] => {
        if (!names.has(name)) return [warning(`there is no ${name}, which ${purpose}`, applyAgain)];
        if (denying.has(name)) return [];
        return [warning(`${name}, which ${purpose}, has no binding that denies`, applyAgain)];
      });
      return wrong.length > 0 ? wrong : ok(`${Object.keys(policies).join(", ")}: present, and bound`);
    } catch (error) {
      if (!isApiError(error, "not-found")) throw error;
      return warning("the server has none: Kubernetes before 1.30", "upgrade the cluster");
    }
  },
};
