import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { runProgram } from "../../../daemon/cli/program.ts";
import { noTerminal } from "../../../daemon/cli/terminal.ts";
import { start } from "../../../daemon/compose/start.ts";
import { systemClock } from "../../../daemon/time/clock.ts";
import { openMessages } from "../../notify/no-messages.ts";
import type { Mistake } from "./mistake.ts";

/** Where the file of these tests is. */
export const path = "/etc/rebootd/config.yaml";

/** `rebootd run` with such input, in a world in which all else fails that is touched. */
export async function saysOf({ file, environment = {}, args = [] }: Omit<Mistake, "says">) {
  let err = "";
  const io = {
    environment,
    version: "1.2.3",
    terminal: noTerminal,
    out: () => assert.fail("something was printed"),
    err: (text: string) => {
      err += text;
    },
    clock: systemClock,
    random: Math.random,
    openMessages,
    connect: () => assert.fail("a cluster was asked for"),
  };
  const untouched = {
    ...io,
    log: new PassThrough().on("data", () => assert.fail("something was logged")),
    instance: "rebootd-x7k2p",
    connect: () => assert.fail("the kubeconfig was read"),
    readText: async (asked: string) => {
      assert.equal(asked, path);
      return (file ?? []).map((line) => `${line}\n`).join("");
    },
    createHost: () => assert.fail("the host was touched"),
  };
  const typed = ["run", "--node-id=n1", ...(file === undefined ? [] : [`--config=${path}`]), ...args];
  const { signal } = new AbortController();
  const code = await runProgram(typed, io, (raw, from) => start(raw, untouched, signal, from), signal);
  return { code, err };
}
