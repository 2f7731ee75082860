import type { PresetName } from "../../../daemon/host/need/presets.ts";

export interface System {
  name: string;
  /** Lines of its os-release; those that only people read are left out. */
  osRelease: string;
  /** The preset of --os=auto, or words of the advice that a refusal gives. */
  is: PresetName | RegExp;
}

const suse = (id: string, like: string, more = "") => `NAME="${more}"\nID="${id}"\nID_LIKE="${like}"\n`;

/** As the systems themselves have them. Those without a source are of the images that their makers publish. */
export const systems: readonly System[] = [
  {
    name: "Debian 12",
    osRelease:
      'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nID=debian\n',
    is: "debian",
  },
  {
    name: "Raspbian 12",
    osRelease:
      'PRETTY_NAME="Raspbian GNU/Linux 12 (bookworm)"\nNAME="Raspbian GNU/Linux"\nVERSION_ID="12"\nID=raspbian\nID_LIKE=debian\n',
    is: "debian",
  },
  {
    name: "a derivative of Ubuntu, by the first ID_LIKE that is known",
    osRelease: 'NAME="Linux Mint"\nID=linuxmint\nID_LIKE="ubuntu debian"\nVERSION_ID="22"\n',
    is: "ubuntu",
  },
  {
    name: "Ubuntu 24.04",
    osRelease:
      'PRETTY_NAME="Ubuntu 24.04.3 LTS"\nNAME="Ubuntu"\nVERSION_ID="24.04"\nVERSION_CODENAME=noble\nID=ubuntu\nID_LIKE=debian\nUBUNTU_CODENAME=noble\nLOGO=ubuntu-logo\n',
    is: "ubuntu",
  },
  // https://github.com/canonical/cloud-init: tests/unittests/test_util.py, for this one and Mariner.
  {
    name: "Azure Linux 3 without ID_LIKE",
    osRelease:
      'NAME="Microsoft Azure Linux"\nVERSION="3.0.20240206"\nID=azurelinux\nVERSION_ID="3.0"\nPRETTY_NAME="Microsoft Azure Linux 3.0"\nANSI_COLOR="1;34"\n',
    is: "debian",
  },
  {
    name: "CBL-Mariner 2",
    osRelease:
      'NAME="CBL-Mariner"\nVERSION="2.0.20221004"\nID=mariner\nVERSION_ID=2.0\nPRETTY_NAME="CBL-Mariner/Linux"\n',
    is: "debian",
  },
  // https://github.com/microsoft/azurelinux: SPECS/azurelinux-release/azurelinux-release.spec, 3.0-39.
  {
    name: "Azure Linux 3 with Fedora's ID_LIKE",
    osRelease:
      'NAME="Microsoft Azure Linux"\nVERSION="3.0.20260501"\nID=azurelinux\nID_LIKE=fedora\nVERSION_ID="3.0"\nPRETTY_NAME="Microsoft Azure Linux 3.0"\n',
    is: "debian",
  },
  {
    name: "Azure Linux 4",
    osRelease: 'NAME="Azure Linux"\nID=azurelinux\nID_LIKE=fedora\nVERSION_ID="4.0"\n',
    is: "debian",
  },
  // https://github.com/flatcar/Flatcar/issues/1983
  {
    name: "Flatcar 4515",
    osRelease:
      'NAME="Flatcar Container Linux by Kinvolk"\nID=flatcar\nID_LIKE=coreos\nVERSION=4515.1.0\nVERSION_ID=4515.1.0\nSYSEXT_LEVEL=1.0\nFLATCAR_BOARD="amd64-usr"\n',
    is: "flatcar",
  },
  {
    name: "Amazon Linux 2",
    osRelease:
      'NAME="Amazon Linux"\nVERSION="2"\nID="amzn"\nID_LIKE="centos rhel fedora"\nVERSION_ID="2"\nPRETTY_NAME="Amazon Linux 2"\n',
    is: "rhel",
  },
  {
    name: "Amazon Linux 2023",
    osRelease:
      'NAME="Amazon Linux"\nVERSION="2023"\nID="amzn"\nID_LIKE="fedora"\nVERSION_ID="2023"\nPLATFORM_ID="platform:al2023"\nPRETTY_NAME="Amazon Linux 2023.12.20260930"\n',
    is: "rhel",
  },
  {
    name: "Red Hat 9",
    osRelease:
      'NAME="Red Hat Enterprise Linux"\nVERSION="9.4 (Plow)"\nID="rhel"\nID_LIKE="fedora"\nVERSION_ID="9.4"\nPLATFORM_ID="platform:el9"\n',
    is: "rhel",
  },
  {
    name: "AlmaLinux 8",
    osRelease:
      'NAME="AlmaLinux"\nVERSION="8.3 (Purple Manul)"\nID="almalinux"\nID_LIKE="rhel centos fedora"\nVERSION_ID="8.3"\nPLATFORM_ID="platform:el8"\n',
    is: "rhel",
  },
  {
    name: "Rocky Linux 10",
    osRelease:
      'NAME="Rocky Linux"\nVERSION="10.0 (Red Quartz)"\nID="rocky"\nID_LIKE="rhel centos fedora"\nVERSION_ID="10.0"\n',
    is: "rhel",
  },
  {
    name: "Oracle Linux 9",
    osRelease:
      'NAME="Oracle Linux Server"\nVERSION="9.4"\nID="ol"\nID_LIKE="fedora"\nVARIANT="Server"\nVARIANT_ID="server"\nVERSION_ID="9.4"\n',
    is: "rhel",
  },
  {
    name: "CentOS Stream 9",
    osRelease: 'NAME="CentOS Stream"\nVERSION="9"\nID="centos"\nID_LIKE="rhel fedora"\nVERSION_ID="9"\n',
    is: "rhel",
  },
  {
    name: "Fedora 43",
    osRelease:
      'NAME="Fedora Linux"\nVERSION="43 (Server Edition)"\nID=fedora\nVERSION_ID=43\nVARIANT_ID=server\n',
    is: "rhel",
  },
  {
    name: "Fedora CoreOS, which has Fedora's ID",
    osRelease:
      'NAME="Fedora Linux"\nID=fedora\nVERSION_ID=43\nVARIANT="CoreOS"\nVARIANT_ID=coreos\nOSTREE_VERSION=\'43.20261110.3.0\'\n',
    is: "ostree",
  },
  { name: "SLES 15", osRelease: suse("sles", "suse", "SLES"), is: "suse" },
  { name: "SLES 12, without ID_LIKE", osRelease: 'NAME="SLES"\nVERSION="12-SP5"\nID="sles"\n', is: "suse" },
  { name: "openSUSE Leap", osRelease: suse("opensuse-leap", "suse opensuse", "openSUSE Leap"), is: "suse" },
  {
    name: "openSUSE Tumbleweed",
    osRelease: suse("opensuse-tumbleweed", "opensuse suse", "openSUSE Tumbleweed"),
    is: "suse",
  },
  // https://build.opensuse.org/package/show/openSUSE:Factory/openSUSE-release
  {
    name: "openSUSE MicroOS",
    osRelease: suse(
      "opensuse-microos",
      "suse opensuse opensuse-tumbleweed microos sl-micro",
      "openSUSE MicroOS",
    ),
    is: "suse",
  },
  // https://bugzilla.opensuse.org/show_bug.cgi?id=1228361
  {
    name: "Aeon",
    osRelease: suse("opensuse-aeon", "suse opensuse opensuse-tumbleweed opensuse-microos microos", "Aeon"),
    is: "suse",
  },
  { name: "SLE Micro 5.5", osRelease: suse("sle-micro", "suse", "SLE Micro"), is: "suse" },
  { name: "SLE Micro without ID_LIKE", osRelease: 'NAME="SLE Micro"\nID="sle-micro"\n', is: "suse" },
  { name: "SL Micro 6.0", osRelease: suse("sl-micro", "suse", "SL-Micro"), is: "suse" },
  {
    name: "SL Micro 6.1",
    osRelease: suse("sl-micro", "suse sle-micro opensuse-microos microos", "SL-Micro"),
    is: "suse",
  },
  { name: "Leap Micro", osRelease: 'NAME="openSUSE Leap Micro"\nID="opensuse-leap-micro"\n', is: "suse" },
  // https://github.com/bottlerocket-os/bottlerocket: sources/metricdog
  {
    name: "Bottlerocket",
    osRelease:
      'NAME=Bottlerocket\nID=bottlerocket\nVERSION="1.47.0 (aws-k8s-1.34)"\nVARIANT_ID=aws-k8s-1.34\nVERSION_ID=1.47.0\n',
    is: /brupop/,
  },
  {
    name: "Talos",
    osRelease: 'NAME="Talos"\nID=talos\nVERSION_ID=v1.13.7\nPRETTY_NAME="Talos (v1.13.7)"\n',
    is: /tuppr/,
  },
  {
    name: "Red Hat CoreOS of OpenShift",
    osRelease:
      'ID="rhcos"\nID_LIKE="rhel fedora"\nVARIANT_ID=coreos\nOSTREE_VERSION=\'413.92.202310210500-0\'\n',
    is: /Machine Config Operator/,
  },
  {
    name: "Container-Optimized OS",
    osRelease: 'NAME="Container-Optimized OS"\nID=cos\nVERSION=93\nVERSION_ID=93\n',
    is: /GKE/,
  },
  {
    name: "Photon",
    osRelease: 'NAME="VMware Photon OS"\nVERSION="4.0"\nID=photon\nVERSION_ID=4.0\n',
    is: /ID=photon.*--reboot-sentinel=/,
  },
  { name: "Alpine", osRelease: 'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.22.1\n', is: /ID=alpine/ },
  { name: "NixOS", osRelease: 'NAME=NixOS\nID=nixos\nVERSION_ID="25.05"\n', is: /ID=nixos/ },
  { name: "a file without an ID", osRelease: 'NAME="Something"\n', is: /ID=\?/ },
  { name: "an empty file", osRelease: "", is: /ID=\?/ },
];
