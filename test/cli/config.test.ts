import assert from "node:assert/strict";
import { runProgram } from "../../daemon/cli/program.ts";
import { noTerminal } from "../../daemon/cli/terminal.ts";
import { keys } from "../../daemon/config/keys.ts";
import { optionsSchema } from "../../daemon/config/schema.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import { openMessages } from "../notify/no-messages.ts";

/** `rebootd config` with a file of this text. */
async function run(args: readonly string[], text = "", environment = {}) {
  const said: Record<"out" | "err", string> = { out: "", err: "" };
  const io = {
    environment,
    version: "1.2.3",
    terminal: noTerminal,
    out: (one: string) => {
      said.out += one;
    },
    err: (one: string) => {
      said.err += one;
    },
    clock: systemClock,
    random: () => 0,
    connect: () => assert.fail("no cluster is asked"),
    openMessages,
    async readText(file: string) {
      if (file === "config.yaml") return text;
      throw new Error("there is none");
    },
  };
  const code = await runProgram(["config", ...args], io, () => assert.fail(), new AbortController().signal);
  return { code, ...said };
}

describe("rebootd config --check", () => {
  it("names every mistake on a line of its own, also contradictions, and ends with 2", async () => {
    const { code, out, err } = await run(
      ["--check", "config.yaml"],
      "rebootDays: [mo, x]\nperiode: 5m\nmaxPerPool: 2\nmetricsTlsCertFile: /c\n",
    );
    assert.deepEqual([code, out], [2, ""]);
    assert.deepEqual(err.split("\n"), [
      'config.yaml:1:18: invalid value "x" for rebootDays: must be a list of days of the week, where 0 is Sunday, for example mon,tue or sa,su or 0,6',
      'config.yaml:2:1: unknown key "periode": did you mean period?',
      "config.yaml:3:13: maxPerPool requires poolLabel",
      "config.yaml:4:21: metricsTlsCertFile requires metricsTlsKeyFile",
      'rebootd: 4 mistakes in "config.yaml"',
      "",
    ]);
  });

  it("names an expression that cannot be compiled, once the values are valid", async () => {
    const file = (expression: string) => `healthyWhen:\n  - "v1/Node: true"\n  - "v1/Pod: ${expression}"\n`;
    const { code, err } = await run(["--check", "config.yaml"], file("size(status.a)"));
    assert.equal(code, 2);
    assert.match(
      err,
      /^config.yaml:2:3: invalid value "v1\/Pod: size\(status.a\)" for healthyWhen: must have .*, but it gives a value of the type int, not a bool of "size\(status.a\)"\n/,
    );
    assert.equal((await run(["--check", "config.yaml"], file("size(status.a) > 1"))).code, 0);
    const printed = await run(["--print", "--healthy-when=v1/Node: 1"]);
    assert.equal(printed.code, 2);
    assert.match(printed.err, /invalid value "v1\/Node: 1" for --healthy-when/);
  });

  it("finds no contradiction where the other option is refused, or is on the command line", async () => {
    const { err } = await run(["--check", "config.yaml"], "maxPerPool: 2\npoolLabel: not/a/key\n");
    assert.match(
      err,
      /^config.yaml:2:12: invalid value "not\/a\/key" for poolLabel: .*\nrebootd: 1 mistake in/,
    );
    const { code } = await run(["--check", "config.yaml", "--pool-label=a"], "maxPerPool: 2\n");
    assert.equal(code, 0);
  });

  it("says that a valid file is valid", async () => {
    assert.deepEqual(
      await run(
        ["--check", "config.yaml"],
        "period: 5m\nwindow: [@daily for 1h]".replace("@daily for 1h", "'@daily for 1h'"),
      ),
      {
        code: 0,
        out: "config.yaml is valid: 2 options\n",
        err: "",
      },
    );
  });

  it("ends with 2 for a file that cannot be read", async () => {
    const { code, err } = await run(["--check", "other.yaml"]);
    assert.equal(code, 2);
    assert.equal(
      err,
      'rebootd: invalid value "other.yaml" for --check: must be a file that can be read, but there is none\n',
    );
  });
});

describe("rebootd config --print", () => {
  const file =
    "concurrency: 2\nnotifyUrl: gotify://host.example/token-1\nprometheusUrl: http://me:hunter2@p\nwindow: ['@daily for 1h', '@weekly for 1h']\n";
  const args = ["--print", "--config=config.yaml", "--drain-timeout=5m"];
  const environment = { REBOOTD_PERIOD: "2h", REBOOTD_CONCURRENCY: "3" };

  it("has each option with its value and the place of it, without secrets", async () => {
    const { code, out } = await run(args, file, environment);
    assert.equal(code, 0);
    const rows = out.split("\n").map((line) => line.split(/ {2,}/));
    assert.deepEqual(
      rows.slice(1, -1).map(([key]) => key),
      keys,
    );
    assert.deepEqual(
      rows.slice(1, -1).filter(([, , source]) => source !== "default"),
      [
        ["period", "2h", "REBOOTD_PERIOD"],
        ["drainTimeout", "5m", "flag"],
        ["concurrency", "3", "REBOOTD_CONCURRENCY"],
        ["window", "@daily for 1h | @weekly for 1h", "config.yaml:4:9"],
        ["prometheusUrl", "http://…@p", "config.yaml:3:16"],
        ["notifyUrl", "(hidden)", "config.yaml:2:12"],
      ],
    );
    assert.doesNotMatch(out, /hunter2|token-1/);
  });

  it("is data too", async () => {
    const { out } = await run([...args, "-o", "json"], file, environment);
    const found = JSON.parse(out).find(({ key }: { key: string }) => key === "window");
    assert.deepEqual(found, {
      option: "--window",
      key: "window",
      value: ["@daily for 1h", "@weekly for 1h"],
      source: "config.yaml:4:9",
    });
    assert.doesNotMatch(out, /hunter2|token-1/);
  });

  it("ends with 2 where no daemon would start", async () => {
    const { code, err } = await run(["--print", "--max-per-pool=2"]);
    assert.deepEqual([code, err], [2, "rebootd: --max-per-pool requires --pool-label\n"]);
    assert.equal((await run(args, "period: x")).code, 2);
  });
});

describe("rebootd config", () => {
  it("prints the schema of the file", async () => {
    assert.deepEqual(JSON.parse((await run(["--schema"])).out), JSON.parse(JSON.stringify(optionsSchema())));
  });

  it("needs to know what to do", async () => {
    for (const args of [[], ["--print", "--schema"]]) {
      const { code, err } = await run(args);
      assert.deepEqual([code, err], [2, "rebootd: config requires one of --print, --check and --schema\n"]);
    }
  });
});
