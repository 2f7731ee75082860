/** The page of the rights, from the comments beside each verb of the manifests. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { loadAllYaml } from "@kubernetes/client-node";
import type { ManifestObject, PolicyRule } from "../../world/manifests.ts";

const manifests = new URL("../../../manifests/", import.meta.url);

const intro = `# Rights

<!-- npm run docs writes this page from the rbac.yaml files in manifests. -->

These are all rights that the manifests grant, each with its reason. RBAC has no notion of a daemon's own Node: the
admission policies add that, as [Who may write what](../harden.md#who-may-write-what) explains. A person who runs a
command uses the rights of that person.
`;

/** The text of docs/reference/rights.md. */
export function rightsPage(): string {
  const components = readdirSync(new URL("components/", manifests)).toSorted();
  const folders = ["base", ...components.map((name) => `components/${name}`)];
  return intro + folders.map(sectionOf).join("");
}

/** The roles of one folder; empty for a folder without rights of its own. */
function sectionOf(folder: string): string {
  const file = new URL(`${folder}/rbac.yaml`, manifests);
  if (!existsSync(file)) return "";
  const text = readFileSync(file, "utf8");
  const reasons = [...text.matchAll(/^ +- [a-z]+ # (.+)$/gm)].map(([, reason = ""]) => reason).values();
  const comments = text.split(/^---\n/m).map(commentBefore);
  const roles = (loadAllYaml(text) as (ManifestObject & { rules?: PolicyRule[] })[]).flatMap(
    ({ kind, metadata, rules }, place) => {
      if (rules === undefined) return [];
      const rows = rules.flatMap((rule) =>
        rule.verbs.map((verb) => rowText(rule, verb, reasons.next().value)),
      );
      const where = metadata.namespace === undefined ? "" : ` in ${metadata.namespace}`;
      return [
        `\n### ${kind} \`${metadata.name}\`${where}\n\n${comments[place] ?? ""}| resource | verb | why |\n|---|---|---|\n${rows.join("")}`,
      ];
    },
  );
  return roles.length === 0 ? "" : `\n## \`manifests/${folder}\`\n${roles.join("")}`;
}

/** The lines of comment at the beginning of a document, as a paragraph. */
function commentBefore(document: string): string {
  const [comment = ""] = /^(?:# .*\n)*/.exec(document) ?? [];
  return comment && `${comment.replaceAll(/^# /gm, "")}\n`;
}

function rowText({ apiGroups, resources, resourceNames }: PolicyRule, verb: string, reason = ""): string {
  const groups = apiGroups.map((group) => (group === "" ? "" : `.${group}`));
  const names = (resourceNames ?? []).map((name) => ` \`${name}\``).join(",");
  const shown = resources.flatMap((resource) => groups.map((group) => `\`${resource}${group}\``)).join(", ");
  return `| ${shown}${names} | \`${verb}\` | ${reason} |\n`;
}
