import type { Argv } from "../exec.ts";
import type { Meaning } from "./need.ts";

/** The way in which a family of systems shows that it needs a reboot. */
export interface Preset {
  /**
   * `ID` or `ID_LIKE` in os-release: https://www.freedesktop.org/software/systemd/man/latest/os-release.html
   */
  ids: readonly string[];
  asks:
    | {
        /** Names in the host's /run. Each of them means that a reboot is needed. */ files: readonly string[];
      }
    | { command: Argv; meaning: Meaning /** The package with the command. */; from: string };
}

export const presets = {
  /**
   * A timer in Azure's images creates the file: https://github.com/Azure/AgentBaker/pull/1142. They have no
   * ID_LIKE.
   */
  debian: { ids: ["debian", "ubuntu", "azurelinux", "mariner"], asks: { files: ["reboot-required"] } },
  /** update_engine creates it since 3067.0.0: https://github.com/flatcar-archive/coreos-overlay/pull/1482 */
  flatcar: { ids: ["flatcar"], asks: { files: ["reboot-required"] } },
  /**
   * `zypper needs-rebooting` checks only the first file: https://manpages.opensuse.org/zypp-boot-plugin.
   * Transactional systems that are set up for kured create the second one instead:
   * https://github.com/openSUSE/transactional-update (REBOOT_METHOD).
   */
  suse: { ids: ["suse", "opensuse", "sles"], asks: { files: ["reboot-needed", "reboot-required"] } },
  /**
   * Exit code 1 is a yes, 0 a no: https://dnf-plugins-core.readthedocs.io/en/latest/needs_restarting.html.
   * Errors of dnf exit with 1, too.
   */
  rhel: {
    ids: ["rhel", "fedora", "centos", "amzn"],
    asks: {
      // dnf translates its output.
      command: ["/usr/bin/env", "LC_ALL=C", "needs-restarting", "-r"],
      meaning: {
        needed: 1,
        notNeeded: 0,
        yes: /^\s*Reboot is required/m,
        // The list may be long: it may have every package of an advisory that suggests a reboot.
        reasons: {
          heading: /^Core libraries or services have been updated.*:$/m,
          each: /^ +(?:\* )?(\S+)/gm,
        },
      },
      from: "dnf-utils",
    },
  },
} as const satisfies Record<string, Preset>;

export type PresetName = keyof typeof presets;

/** The preset for a host, from the text of its os-release: by its ID, else by the first known ID_LIKE. */
export function presetFor(osRelease: string): PresetName | undefined {
  const names = Object.keys(presets) as PresetName[];
  for (const id of [...wordsOf(osRelease, "ID"), ...wordsOf(osRelease, "ID_LIKE")]) {
    const found = names.find((name) => (presets[name] as Preset).ids.includes(id));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The words of a value, which may be quoted. */
function wordsOf(osRelease: string, key: string): string[] {
  const [, value = ""] = new RegExp(`^${key}=["']?([^"'\\n]*)`, "m").exec(osRelease) ?? [];
  return value.split(/\s+/).filter((word) => word !== "");
}
