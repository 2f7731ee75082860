import assert from "node:assert/strict";
import { calledAs, named } from "../../daemon/cli/called-as.ts";
import { type Io, runProgram } from "../../daemon/cli/program.ts";
import { noTerminal } from "../../daemon/cli/terminal.ts";
import { ApiError } from "../../daemon/cluster/api.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import { openMessages } from "../notify/no-messages.ts";
import { everyRow } from "../rows.ts";
import { assertGolden } from "./golden.ts";

const run = (program: string, ...args: string[]) => runAt(undefined, program, ...args);

async function runAt(columns: number | undefined, program: string, ...args: string[]): Promise<string> {
  let text = "";
  const print = (more: string) => {
    text += more;
  };
  const connect: Io["connect"] = () => {
    throw new ApiError("the cluster says no; see rebootd status", { code: "forbidden" });
  };
  const io: Io = {
    environment: {},
    version: "1.2.3",
    program,
    terminal: { ...noTerminal, columns },
    out: print,
    err: print,
    clock: systemClock,
    random: Math.random,
    openMessages,
    connect,
  };
  const code = await runProgram(args, io, () => assert.fail("a daemon"), new AbortController().signal);
  return `${text}exit code ${code}\n`;
}

describe("The program", () => {
  const plugin = "kubectl rebootd";
  const rows: [what: string, file: string, program: string, args: string[]][] = [
    ["by itself", "/usr/bin/rebootd", "rebootd", ["status"]],
    ["as a file of the image", "/opt/rebootd/rebootd.mjs", "rebootd", ["status"]],
    ["as a plugin", "/home/me/.krew/bin/kubectl-rebootd", plugin, ["status"]],
    ["as a plugin on Windows", "C:\\bin\\kubectl-rebootd.exe", plugin, ["status"]],
    ["for completions", "/usr/bin/kubectl_complete-rebootd", plugin, ["__complete", "status"]],
  ];
  it("knows by the name of its file how it was called", () =>
    everyRow(rows, (file, program, args) => assert.deepEqual(calledAs(file, ["status"]), { program, args })));

  it("names itself so in its commands and errors, and in nothing else", () => {
    const text =
      "rebootd: lease/rebootd in rebootd is held; see rebootd explain n1 or rebootd explainer, rebootd";
    const expected = text.replace(/^rebootd/, plugin).replace("rebootd explain n1", `${plugin} explain n1`);
    assert.equal(named(text, plugin, ["explain"]), expected);
    assert.equal(named(text, "rebootd", ["explain"]), text);
  });

  for (const [name, program] of [
    ["alone", "rebootd"],
    ["plugin", plugin],
  ] as const) {
    it(`has this help, these errors and this version when called ${program}`, async () => {
      const help = await run(program, "--help");
      assertGolden(`program/${name}-help`, help.replace(/\nCommands:\n.*?\n\n/s, "\n"));
      assertGolden(`program/${name}-pause-help`, await run(program, "pause", "--help"));
      const lines = [["frob"], ["stauts"], ["status", "--frob"], ["pause"], ["status"], ["--version"]];
      const errors = lines.map(
        async (args) => `$ ${program} ${args.join(" ")}\n${await run(program, ...args)}`,
      );
      assertGolden(`program/${name}-errors`, (await Promise.all(errors)).join("\n"));
    });
  }

  it("has help that is as wide as the terminal", async () => {
    assertGolden("program/pause-help-160", await runAt(160, "rebootd", "pause", "--help"));
  });

  it("has help that fits 80 columns", async () => {
    for (const name of ["", "status", "pause", "completion"]) {
      for (const line of (await run(plugin, ...name.split(" "), "--help")).split("\n")) {
        // Examples can be copied as they are.
        if (!line.startsWith("  kubectl ")) assert.ok(line.length <= 80, line);
      }
    }
  });
});
