import assert from "node:assert/strict";
import { runProgram } from "../../daemon/cli/program.ts";
import { noTerminal } from "../../daemon/cli/terminal.ts";
import { givenWithFile } from "../../daemon/config/file/read-file.ts";
import { type Given, sourceOf } from "../../daemon/config/given.ts";
import { parseSettings } from "../../daemon/config/settings.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import { openMessages } from "../notify/no-messages.ts";
import { everyRow } from "../rows.ts";

interface Input {
  flags?: readonly string[];
  environment?: Readonly<Record<string, string>>;
  file?: string;
}

/** Everything that was given to `rebootd run`. */
async function givenBy({ flags = [], environment = {}, file = "{}" }: Input): Promise<Given> {
  const io = {
    environment,
    version: "1.2.3",
    terminal: noTerminal,
    out: () => {},
    err: (text: string) => assert.fail(text),
    clock: systemClock,
    random: Math.random,
    openMessages,
    connect: () => assert.fail("a cluster was asked for"),
  };
  let given: Given | undefined;
  const start = async (raw: Given["raw"], from: Omit<Given["typed"], "raw">) => {
    given = givenWithFile(from.file ?? "", file, { raw, ...from });
  };
  await runProgram(["run", "--node-id=n1", ...flags], io, start, new AbortController().signal);
  assert.ok(given);
  return given;
}

const file = "concurrency: 2";
const environment = { REBOOTD_CONCURRENCY: "3" };
const flags = ["--concurrency=4"];

describe("An option that is given in several places", () => {
  it("has the value of the command line, else of the environment, else of the file, else the default", () =>
    everyRow<[Input, number, string]>(
      [
        ["nowhere", {}, 1, "default"],
        ["in the file", { file }, 2, "file"],
        ["in the environment", { environment }, 3, "environment"],
        ["in both", { file, environment }, 3, "environment"],
        ["on the command line", { flags }, 4, "flag"],
        ["there and in the file", { flags, file }, 4, "flag"],
        ["there and in the environment", { flags, environment }, 4, "flag"],
        ["everywhere", { flags, environment, file }, 4, "flag"],
        [
          "in a variable of a Service, which does not count",
          { environment: { REBOOTD_METRICS_PORT: "tcp://10.0.0.1:8080" }, file },
          2,
          "file",
        ],
      ],
      async (input, nodes, source) => {
        const given = await givenBy(input);
        assert.deepEqual(parseSettings(given.raw).lock.concurrency, { nodes });
        assert.equal(sourceOf("concurrency", given), source);
      },
    ));

  it("is one list of one place where it may be repeated", async () => {
    const both = { flags: ["--reboot-days=mo", "--reboot-days=tu"], file: "rebootDays: [we, th]" };
    assert.deepEqual((await givenBy(both)).raw["reboot-days"], ["mo", "tu"]);
    assert.deepEqual((await givenBy({ file: both.file })).raw["reboot-days"], ["we", "th"]);
  });

  it("is not given by an empty list or text of the file", async () => {
    const given = await givenBy({ file: 'rebootDays: []\nalertFilterRegexp: ""\nprometheusUrl: http://p' });
    assert.deepEqual(
      parseSettings(given.raw),
      parseSettings({ "node-id": "n1", "prometheus-url": "http://p" }),
    );
  });

  it("names its file by the environment too", async () => {
    const { typed } = await givenBy({ environment: { REBOOTD_CONFIG: "/etc/a.yaml" } });
    assert.equal(typed.file, "/etc/a.yaml");
    const other = await givenBy({
      environment: { REBOOTD_CONFIG: "/etc/a.yaml" },
      flags: ["--config=/etc/b.yaml"],
    });
    assert.equal(other.typed.file, "/etc/b.yaml");
  });
});
