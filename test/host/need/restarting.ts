/** What programs have printed and how they ended on systems of the family of Red Hat, with the page that shows it. */

export interface Printed {
  name: string;
  code: number;
  text: string;
  /** The reasons of a yes; "no"; "unknown"; or "absent" where the host lacks the command. */
  means: readonly string[] | "no" | "unknown" | "absent";
}

const no = "No core libraries or services have been updated since boot-up.\nReboot should not be necessary.";
const yes = "Core libraries or services have been updated since boot-up:";
const required =
  "Reboot is required to fully utilize these updates.\nMore information: https://access.redhat.com/solutions/27943";

export const printed: readonly Printed[] = [
  // https://github.com/theforeman/foreman-documentation/issues/1858, for this one and the next.
  { name: "dnf 4 without a need", code: 0, text: no, means: "no" },
  { name: "dnf 4", code: 1, text: `${yes}\n  * kernel\n\n${required}`, means: ["kernel"] },
  // https://www.baeldung.com/linux/check-service-needs-restart
  {
    name: "dnf 4 on Fedora, without an empty line",
    code: 1,
    text: `${yes}\n  * dbus\n  * dbus-broker\n  * glibc\n  * linux-firmware\n${required}`,
    means: ["dbus", "dbus-broker", "glibc", "linux-firmware"],
  },
  // https://github.com/lima-vm/lima/pull/4442
  {
    name: "dnf 5, which loads metadata first",
    code: 1,
    text: `Updating and loading repositories:
 Fedora 43 openh264 (From Cisco) - x86_ 100% |   1.6 KiB/s |  10.1 KiB |  00m06s
 Fedora 43 - x86_64 - Updates           100% |   1.7 MiB/s |  21.9 MiB |  00m13s
 Fedora 43 - x86_64                     100% |   2.2 MiB/s |  57.8 MiB |  00m26s
Repositories loaded.
${yes}
  * glib2
  * kernel-core
  * systemd

${required}`,
    means: ["glib2", "kernel-core", "systemd"],
  },
  // https://seinolab.jp/posts/2024/dnf5-needs-restarting.html
  {
    name: "dnf 5 without a need",
    code: 0,
    text: `Updating and loading repositories:\nRepositories loaded.\n${no}`,
    means: "no",
  },
  // https://github.com/rpm-software-management/dnf5/pull/718 and issues/1942
  {
    name: "dnf 5 without its plugins",
    code: 2,
    text: `Unknown argument "needs-restarting" for command "dnf5". Add "--help" for more information about the arguments.
It could be a command provided by a plugin, try: dnf5 install 'dnf5-command(needs-restarting)'`,
    means: "absent",
  },
  {
    name: "dnf 4 without its plugins",
    code: 1,
    text: `No such command: needs-restarting. Please use /usr/bin/dnf --help
It could be a DNF plugin command, try: "dnf install 'dnf-command(needs-restarting)'"`,
    means: "absent",
  },
  {
    name: "dnf 5 without a network",
    code: 1,
    text: `Updating and loading repositories:
 Fedora 43 - x86_64 - Updates             0% |   0.0   B/s |   0.0   B |  00m00s
>>> Curl error (6): Could not resolve hostname for https://mirrors.fedoraproject.org/metalink?repo=updates-released-f43
Failed to download metadata`,
    means: "unknown",
  },
  {
    name: "dnf 4 with a broken configuration",
    code: 1,
    text: 'Config error: Parsing file "/etc/dnf/dnf.conf" failed: IniParser: Missing section header at line 1',
    means: "unknown",
  },
  // yum-utils: needs-restarting.py, of Red Hat 7 and Amazon Linux 2
  {
    name: "yum",
    code: 1,
    text: `${yes}
  kernel -> 3.10.0-1160.119.1.el7
  glibc -> 2.17-326.el7_9

Reboot is required to ensure that your system benefits from these updates.

More information:
https://access.redhat.com/solutions/27943`,
    means: ["kernel", "glibc"],
  },
  {
    name: "yum without a need",
    code: 0,
    text: "No core libraries or services have been updated.\nReboot is probably not necessary.",
    means: "no",
  },
  {
    name: "dnf 4 in another language",
    code: 1,
    text: `Kernbibliotheken oder -dienste wurden aktualisiert:\n  * kernel`,
    means: "unknown",
  },
  { name: "a program that is killed", code: 137, text: "", means: "unknown" },
];
