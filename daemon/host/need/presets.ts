import type { Argv } from "../exec.ts";
import type { Meaning } from "./need.ts";

/** How a family of systems says that it needs a reboot. */
export interface Preset {
  /** `ID` or `ID_LIKE` in os-release: https://www.freedesktop.org/software/systemd/man/latest/os-release.html */
  ids: readonly string[];
  asks:
    | { /** In the host's /run; any of them is a need. */ files: readonly string[] }
    | { command: Argv; meaning: Meaning /** What brings the command. */; from: string };
}

export const presets = {
  /** Azure's images have a timer that makes the file: https://github.com/Azure/AgentBaker/pull/1142. They are like no other system. */
  debian: { ids: ["debian", "ubuntu", "azurelinux", "mariner"], asks: { files: ["reboot-required"] } },
  /** update_engine makes it from 3067.0.0 on: https://github.com/flatcar-archive/coreos-overlay/pull/1482 */
  flatcar: { ids: ["flatcar"], asks: { files: ["reboot-required"] } },
  /**
   * The first is what `zypper needs-rebooting` looks at, and nothing else: https://manpages.opensuse.org/zypp-boot-plugin. Systems that are
   * updated as a whole make the second in its place where they are set up for kured:
   * https://github.com/openSUSE/transactional-update (REBOOT_METHOD).
   */
  suse: { ids: ["suse", "opensuse", "sles"], asks: { files: ["reboot-needed", "reboot-required"] } },
  /**
   * 1 is needed, 0 is not: https://dnf-plugins-core.readthedocs.io/en/latest/needs_restarting.html. An error of dnf ends with 1 too.
   */
  rhel: {
    ids: ["rhel", "fedora", "centos", "amzn"],
    asks: {
      // dnf speaks the language of its environment.
      command: ["/usr/bin/env", "LC_ALL=C", "needs-restarting", "-r"],
      meaning: {
        needed: 1,
        notNeeded: 0,
        yes: /^\s*Reboot is required/m,
        // Every package of an advisory that suggests a reboot may be in the list, so that it is long.
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

/** The preset for a host, from the text of its os-release: by what it is, else by what it is like, the nearest first. */
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
