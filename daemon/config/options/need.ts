import type { NeedSettings } from "../../host/need/choose-need.ts";
import type { PresetName, UnsuitedName } from "../../host/need/presets.ts";
import { anyOf } from "../../text/list.ts";
import type { OptionTable, ValuesOf } from "../option.ts";
import { type ValueType, value } from "../value-type.ts";
import { command, path } from "../values.ts";

const systems = [
  "auto",
  "debian",
  "ubuntu",
  "rhel",
  "suse",
  "flatcar",
  "ostree",
] as const satisfies readonly (PresetName | "auto")[];
/** These are refused at the start with the reason, as --os=auto refuses them. */
const unsuited = ["bottlerocket", "talos", "rhcos", "cos"] as const satisfies readonly UnsuitedName[];

const system: ValueType<NeedSettings["os"]> = value(
  `must be ${anyOf(systems)}`,
  { choices: systems },
  (text) => [...systems, ...unsuited].find((one) => one === text),
);

import { requestOptions } from "./requests.ts";

export const needOptions = {
  os: {
    type: system,
    default: "debian",
    placeholder: "NAME",
    help: "How the host says that it needs a reboot: as debian, ubuntu, rhel, suse, flatcar or ostree does; auto reads its /etc/os-release",
  },
  "run-path": {
    type: path,
    default: "/var/run",
    placeholder: "FOLDER",
    help: "The host's /run, where debian, ubuntu, suse and flatcar have their file, and the journal its socket",
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
  "need-file": {
    type: path,
    repeat: true,
    placeholder: "FILE",
    help: "Beside the one above: a reboot is needed while this file exists, too; may be repeated",
  },
  "need-command": {
    type: command,
    repeat: true,
    placeholder: "COMMAND",
    help: "The same with a command and its exit codes; may be repeated",
  },
  ...requestOptions,
} as const satisfies OptionTable;

export function needSettings(given: ValuesOf<typeof needOptions>): NeedSettings {
  return {
    os: given.os,
    runPath: given["run-path"],
    sentinel: given["reboot-sentinel"],
    sentinelCommand: given["reboot-sentinel-command"],
    moreFiles: given["need-file"],
    moreCommands: given["need-command"],
  };
}
