import type { Argv } from "../exec.ts";

/** Another program that may reboot a node without the lock of rebootd. */
export interface RebootManager {
  /** Its name, also as a label of a metric. */
  name: string;
  /** Its doing, with the program as the subject: "reboots the machine after an update". */
  does: string;
  /** The remedy: a command, or a sentence. */
  fix: string;
  /** The page of its maker that says so. */
  source: string;
}

/** One that the host itself runs. It counts only where it is seen, so that there are no false alarms. */
export interface HostManager extends RebootManager {
  /** Units of systemd, of which one is active where it is on. */
  units: readonly string[];
  /** Its configuration, where an active unit alone does not say that it reboots. */
  setting?: HostSetting;
}

export interface HostSetting {
  /** Run on the host, where the daemon may. */
  command: Argv;
  /** Whether it reboots, by the output of the command. */
  reboots: (output: string) => boolean;
}

const shell = (script: string): Argv => ["/bin/sh", "-c", script];

/** apt itself reads the configuration: later files replace earlier ones, and a package that is gone leaves its files. */
const aptCommand = shell(
  "test -x /usr/bin/unattended-upgrade && apt-config shell " +
    "ENABLE APT::Periodic::Enable RUN APT::Periodic::Unattended-Upgrade REBOOT Unattended-Upgrade::Automatic-Reboot/b",
);

function aptReboots(output: string): boolean {
  const value = (name: string) => new RegExp(`^${name}='(.*)'$`, "m").exec(output)?.[1];
  const runs = value("RUN") ?? "0";
  return value("ENABLE") !== "0" && runs !== "0" && runs !== "" && value("REBOOT") === "true";
}

/** The file that is read last counts: dnf 5 has its own. */
const dnfCommand = shell(
  "cat /etc/dnf/automatic.conf /etc/dnf/dnf5-plugins/automatic.conf 2>/dev/null; true",
);

function dnfReboots(output: string): boolean {
  const values = [...output.matchAll(/^\s*reboot\s*=\s*([\w-]+)\s*$/gm)].map(([, value]) => value);
  return ["when-changed", "when-needed"].includes(values.at(-1) ?? "never");
}

/** Every one that a daemon can see on its own machine. */
export const hostManagers: readonly HostManager[] = [
  {
    name: "unattended-upgrades",
    does: 'reboots the machine after an upgrade, as its Automatic-Reboot is "true"',
    fix: 'set Unattended-Upgrade::Automatic-Reboot "false" in a file of /etc/apt/apt.conf.d that comes last',
    source: "https://manpages.debian.org/bookworm/unattended-upgrades/unattended-upgrade.8.en.html",
    units: ["apt-daily-upgrade.timer"],
    setting: { command: aptCommand, reboots: aptReboots },
  },
  {
    name: "dnf-automatic",
    does: "reboots the machine after an upgrade, as its option reboot is not never",
    fix: "set reboot = never in /etc/dnf/automatic.conf, or in dnf5-plugins/automatic.conf beside it",
    source: "https://dnf5.readthedocs.io/en/latest/dnf5_plugins/automatic.8.html",
    units: ["dnf-automatic.timer", "dnf-automatic-install.timer", "dnf5-automatic.timer"],
    setting: { command: dnfCommand, reboots: dnfReboots },
  },
  {
    name: "locksmithd",
    does: "reboots the machine after an update",
    fix: "systemctl mask --now locksmithd.service on the machine; --os=flatcar notices the update",
    source: "https://www.flatcar.org/docs/latest/setup/releases/update-strategies/",
    units: ["locksmithd.service"],
  },
  {
    name: "Zincati",
    does: "updates and reboots the machine by a strategy of its own",
    fix: "systemctl mask --now zincati.service on the machine, and let something else stage the updates",
    source: "https://coreos.github.io/zincati/usage/updates-strategy/",
    units: ["zincati.service"],
  },
  {
    name: "rebootmgr",
    does: "reboots the machine in a window of its own",
    fix: "systemctl disable --now rebootmgr.service on the machine, and REBOOT_METHOD=kured in /etc/transactional-update.conf",
    source: "https://github.com/SUSE/rebootmgr",
    units: ["rebootmgr.service"],
  },
  {
    name: "systemd-sysupdate",
    does: "reboots the machine after an update, by its timer for reboots",
    fix: "systemctl disable --now systemd-sysupdate-reboot.timer on the machine",
    source: "https://www.freedesktop.org/software/systemd/man/latest/systemd-sysupdate.html",
    units: ["systemd-sysupdate-reboot.timer"],
  },
  {
    name: "bootc",
    does: "updates and reboots the machine, by its timer",
    fix: "systemctl mask --now bootc-fetch-apply-updates.timer on the machine",
    source: "https://bootc-dev.github.io/bootc/upgrades.html",
    units: ["bootc-fetch-apply-updates.timer"],
  },
];
