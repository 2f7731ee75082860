import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Io, runProgram } from "../../daemon/cli/program.ts";
import { noTerminal } from "../../daemon/cli/terminal.ts";
import { type Api, ApiError } from "../../daemon/cluster/api.ts";
import { ConfigError } from "../../daemon/text/config-error.ts";
import type { Clock } from "../../daemon/time/clock.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import { openMessages } from "../notify/no-messages.ts";
import { everyRow } from "../rows.ts";

/** A cluster with these nodes and two namespaces, on pages of two; the last page may fail. */
function clusterWith(nodes: readonly string[], isBroken = false): Api {
  const list = async (path: string, { query = {} }: { query?: Record<string, unknown> }) => {
    const names = path === "/api/v1/nodes" ? nodes : ["kube-system", "shop"];
    const from = Number(query["continue"] ?? 0);
    const next = from + 2;
    if (isBroken && next >= names.length) throw new ApiError("no answer", { code: "unreachable" });
    const items = names.slice(from, next).map((name) => ({ metadata: { name } }));
    return { items, metadata: next < names.length ? { continue: String(next) } : {} };
  };
  return { list } as unknown as Api;
}

const threeNodes = clusterWith(["n1", "n2", "worker-1"]);

async function printed(args: readonly string[], more: Partial<Io> = {}): Promise<string> {
  let out = "";
  const io: Io = {
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
    connect: () => threeNodes,
    kubeconfigNames: () => ({ contexts: ["prod", "dev@here"], clusters: ["c1"], users: ["me"] }),
    ...more,
  };
  assert.equal(await runProgram(args, io, () => assert.fail("a daemon"), new AbortController().signal), 0);
  return out;
}

/** The candidates without descriptions, and the directive. */
const asked = async (words: readonly string[], more?: Partial<Io>) =>
  (await printed(["__completeNoDesc", ...words], more)).trimEnd().split("\n");

describe("The completion", () => {
  const rows: [what: string, words: string[], offers: string[]][] = [
    ["of a subcommand", ["re"], ["reboot", "resume", ":4"]],
    ["of the help", ["hel"], ["help", ":4"]],
    ["of a subcommand in the help", ["help", "sta"], ["status", ":4"]],
    ["of nothing behind that", ["help", "status", ""], [":4"]],
    ["of an option of all commands", ["--k"], ["--kubeconfig", ":4"]],
    ["of a subcommand behind that", ["--context", "prod", "stat"], ["status", ":4"]],
    ["of an option of the subcommand", ["pause", "--un"], ["--until", ":4"]],
    ["of an option behind a node", ["reboot", "n1", "--ur"], ["--urgent", ":4"]],
    ["of an option of kubectl", ["reboot", "n1", "--as"], ["--as", "--as-group", "--as-uid", ":4"]],
    ["of an option of the daemon", ["run", "--reboot-sentinel-c"], ["--reboot-sentinel-command", ":4"]],
    ["of a value from a closed set", ["status", "-o", "j"], ["json", ":4"]],
    ["of the same behind =", ["status", "--output=w"], ["wide", ":4"]],
    ["of a value of a list", ["status", "--phase", "failed,wai"], ["failed,waiting", ":4"]],
    ["of a value that the help lists", ["run", "--window-end", "f"], ["finish", ":4"]],
    ["of no value where any text fits", ["pause", "--reason", ""], [":4"]],
    ["of a shell", ["completion", ""], ["bash", "zsh", "fish", ":4"]],
    ["of a file, which the shell completes", ["status", "--kubeconfig", ""], [":0"]],
    ["of a file behind =", ["status", "--kubeconfig=x"], [":0"]],
    ["of a context", ["--context", "d"], ["dev@here", ":4"]],
    ["of a cluster", ["status", "--cluster="], ["c1", ":4"]],
    ["of a user", ["status", "--user", ""], ["me", ":4"]],
    ["of a namespace", ["status", "-n", "s"], ["shop", ":4"]],
    ["of a node", ["pause", ""], ["n1", "n2", "worker-1", ":4"]],
    ["of a node by its beginning", ["reboot", "w"], ["worker-1", ":4"]],
    ["of a second node", ["explain", "n1", "n"], ["n2", ":4"]],
    ["of no second node where one is taken", ["pause", "n1", ""], [":4"]],
    ["of no node where none is taken", ["status", "n"], [":4"]],
    ["of a node behind --", ["reboot", "--", ""], ["n1", "n2", "worker-1", ":4"]],
    ["of nothing behind an unknown subcommand", ["frob", ""], [":4"]],
    ["of nothing for an unknown option", ["status", "--frob="], [":4"]],
  ];
  it("offers the words that fit", () =>
    everyRow(rows, async (words, offers) => assert.deepEqual(await asked(words), offers)));

  it("describes subcommands and options", async () => {
    const text = await printed(["__complete", "stat"]);
    assert.match(text, /^status\tShow which nodes [^\n]+\n:4\n$/);
    assert.match(await printed(["__complete", "pause", "--al"]), /^--all\tAll nodes\n:4\n$/);
  });

  it("asks the cluster that the line names", async () => {
    const found: unknown[] = [];
    const connect: Io["connect"] = ({ kubeconfig, chosen, impersonation }) => {
      found.push(kubeconfig, chosen.context, impersonation.as);
      return threeNodes;
    };
    await asked(["--context", "prod", "reboot", "--reason=x", "--kubeconfig=/a", "--as=bob", ""], {
      connect,
    });
    assert.deepEqual(found, ["/a", "prod", "bob"]);
  });

  it("is silent where no cluster answers, and offers what it knows by then", async () => {
    const connect = () => {
      throw new ConfigError("no cluster here");
    };
    assert.deepEqual(await asked(["reboot", ""], { connect }), [":4"]);
    assert.deepEqual(await asked(["reboot", "--request-timeout=soon", ""]), [":4"]);
    const broken = clusterWith(["n1", "n2", "n3"], true);
    assert.deepEqual(await asked(["reboot", ""], { connect: () => broken }), ["n1", "n2", ":4"]);
  });

  it("waits for the cluster for a short time only", async () => {
    const sleeps: number[] = [];
    const clock: Clock = {
      ...systemClock,
      sleep: async (ms) => {
        sleeps.push(ms);
      },
    };
    const silent = { list: () => new Promise(() => {}) } as unknown as Api;
    assert.deepEqual(await asked(["reboot", ""], { clock, connect: () => silent }), [":4"]);
    assert.deepEqual(sleeps, [2500]);
  });

  it("offers no more names than anybody reads, and none that is more than a word", async () => {
    const many = Array.from({ length: 600 }, (_, index) => `n${index}`);
    assert.equal((await asked(["reboot", ""], { connect: () => clusterWith(many) })).length, 501);
    const hostile = ["n1\n:0", "n2\u001b[2J", "n3 x", "n4"];
    assert.deepEqual(await asked(["reboot", ""], { connect: () => clusterWith(hostile) }), ["n4", ":4"]);
  });
});

describe("The completion in bash", () => {
  let folder: string;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "rebootd-completion-"));
    // It answers with what it is asked, as a candidate that fits.
    const answers = [
      'case "$*" in',
      '*" --context admin@k") echo admin@kube; echo :4 ;;',
      '*" --context=admin@k") echo admin@kube; echo :4 ;;',
      '*" --output=") echo json; echo yaml; echo :4 ;;',
      '*" --output=j") echo json; echo :4 ;;',
      '*" --context arn:a") echo arn:aws:x/y; echo :4 ;;',
      '*" --kubeconfig "*) echo :0 ;;',
      "*\"explain n1 \") echo n2; echo '$(touch hacked)'; echo :4 ;;",
      '*) echo "asked:$*"; echo :4 ;;',
      "esac",
    ];
    writeFileSync(join(folder, "rebootd"), `#!/bin/sh\n${answers.join("\n")}\n`);
    chmodSync(join(folder, "rebootd"), 0o755);
    writeFileSync(join(folder, "script"), await printed(["completion", "bash"]));
  });
  after(() => rmSync(folder, { recursive: true }));

  /** What bash has for the end of the line, as its line editor calls the function. */
  function offered(line: string, words: readonly string[]): string[] {
    const script = `
      . ./script
      compopt() { printf 'files\\n'; }
      COMP_LINE='${line}' COMP_POINT=${line.length}
      COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}) COMP_CWORD=${words.length - 1}
      _rebootd
      [ "\${#COMPREPLY[@]}" = 0 ] || printf '%s\\n' "\${COMPREPLY[@]}"`;
    const options = { encoding: "utf8", timeout: 10_000, cwd: folder } as const;
    const env = { PATH: `${folder}:${process.env["PATH"]}`, HOME: folder };
    return execFileSync("bash", ["--norc", "-u", "-c", script], { ...options, env })
      .split("\n")
      .slice(0, -1);
  }

  const rows: [what: string, line: string, words: string[], offers: string[]][] = [
    ["a word", "rebootd sta", ["rebootd", "sta"], ["asked:__completeNoDesc\\ sta"]],
    [
      "an empty word",
      "rebootd explain n1 ",
      ["rebootd", "explain", "n1", ""],
      ["n2", "\\$\\(touch\\ hacked\\)"],
    ],
    ["a word with @", "rebootd --context admin@k", ["rebootd", "--context", "admin", "@", "k"], ["kube"]],
    ["both", "rebootd --context=admin@k", ["rebootd", "--context", "=", "admin", "@", "k"], ["kube"]],
    [
      "an option with =",
      "rebootd status --output=",
      ["rebootd", "status", "--output", "="],
      ["json", "yaml"],
    ],
    ["and a beginning", "rebootd status --output=j", ["rebootd", "status", "--output", "=", "j"], ["json"]],
    ["a word with :", "rebootd --context arn:a", ["rebootd", "--context", "arn", ":", "a"], ["aws:x/y"]],
    ["a file", "rebootd status --kubeconfig x", ["rebootd", "status", "--kubeconfig", "x"], ["files"]],
  ];
  it("splits the line as the person sees it, and replaces the part that bash asks for", () =>
    everyRow(
      rows.map(([what, ...row]) => [what, ...row] as const),
      (line, words, offers) => assert.deepEqual(offered(line, words), offers),
    )).timeout(30_000);
});
