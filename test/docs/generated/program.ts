import { commandsOfPeople, type ProgramIo } from "../../../daemon/cli/people.ts";
import { createProgram } from "../../../daemon/cli/program.ts";
import { runCommand } from "../../../daemon/cli/run.ts";
import { noTerminal } from "../../../daemon/cli/terminal.ts";
import { systemClock } from "../../../daemon/time/clock.ts";

const none = () => {
  throw new Error("no command is run");
};

const io: ProgramIo = {
  environment: {},
  version: "",
  program: "rebootd",
  terminal: noTerminal,
  out: none,
  err: none,
  clock: systemClock,
  random: none,
  connect: none,
  openMessages: none,
};

/** The program with all its commands, to be looked at and not to be run. */
export function shownProgram() {
  return createProgram(io, [runCommand({}, none), ...commandsOfPeople(io, AbortSignal.abort())]);
}
