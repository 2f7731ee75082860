import assert from "node:assert/strict";
import { presetFor } from "../../../daemon/host/need/presets.ts";
import { everyRow } from "../../rows.ts";

describe("The preset of a system", () => {
  const systems: [osRelease: string, preset: string | undefined][] = [
    ['PRETTY_NAME="Debian GNU/Linux 12"\nID=debian\n', "debian"],
    ['ID=ubuntu\nID_LIKE=debian\nVARIANT_ID="rhel"', "debian"],
    ['NAME="Raspbian"\nID=raspbian\nID_LIKE=debian', "debian"],
    ['ID="rhel"\nID_LIKE="fedora"', "rhel"],
    ['ID="rocky"\nID_LIKE="rhel centos fedora"', "rhel"],
    ["ID=fedora", "rhel"],
    ["ID='ol'\nID_LIKE='fedora'", "rhel"],
    ['ID="sles"\nID_LIKE="suse"', "suse"],
    ['ID="opensuse-leap"\nID_LIKE="suse opensuse"', "suse"],
    ['ID="opensuse-microos"\nID_LIKE="suse opensuse opensuse-tumbleweed"', "suse"],
    ['ID="sl-micro"\nID_LIKE="suse"', "suse"],
    ['ID="sle-micro"\nID_LIKE="suse"', "suse"],
    ["ID=flatcar\nID_LIKE=coreos", "flatcar"],
    ['ID=azurelinux\nVERSION_ID="3.0"', "debian"],
    ['ID=mariner\nVERSION_ID="2.0"', "debian"],
    ['ID="amzn"\nVERSION_ID="2023"', "rhel"],
    ['ID="amzn"\nID_LIKE="fedora"', "rhel"],
    ["ID=talos", undefined],
    ["", undefined],
  ];

  it("is that of its ID, else of the first known ID_LIKE, else none", () =>
    everyRow(
      systems.map((row) => [JSON.stringify(row[0]), ...row] as const),
      (osRelease, preset) => assert.equal(presetFor(osRelease), preset),
    ));
});
