import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import type { Api } from "../../../daemon/cluster/api.ts";
import { systemClock } from "../../../daemon/time/clock.ts";
import { type Typed, type } from "../../simulation/typed.ts";

const folder = new URL("../../kured/", import.meta.url);

/** `rebootd migrate` as a person types it; `files` by name, others are those of test/kured. */
export function typeMigrate(
  args: readonly string[],
  {
    files = {},
    api,
    columns,
  }: { files?: Readonly<Record<string, string>>; api?: Api; columns?: number } = {},
): Promise<Typed> {
  const noApi = new Proxy({} as Api, { get: () => assert.fail("the cluster was asked") });
  const world = { api: api ?? noApi, signal: new AbortController().signal, time: { clock: systemClock } };
  const readText = async (file: string) => files[file] ?? (await readFile(new URL(file, folder), "utf8"));
  return type(world, ["migrate", ...args], { readText, columns });
}
