import type { Command } from "commander";
import type { PersonIo } from "./access.ts";
import { approveCommand } from "./approve.ts";
import { checkCommand } from "./check.ts";
import { type CompletionIo, completionCommand } from "./completion.ts";
import { configCommand } from "./config.ts";
import { explainCommand } from "./explain.ts";
import { forecastCommand } from "./forecast.ts";
import { historyCommand } from "./history.ts";
import { lockCommand } from "./lock.ts";
import { migrateCommand } from "./migrate.ts";
import type { NotifyIo } from "./notify.ts";
import { notifyCommand } from "./notify.ts";
import { pauseCommand } from "./pause.ts";
import { planCommand } from "./plan.ts";
import { rebootCommand } from "./reboot.ts";
import { resumeCommand } from "./resume.ts";
import { statusCommand } from "./status.ts";
import { uiCommand } from "./ui.ts";
import { unlockCommand } from "./unlock.ts";
import { versionCommand } from "./version.ts";
import { waitCommand } from "./wait.ts";
import { watchCommand } from "./watch.ts";

/** All that subcommands need of their surroundings. */
export type ProgramIo = PersonIo & NotifyIo & CompletionIo & { version: string };

/** The subcommands for people, in the order of the help. */
export function commandsOfPeople(io: ProgramIo, signal: AbortSignal): Command[] {
  return [
    statusCommand(io, signal),
    explainCommand(io, signal),
    watchCommand(io, signal),
    waitCommand(io, signal),
    historyCommand(io, signal),
    forecastCommand(io, signal),
    checkCommand(io, signal),
    configCommand(io),
    planCommand(io, signal),
    lockCommand(io, signal),
    unlockCommand(io, signal),
    rebootCommand(io, signal),
    approveCommand(io, signal),
    pauseCommand(io, signal),
    resumeCommand(io, signal),
    uiCommand(io, signal),
    notifyCommand(io, signal),
    migrateCommand(io, signal),
    versionCommand(io, io.version, signal),
    completionCommand(io.out),
  ];
}
