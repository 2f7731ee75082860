import type { NeedSettings } from "../../host/need/choose-need.ts";
import type { OptionTable, ValuesOf } from "../option.ts";
import { choice, command, path } from "../values.ts";

export const needOptions = {
  os: {
    type: choice("auto", "debian", "rhel", "suse", "flatcar"),
    default: "debian",
    placeholder: "NAME",
    help: "How the host says that it needs a reboot: as debian, rhel, suse or flatcar does; auto reads its /etc/os-release",
  },
  "run-path": {
    type: path,
    default: "/var/run",
    placeholder: "FOLDER",
    help: "The host's /run, where debian, suse and flatcar have their file, and the journal its socket",
  },
  "reboot-sentinel": {
    type: path,
    placeholder: "FILE",
    help: "Instead of --os: a reboot is needed while this file exists",
  },
  "reboot-sentinel-command": {
    type: command,
    placeholder: "COMMAND",
    help: "Instead of both: exit code 0 means needed, 1 not needed, any other that it cannot tell",
  },
} as const satisfies OptionTable;

export function needSettings(given: ValuesOf<typeof needOptions>): NeedSettings {
  return {
    os: given.os,
    runPath: given["run-path"],
    sentinel: given["reboot-sentinel"],
    sentinelCommand: given["reboot-sentinel-command"],
  };
}
