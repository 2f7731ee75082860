import assert from "node:assert/strict";
import { runProgram } from "../../daemon/cli/program.ts";
import { noTerminal } from "../../daemon/cli/terminal.ts";
import type { Api } from "../../daemon/cluster/api.ts";
import type { Environment } from "../../daemon/config/environment.ts";
import { openMessages } from "../notify/no-messages.ts";
import type { SmallWorld } from "./small-world.ts";

export interface Typed {
  code: number;
  out: string;
  err: string;
}

/** What a person types, against the cluster of the story, by default as its administrator. */
export async function type(
  world: SmallWorld,
  args: readonly string[],
  { environment = {}, api = world.api }: { environment?: Environment; api?: Api } = {},
): Promise<Typed> {
  let out = "";
  let err = "";
  const io = {
    environment,
    version: "0",
    terminal: noTerminal,
    out: (text: string) => {
      out += text;
    },
    err: (text: string) => {
      err += text;
    },
    clock: world.time.clock,
    random: () => 0.5,
    openMessages,
    connect: () => api,
  };
  const code = await runProgram(args, io, () => assert.fail("a daemon was started"), world.signal);
  return { code, out, err };
}
