/** The cluster itself: the API server's version, the systems of the nodes. */
import { count } from "../../text/count.ts";
import { firstOf } from "../../text/list.ts";
import { type Finding, failed, type Item, ok, warning } from "./finding.ts";
import type { LookedNode } from "./look.ts";

/** The eviction of policy/v1: https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/ */
const minorMin = 22;
/** ValidatingAdmissionPolicy: https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/ */
const minorOfPolicies = 30;
const namedMax = 3;

export const kubernetesItem: Item = {
  name: "Kubernetes",
  async run(look) {
    const { gitVersion, major, minor } = await look.version();
    const number = Number(major) === 1 ? Number.parseInt(minor, 10) : Number.POSITIVE_INFINITY;
    if (Number.isNaN(number)) return warning(`the server names no version that is known: ${gitVersion}`);
    if (number < minorMin)
      return failed(`${gitVersion} is too old: rebootd needs 1.${minorMin}`, "upgrade the cluster");
    if (number < minorOfPolicies) {
      const what = `${gitVersion} has no admission policies, which keep a stolen token of a daemon from other nodes`;
      return warning(what, "use manifests/components/without-admission until the cluster is upgraded");
    }
    return ok(gitVersion);
  },
};

/** Systems that go their own way, by the beginning of `osImage`. */
const systems: readonly { image: RegExp; name: string; fix: string }[] = [
  {
    image: /^Talos\b/,
    name: "Talos",
    fix: "reboot them with talosctl: they have neither systemd nor a shell, which rebootd asks for a reboot",
  },
  {
    image: /^Bottlerocket\b/,
    name: "Bottlerocket",
    fix: "do not use --reboot-method=command there: they have no shell; see SELinux in docs/harden.md",
  },
];

export const nodesItem: Item = {
  name: "nodes",
  async run(look) {
    const nodes = await look.nodes();
    const linux = nodes.filter(isLinux);
    const others = nodes.length - linux.length;
    const left = others === 0 ? "" : `; ${count(others, "node")} without Linux, which rebootd leaves alone`;
    const odd = systems.flatMap(({ image, name, fix }) => {
      const found = linux.filter(({ status }) => image.test(status?.nodeInfo?.osImage ?? ""));
      return found.length === 0 ? [] : [warning(`${name} on ${named(found)}`, fix)];
    });
    const bootless = linux.filter(({ status }) => !status?.nodeInfo?.bootID);
    return [
      ok(`${count(linux.length, "node")} with Linux${left}`),
      ...odd,
      ...(bootless.length === 0 ? [] : [withoutBootID(bootless)]),
    ];
  },
};

function withoutBootID(nodes: readonly LookedNode[]): Finding {
  const what = `the kubelet reports no boot ID on ${named(nodes)}, so no reboot can be proved there`;
  return failed(what, "see why the kubelet cannot read /proc/sys/kernel/random/boot_id");
}

export function isLinux({ status }: LookedNode): boolean {
  return (status?.nodeInfo?.operatingSystem ?? "linux") === "linux";
}

/** "3 nodes (n1, n2, n3)", or the first few. */
export function named(nodes: readonly { metadata?: { name?: string } }[]): string {
  const names = nodes.map(({ metadata }) => metadata?.name ?? "").sort();
  return `${count(names.length, "node")} (${firstOf(names, namedMax)})`;
}
