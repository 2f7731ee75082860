/** Asks the API server for the rights of the person and of the daemons. */
import { isApiError } from "../../cluster/api.ts";
import type { DaemonSet } from "../../cluster/objects.ts";
import { paths } from "../../cluster/paths.ts";
import { placeOptions } from "../../config/options/lock.ts";
import { parseSettings } from "../../config/settings.ts";
import type { HealthCondition } from "../../health/condition.ts";
import { lockKinds } from "../../lock/kinds.ts";
import type { LockPlace } from "../../lock/lock-object.ts";
import { ConfigError } from "../../text/config-error.ts";
import type { Installed } from "../installed.ts";
import { applyAgain, type Finding, failed, type Item, ok, warning } from "./finding.ts";
import { healthRights } from "./health-rights.ts";
import type { Look } from "./look.ts";

/** A question to the API server; without a namespace it is about all of them. */
export interface Right {
  verb: string;
  group: string;
  /** With its subresource, such as "pods/eviction". */
  resource: string;
  name?: string;
  namespace?: string;
}

const right = (verb: string, group: string, resource: string): Right => ({ verb, group, resource });

function onLock(verb: string, { kind, namespace, name }: LockPlace): Right {
  const group = kind === "lease" ? "coordination.k8s.io" : "apps";
  return { verb, group, resource: `${lockKinds[kind].title.toLowerCase()}s`, namespace, name };
}

/** The rights that manifests/base gives, but that on the lock. */
export const daemonRights: readonly Right[] = [
  ...["get", "list", "watch", "patch"].map((verb) => right(verb, "", "nodes")),
  right("patch", "", "nodes/status"),
  right("list", "", "pods"),
  right("watch", "", "pods"),
  right("create", "", "pods/eviction"),
  right("list", "policy", "poddisruptionbudgets"),
  right("watch", "policy", "poddisruptionbudgets"),
  right("get", "", "persistentvolumeclaims"),
  right("get", "storage.k8s.io", "csinodes"),
  right("get", "storage.k8s.io", "volumeattachments"),
  right("list", "storage.k8s.io", "volumeattachments"),
  right("get", "apps", "daemonsets"),
  right("create", "events.k8s.io", "events"),
  right("update", "rebootd.dev", "cycles"),
];

/** The rights of manifests/components/hook-jobs. */
function ofHookJobs(namespace: string): Right[] {
  return [
    right("get", "batch", "jobs"),
    right("create", "batch", "jobs"),
    right("get", "batch", "cronjobs"),
    right("list", "", "pods"),
    right("get", "", "pods/log"),
  ].map((one) => ({ ...one, namespace }));
}
/** The rights of manifests/components/surge. */
const surgeRights: readonly Right[] = [
  right("get", "apps", "replicasets"),
  right("get", "apps", "deployments"),
  right("patch", "apps", "deployments"),
];

const lockVerbs = ["get", "watch", "patch"] as const;

/** Each right with the commands that need it. */
const reading: readonly (readonly [Right, commands: string])[] = [
  [right("list", "", "nodes"), "status, watch, history, forecast"],
  [right("get", "", "nodes"), "explain"],
  [right("list", "", "pods"), "status, explain, plan"],
  [right("list", "apps", "daemonsets"), "all, to find rebootd"],
];
const writing: readonly (readonly [Right, commands: string])[] = [
  [right("patch", "", "nodes"), "reboot, pause NODE, resume NODE"],
  [right("update", "rebootd.dev", "cycles"), "resume NODE after failures"],
];

export const ownRightsItem: Item = {
  name: "your rights",
  async run(look) {
    const place = await placeOf(look);
    const onItsLock = (verb: string, commands: string) =>
      place === undefined ? [] : [[onLock(verb, place), commands] as const];
    const reads = await missing(look, [...reading, ...onItsLock("get", "status, explain")]);
    const writes = await missing(look, [
      ...writing,
      ...onItsLock("patch", "lock, unlock, pause --all, resume --all"),
    ]);
    const not = (rights: typeof reads) =>
      rights.map(([one, commands]) => `${rightText(one)} (${commands})`).join("; ");
    if (reads.length > 0)
      return warning(
        `you may not ${not([...reads, ...writes])}`,
        "ask an administrator for a role with these rights",
      );
    if (writes.length > 0) return ok(`you may read all that the commands show, but not ${not(writes)}`);
    return ok("enough for all commands");
  },
};

/** Another item tells where the place is not clear. */
async function placeOf(look: Look): Promise<LockPlace | undefined> {
  return await look.access().then(
    ({ access }) => access.place,
    () => undefined,
  );
}

type Needed = readonly (readonly [Right, commands: string])[];

async function missing(look: Look, needed: Needed): Promise<Needed> {
  const allowed = await Promise.all(
    needed.map(([one]) => mayDo(look, paths.selfSubjectAccessReviews, "SelfSubjectAccessReview", one)),
  );
  return needed.filter((_, index) => !allowed[index]);
}

/** https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access */
async function mayDo(
  { api, signal }: Look,
  path: string,
  kind: string,
  { verb, group, resource: whole, name, namespace }: Right,
  who: object = {},
): Promise<boolean> {
  const [resource = "", subresource] = whole.split("/");
  const resourceAttributes = { verb, group, resource, subresource, name, namespace };
  const body = { apiVersion: "authorization.k8s.io/v1", kind, spec: { resourceAttributes, ...who } };
  const { status } = await api.create<{ status?: { allowed?: boolean } }>(path, body, { signal });
  return status?.allowed === true;
}

/** "patch leases.coordination.k8s.io rebootd in kube-system". */
export function rightText({ verb, group, resource, name, namespace }: Right): string {
  const what = group === "" ? resource : `${resource}.${group}`;
  return [verb, what, name, namespace && `in ${namespace}`].filter(Boolean).join(" ");
}

export const daemonRightsItem: Item = {
  name: "rights of the daemons",
  async run(look) {
    const [installed, sets] = await Promise.all([look.installed(), look.daemonSets()]);
    if (installed.length === 0) return ok("no daemon to ask for");
    return await Promise.all(installed.map((one) => ofOne(look, one, accountOf(one, sets))));
  },
};

function accountOf({ key }: Installed, sets: readonly DaemonSet[]): string {
  const set = sets.find(({ metadata }) => `${metadata?.namespace}/${metadata?.name}` === key);
  return set?.spec?.template.spec?.serviceAccountName ?? "default";
}

async function ofOne(look: Look, installed: Installed, account: string): Promise<Finding> {
  const { namespace } = installed;
  const { place, conditions, ...needed } = neededBy(installed);
  const forHealth = {
    rights: await healthRights(look, conditions),
    fix: "copy manifests/components/health, with the kinds of --healthy-when and --healthy-before-uncordon",
  };
  const ofComponents = [...needed.ofComponents, forHealth];
  const who = {
    user: `system:serviceaccount:${namespace}:${account}`,
    groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"],
  };
  const onThisLock = place === undefined ? [] : lockVerbs.map((verb) => onLock(verb, place));
  const rights = [...daemonRights, ...onThisLock, ...ofComponents.flatMap(({ rights }) => rights)];
  try {
    const allowed = await Promise.all(
      rights.map((one) => mayDo(look, paths.subjectAccessReviews, "SubjectAccessReview", one, who)),
    );
    const not = rights.filter((_, index) => !allowed[index]).map(rightText);
    if (not.length === 0) return ok(`the ServiceAccount ${namespace}/${account} has all that it needs`);
    return failed(
      `the ServiceAccount ${namespace}/${account} may not ${not.join("; ")}`,
      fixFor(not, ofComponents),
    );
  } catch (error) {
    if (!isApiError(error, "forbidden")) throw error;
    const what = "you may not ask for the rights of others (create subjectaccessreviews)";
    return warning(what, `kubectl auth can-i --list --as=${who.user}, or ask an administrator`);
  }
}

/** The components that give what is missing; all of the manifests, where something of the base is missing too. */
function fixFor(not: readonly string[], ofComponents: readonly ComponentRights[]): string {
  const lacking = ofComponents.filter(({ rights }) => rights.some((one) => not.includes(rightText(one))));
  const given = lacking.flatMap(({ rights }) => rights.map(rightText));
  return not.every((one) => given.includes(one)) ? lacking.map(({ fix }) => fix).join("; ") : applyAgain;
}

/** Rights that a component gives, for an option that is given. */
interface ComponentRights {
  rights: readonly Right[];
  fix: string;
}

/** The options that need rights of their own. Where they are not valid, another item says so. */
function neededBy({ raw, unknown }: Installed): {
  ofComponents: readonly ComponentRights[];
  /** The rights for these depend on the kinds that the cluster serves. */
  conditions: readonly HealthCondition[];
  place?: LockPlace;
} {
  try {
    const { drain, lock, hooks, health } = parseSettings(raw);
    const { escalation, stopSelector, surge } = drain.planned;
    const deletesPods = Number.isFinite(escalation.drainDeleteAfterMs) || stopSelector !== undefined;
    const isElsewhere = unknown.some((name) => Object.hasOwn(placeOptions, name));
    const jobNamespaces = [hooks.beforeJob, hooks.afterJob].flatMap(
      (job) => job.template?.split("/")[0] ?? [],
    );
    const ofComponents: ComponentRights[] = [
      {
        rights: deletesPods ? [right("delete", "", "pods")] : [],
        fix: "add manifests/components/delete-pods",
      },
      {
        rights: [...new Set(jobNamespaces)].flatMap(ofHookJobs),
        fix: "add manifests/components/hook-jobs, for the namespace of the templates",
      },
      { rights: surge === undefined ? [] : surgeRights, fix: "add manifests/components/surge" },
    ];
    const conditions = health === undefined ? [] : [...health.beforeStart, ...health.beforeUncordon];
    return { ofComponents, conditions, ...(!isElsewhere && { place: lock.place }) };
  } catch (error) {
    if (error instanceof ConfigError) return { ofComponents: [], conditions: [] };
    throw error;
  }
}
