import assert from "node:assert/strict";
import type { Credentials } from "../../daemon/cli/cluster-options.ts";
import { type Io, runProgram } from "../../daemon/cli/program.ts";
import { noTerminal } from "../../daemon/cli/terminal.ts";
import { type Api, ApiError } from "../../daemon/cluster/api.ts";
import type { Environment } from "../../daemon/config/environment.ts";
import { parseSettings, type RawOptions } from "../../daemon/config/settings.ts";
import { shellWords } from "../../daemon/config/shell-words.ts";
import { ConfigError } from "../../daemon/text/config-error.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import { everyRow } from "../rows.ts";

async function run(
  args: string[],
  environment: Environment = {},
  connect: Io["connect"] = () => assert.fail("a cluster was asked for"),
) {
  let out = "";
  let err = "";
  let started: RawOptions | undefined;
  const io = {
    environment,
    version: "1.2.3",
    terminal: noTerminal,
    screen: { redraw() {}, open() {}, close() {}, size: () => ({ columns: 80, rows: 24 }) },
    out: (text: string) => {
      out += text;
    },
    err: (text: string) => {
      err += text;
    },
    clock: systemClock,
    random: Math.random,
    // Nothing of this machine is asked.
    openMessages: async () => {
      throw new ConfigError("no cluster here");
    },
    // A file without anything.
    readText: async () => "{}",
    connect,
  };
  const start = async (raw: RawOptions) => {
    parseSettings(raw);
    started = raw;
  };
  const code = await runProgram(args, io, start, new AbortController().signal);
  return { code, out, err, started };
}

describe("The command line", () => {
  it("prints nothing of others from which a terminal is taken over, or that looks like a line of ours", async () => {
    const hostile = "x\u001b[2J\r\nresumed: all\u009b1A\u202e\u2066\u200b\u2028";
    const annotations = { "rebootd.dev/paused": hostile, "rebootd.dev/reboot-requested": hostile };
    const api = {
      get: async () => ({ metadata: { name: "n1", annotations } }),
      patch: async () => ({}),
      create: async () => ({ status: { userInfo: { username: hostile } } }),
      list: async () => Promise.reject(new ApiError(hostile, { code: "invalid" })),
    };
    const connect = () => api as unknown as Api;
    const runs: [args: string[], code: number, lines: number][] = [
      [["pause", "n1"], 0, 2],
      [["resume", "n1"], 0, 2],
      [["reboot", "n1"], 0, 2],
      [["status"], 1, 1],
      [["pause", "n1", `--until=${hostile}`], 2, 1],
      [["run", "--node-id=n1", `--reboot-sentinel=${hostile}`], 2, 1],
    ];
    for (const [args, expected, lines] of runs) {
      const { code, out, err } = await run(args, {}, connect);
      assert.equal(code, expected, args.join(" "));
      assert.match(out + err, /^[\n\P{C}]+$/u);
      assert.equal((out + err).split("\n").length, lines + 1, out + err);
    }
  });

  it("hands over what was given", async () => {
    const { code, started } = await run(["run", "--node-id=n1", "--period", "5m"]);
    assert.equal(code, 0);
    assert.deepEqual(started, { "node-id": "n1", period: "5m" });
  });

  it("takes a flag without a value for true", async () => {
    assert.equal((await run(["run", "--node-id=n1", "--once"])).started?.once, "true");
    assert.equal((await run(["run", "--node-id=n1", "--enter-host=false"])).started?.["enter-host"], "false");
  });

  it("collects an option that may be repeated, without splitting at commas", async () => {
    const { started } = await run([
      "run",
      "--node-id=n1",
      "--blocking-pod-selector=a=b,c=d",
      "--blocking-pod-selector=e",
    ]);
    assert.deepEqual(started?.["blocking-pod-selector"], ["a=b,c=d", "e"]);
  });

  it("reads the environment where an option was not given", async () => {
    const environment = { REBOOTD_NODE_ID: "n2", REBOOTD_PERIOD: "1m", REBOOTD_BLOCKING_POD_SELECTOR: "a=b" };
    const { started } = await run(["run", "--period=5m"], environment);
    assert.deepEqual(started, { "node-id": "n2", period: "5m", "blocking-pod-selector": "a=b" });
  });

  it("does not take what Kubernetes sets for a Service for an option", async () => {
    const environment = { REBOOTD_NODE_ID: "n1", REBOOTD_METRICS_PORT: "tcp://10.0.0.1:8080" };
    assert.deepEqual((await run(["run"], environment)).started, { "node-id": "n1" });
    const own = { ...environment, REBOOTD_METRICS_PORT: "9090" };
    assert.equal((await run(["run"], own)).started?.["metrics-port"], "9090");
  });

  it("takes an empty kubeconfig for none also where people type it", async () => {
    const found: (string | undefined)[] = [];
    const connect: Io["connect"] = ({ kubeconfig }) => {
      found.push(kubeconfig);
      throw new ConfigError("no cluster here");
    };
    await run(["status", "--kubeconfig="], {}, connect);
    await run(["status"], { REBOOTD_KUBECONFIG: "" }, connect);
    await run(["status", "--kubeconfig="], { REBOOTD_KUBECONFIG: "/a" }, connect);
    assert.deepEqual(found, [undefined, undefined, "/a"]);
  });

  it("prints its version and its help", async () => {
    assert.deepEqual((await run(["--version"])).out, "1.2.3\n");
    const { code, out } = await run(["run", "--help"]);
    assert.equal(code, 0);
    assert.match(out, /--reboot-sentinel <FILE>/);
    assert.match(out, /REBOOTD_NODE_ID/);
  });

  it("lists what it can do", async () => {
    const { out } = await run(["--help"]);
    for (const name of ["run", "status", "plan", "lock", "unlock", "pause", "resume", "completion"])
      assert.match(out, new RegExp(`\\n  ${name} `));
  });

  const helps = async () => {
    const { out } = await run(["--help"]);
    const [, list = ""] = /\nCommands:\n(.*)/s.exec(out) ?? [];
    const commands = [...list.matchAll(/^ {2}([a-z]+) /gm)].map(([, name = ""]) => name);
    assert.ok(commands.length >= 10, out);
    const texts = commands.map(async (name) => [name, name, (await run(["help", name])).out] as const);
    return [["rebootd", "", out] as const, ...(await Promise.all(texts))].filter(([name]) => name !== "help");
  };

  it("shows in the help of each subcommand one or two examples, which can be typed", async () => {
    await everyRow((await helps()).slice(1), async (name, text) => {
      const [, shown = ""] = /\nExamples:\n(.*)$/s.exec(text) ?? [];
      const lines = [...shown.matchAll(/^ {2}# [A-Z].*[^.]\n {2}(.+)$/gm)].map(([, line = ""]) => line);
      assert.ok(lines.length === 1 || lines.length === 2, text);
      for (const line of lines) {
        const [, typed = ""] = /^(?:source <\()?rebootd ([^)]+)\)?$/.exec(line) ?? [];
        const args = shellWords(typed);
        assert.equal(args[0], name);
        const { code, err } = await run(args, {}, () => {
          throw new ConfigError("no cluster here");
        });
        if (code !== 0) assert.equal(err, "rebootd: no cluster here\n", line);
      }
    });
  });

  it("describes everything in its help with a capital letter and without a full stop", async () => {
    await everyRow(await helps(), (_, text) => {
      const [entries = ""] = text.split("\nExamples:");
      const described = [...entries.matchAll(/^ {2}\S.*? {2,}(\S.*)$/gm)];
      assert.ok(described.length > 0);
      assert.equal(described.length, entries.match(/^ {2}\S/gm)?.length, text);
      for (const [line, first = ""] of described) assert.match(first, /^[A-Z](?!.*\.$)/, line);
      const [, description = ""] = /^Usage: .*\n\n(.*)\n/.exec(text) ?? [];
      assert.match(description, /^[A-Z].*[^.]$/);
    });
  });

  const connects = async (...args: string[]) => {
    let found: Parameters<Io["connect"]>[0] | undefined;
    const { err } = await run(args, {}, (credentials) => {
      found = credentials;
      throw new ConfigError("no cluster here");
    });
    return found ?? err;
  };

  it("takes what says which cluster before the subcommand too, as kubectl does; behind it, it goes first", async () => {
    const found = async (...args: string[]) => {
      const { kubeconfig, chosen, impersonation, requestTimeoutMs } = (await connects(
        ...args,
      )) as Credentials;
      return { kubeconfig, context: chosen.context, groups: impersonation.groups, requestTimeoutMs };
    };
    const unset = { groups: undefined, requestTimeoutMs: undefined };
    assert.deepEqual(await found("--kubeconfig", "/a", "--context=prod", "status"), {
      ...unset,
      kubeconfig: "/a",
      context: "prod",
    });
    assert.deepEqual(await found("--kubeconfig=/a", "--context=prod", "plan", "--kubeconfig=/b", "n1"), {
      ...unset,
      kubeconfig: "/b",
      context: "prod",
    });
    const all = "--as-group=a --context= reboot n1 --as-group=b --as-group= --request-timeout=0 -n x".split(
      " ",
    );
    assert.deepEqual(await found(...all), {
      kubeconfig: undefined,
      context: undefined,
      groups: ["a", "b"],
      requestTimeoutMs: Number.POSITIVE_INFINITY,
    });
    assert.equal((await run(["--kubeconfig=/a", "run", "--node-id=n1"])).started?.kubeconfig, "/a");
  });

  it("refuses a context for the daemon, which has none", async () => {
    const { code, err, started } = await run(["--context=prod", "run", "--node-id=n1"]);
    assert.deepEqual([code, started], [2, undefined]);
    assert.match(err, /^rebootd: run does not have --context; [^\n]+\n$/);
  });

  type Refused = [what: string, args: string[], says: RegExp];
  const refused: Refused[] = [
    ["an unknown option", ["run", "--node-id=n1", "--frob=1"], /unknown option '--frob'/],
    [
      "an unknown option with a secret in it",
      ["run", "--node-id=n1", "--slack-webhook=https://hooks.slack.com/services/T0/B0/s3cret"],
      /^rebootd: unknown option '--slack-webhook'; (?!.*(s3cret|hooks))/,
    ],
    ["an unknown option before the command", ["--token=s3cret"], /unknown option '--token'(?!.*s3cret)/],
    ["a pause of no node", ["pause"], /^rebootd: pause requires NODE or --all/],
    ["a resume of no node", ["resume"], /^rebootd: resume requires NODE or --all/],
    ["an unknown command", ["frob"], /unknown command 'frob'/],
    ["an argument too much", ["run", "--node-id=n1", "x"], /too many arguments/],
    ["a missing value", ["run", "--node-id"], /'--node-id <NAME>' argument missing/],
    ["two things to unlock", ["unlock", "n1", "--all"], /NODE and --all are mutually exclusive/],
    ["two nodes to resume", ["resume", "n1", "n2"], /too many arguments/],
    ["two nodes to pause", ["pause", "n1", "n2"], /too many arguments/],
    [
      "an end of a pause that is over",
      ["pause", "n1", "--until=2020-01-01T00:00:00Z"],
      /invalid value "2020.*" for --until: must be a time in the future/,
    ],
    [
      "an end of a pause that is no time",
      ["pause", "n1", "--until=tomorrow"],
      /invalid value "tomorrow" for --until: must be/,
    ],
    ...[
      "2036-02-30",
      "2036-13-01",
      "2036-12-24T26:00",
      "2036-02-30T06:00:00Z",
      "d",
      "1d1d",
      "-1d",
      "0d",
      "1dx",
    ].map(
      (until): Refused => [
        `an end of a pause that is no time to come, ${until}`,
        ["pause", "n1", `--until=${until}`],
        new RegExp(`invalid value "${until}" for --until: must be a time in the future`),
      ],
    ),
    [
      "an unknown output",
      ["status", "-o", "xml"],
      /invalid value "xml" for --output: must be text, wide, json, yaml or name/,
    ],
    [
      "an unknown output of an explanation",
      ["explain", "n1", "-o", "wide"],
      /invalid value "wide" for --output: must be text, json or yaml/,
    ],
    ["a shell that it does not know", ["completion", "csh"], /csh.*bash, zsh, fish/],
    ["no node to explain", ["explain"], /missing required argument 'NODE'/],
    ["no node to plan for", ["plan"], /missing required argument 'NODE'/],
    [
      "an unknown output of a plan",
      ["plan", "n1", "-o", "wide"],
      /invalid value "wide" for --output: must be text, json or yaml/,
    ],
    [
      "a bad option of the drain",
      ["plan", "n1", "--drain-grace-period=soon"],
      /invalid value "soon" for --drain-grace-period: must be/,
    ],
    [
      "a limit of requests that is no duration",
      ["status", "--request-timeout", "soon"],
      /invalid value "soon" for --request-timeout: must be a duration or whole seconds/,
    ],
    ["an option of people", ["run", "--node-id=n1", "--as", "bob"], /run does not have --as; /],
    [
      "one of kubectl",
      ["--request-timeout=5", "run", "--node-id=n1"],
      /run does not have --request-timeout; /,
    ],
    ["a bad place of the lock", ["lock", "--lock-object=x"], /invalid value "x" for --lock-object: must be/],
    ["a missing node name", ["run"], /--node-id is required/],
    [
      "a bad value",
      ["run", "--node-id=n1", "--period=soon"],
      /invalid value "soon" for --period: must be a duration/,
    ],
  ];
  it("refuses invalid input with one line and exit code 2, and starts nothing", () =>
    everyRow(refused, async (args, message) => {
      const { code, out, err, started } = await run(args);
      assert.equal(code, 2);
      assert.match(err, message);
      assert.match(err, /^rebootd: [^\n]+\n$/);
      assert.equal(out, "");
      assert.equal(started, undefined);
    }));
});
