import type { Argv } from "../exec.ts";
import type { Meaning } from "./command-need.ts";

/** The way in which a family of systems shows that it needs a reboot. */
export interface Preset {
  /**
   * `ID` or `ID_LIKE` in os-release: https://www.freedesktop.org/software/systemd/man/latest/os-release.html
   */
  ids: readonly string[];
  asks:
    | {
        /** Files in the host's /run. Each of them means that a reboot is needed. */
        files: readonly PresetFile[];
        /** Files in the host's /run. Each of them means that an update is under way, which a reboot would break off. */
        busyFiles?: readonly string[];
        /** Whether Ubuntu's Pro client is asked for live patches of the kernel. */
        livePatch?: true;
      }
    | {
        /** The first one that the host has is asked. */
        commands: readonly [Argv, ...Argv[]];
        meaning: Meaning;
        /** The rest of "a host that has", with an example. */
        needs: string;
      };
}

export interface PresetFile {
  name: string;
  /** It may hold a word that is a reason. */
  holdsWord?: true;
}

const english = ["/usr/bin/env", "LC_ALL=C"] as const;
const reboots: readonly PresetFile[] = [{ name: "reboot-required" }];

export const presets = {
  /**
   * A timer in Azure's images creates the file: https://github.com/Azure/AgentBaker/pull/1142. Older ones have no
   * ID_LIKE, newer ones Fedora's.
   */
  debian: { ids: ["debian", "azurelinux", "mariner"], asks: { files: reboots } },
  ubuntu: { ids: ["ubuntu"], asks: { files: reboots, livePatch: true } },
  /**
   * update_engine creates it since 3067.0.0: https://github.com/flatcar-archive/coreos-overlay/pull/1482. Units that
   * update extensions by systemd-sysupdate do the same: https://flatcar.github.io/sysext-bakery/kubernetes/
   */
  flatcar: { ids: ["flatcar"], asks: { files: reboots } },
  /**
   * `zypper needs-rebooting` looks for nothing but the first file: https://github.com/openSUSE/zypper
   * (src/commands/needs-rebooting.cc). On transactional systems zypper writes it while the update still runs.
   * With REBOOT_METHOD=kured they create the second one at the end, and a script holds the first lock until then,
   * each of its steps the second: https://github.com/openSUSE/transactional-update
   */
  suse: {
    ids: ["suse", "opensuse", "sles", "sle-micro", "suse-microos", "opensuse-leap-micro"],
    asks: {
      files: [{ name: "reboot-needed", holdsWord: true }, ...reboots],
      busyFiles: ["transactional-update.pid", "tukit.lock"],
    },
  },
  /**
   * Exit code 1 is a yes, 0 a no; errors exit with 1, too. The first command is of dnf-utils or yum-utils:
   * https://dnf-plugins-core.readthedocs.io/en/latest/needs_restarting.html. dnf 5 asks without an option and says it
   * in the same words: https://dnf5.readthedocs.io/en/latest/dnf5_plugins/needs-restarting.8.html. The last one is dnf
   * 4 with plugins but without dnf-utils.
   */
  rhel: {
    ids: ["rhel", "fedora", "centos", "amzn"],
    asks: {
      // dnf translates its output.
      commands: [
        [...english, "needs-restarting", "-r"],
        [...english, "dnf5", "needs-restarting"],
        [...english, "dnf", "needs-restarting", "-r"],
      ],
      meaning: {
        needed: 1,
        notNeeded: 0,
        yes: /^\s*Reboot is required/m,
        // The list may be long: it may have every package of an advisory that suggests a reboot.
        reasons: {
          heading: /^Core libraries or services have been updated.*:$/m,
          each: /^ +(?:\* )?(\S+)/gm,
        },
        absent: /^(No such command: needs-restarting|Unknown argument "needs-restarting")/m,
      },
      needs: "needs-restarting, or dnf5 with its plugins, for example after dnf install dnf-utils",
    },
  },
  /** 77 is a yes: https://coreos.github.io/rpm-ostree/administrator-handbook/ */
  ostree: {
    ids: [],
    asks: {
      commands: [["rpm-ostree", "status", "--pending-exit-77"]],
      meaning: { needed: 77, notNeeded: 0 },
      needs: "rpm-ostree, for example Fedora CoreOS",
    },
  },
} as const satisfies Record<string, Preset>;

export type PresetName = keyof typeof presets;

/** Systems that rebootd cannot serve, by their `ID`: the reason, and the tool to use. */
export const unsuited = {
  bottlerocket:
    "Bottlerocket updates and reboots itself by its API: use its update operator (brupop), https://github.com/bottlerocket-os/bottlerocket-update-operator",
  talos:
    "Talos has no systemd and no command to reboot it: use talosctl upgrade, or tuppr, https://github.com/home-operations/tuppr",
  rhcos: "OpenShift's Machine Config Operator updates, drains and reboots its nodes: leave them to it",
  cos: "Container-Optimized OS is updated by new nodes: use the upgrades and maintenance windows of GKE",
} as const satisfies Record<string, string>;

export type UnsuitedName = keyof typeof unsuited;
