import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { runProgram } from "../../daemon/cli/program.ts";
import { noTerminal } from "../../daemon/cli/terminal.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import { openMessages } from "../notify/no-messages.ts";
import { everyRow } from "../rows.ts";

async function printed(...args: string[]): Promise<string> {
  let out = "";
  const io = {
    environment: {},
    version: "1.2.3",
    terminal: noTerminal,
    out: (text: string) => {
      out += text;
    },
    err: assert.fail,
    clock: systemClock,
    random: Math.random,
    openMessages,
    connect: () => assert.fail("a cluster was asked for"),
  };
  assert.equal(await runProgram(args, io, () => assert.fail("a daemon"), new AbortController().signal), 0);
  return out;
}

/** What bash offers for the last of these words, where kubectl knows two nodes. */
async function offered(...words: string[]): Promise<string[]> {
  const script = `
    kubectl() { [ "$1 $2" = "get nodes" ] && echo n1 n2; }
    ${await printed("completion", "bash")}
    COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")})
    COMP_CWORD=${words.length - 1}
    _rebootd
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const out = execFileSync("bash", ["--norc", "-u", "-c", script], { encoding: "utf8", timeout: 10_000 });
  return out.split("\n").filter((line) => line !== "");
}

describe("The completion in bash", () => {
  const rows: [what: string, words: string[], offers: string[]][] = [
    ["of a subcommand", ["rebootd", "re"], ["reboot", "resume"]],
    ["of an option of all commands", ["rebootd", "--k"], ["--kubeconfig"]],
    ["of a subcommand behind that", ["rebootd", "--context", "prod", "stat"], ["status"]],
    ["of an option of the subcommand", ["rebootd", "pause", "--un"], ["--until"]],
    ["of an option behind a node", ["rebootd", "reboot", "n1", "--ur"], ["--urgent"]],
    ["of a node", ["rebootd", "explain", "n"], ["n1", "n2"]],
    ["of a second node", ["rebootd", "explain", "n1", "n2"], ["n2"]],
    ["of no node where none is taken", ["rebootd", "status", "n"], []],
    ["of an option of the daemon", ["rebootd", "run", "--reboot-sentinel-c"], ["--reboot-sentinel-command"]],
    ["of a shell", ["rebootd", "completion", "b"], ["bash"]],
    ["of a file is bash's own", ["rebootd", "status", "--kubeconfig", ""], []],
  ];
  it("offers the words that fit", () =>
    everyRow(rows, async (words, offers) => assert.deepEqual(await offered(...words), offers))).timeout(
    60_000,
  );
});
