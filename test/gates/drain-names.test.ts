import assert from "node:assert/strict";
import type { Api } from "../../daemon/cluster/api.ts";
import { type DrainNames, drainNamesGate } from "../../daemon/gates/drain-names.ts";
import { context } from "./builders.ts";

const { signal } = new AbortController();
const hour = 3_600_000;

const given = { podSelector: "tier=web", stopSelector: undefined, skipNamespaces: ["shop", "shpo"] };

/** Looks at these moments, where the API server answers so, or in the end does not. */
async function lookAt(list: () => Promise<unknown>, names: DrainNames, ...elapsed: number[]) {
  let now = 0;
  let lists = 0;
  const said: string[] = [];
  const counted = () => {
    lists += 1;
    return list();
  };
  const clock = {
    wall: () => now,
    elapsed: () => now,
    sleep: () => new Promise<void>((resolve) => setImmediate(resolve)),
  };
  const gate = drainNamesGate({ list: counted } as unknown as Api, "n1", names, clock, (option, found) =>
    said.push(`${option} ${found}`),
  );
  for (const at of elapsed) {
    now = at;
    assert.deepEqual(await gate.check(context(at), signal), { open: true });
  }
  return { lists, said };
}

describe("What the options of the drain name", () => {
  const pods = async () => ({
    metadata: {},
    items: [{ metadata: { namespace: "shop", name: "x", uid: "x" } }],
  });

  it("is looked for once an hour, and holds no node back", async () => {
    const found = [
      '--drain-pod-selector="tier=web" true',
      '--drain-skip-namespace="shop" true',
      '--drain-skip-namespace="shpo" false',
    ];
    assert.deepEqual(await lookAt(pods, given, 0, 1000, hour - 1), { lists: 2, said: found });
    assert.deepEqual((await lookAt(pods, given, 0, hour)).said, [...found, ...found]);
  });

  it("is looked for in pods of DaemonSets that are to stop, too", async () => {
    const { said } = await lookAt(
      pods,
      { podSelector: undefined, stopSelector: "stop", skipNamespaces: [] },
      0,
    );
    assert.deepEqual(said, ['--daemonset-stop-selector="stop" true']);
  });

  it("holds no node back where it cannot be asked for, and says nothing then", async () => {
    assert.deepEqual((await lookAt(() => Promise.reject(new Error("500")), given, 0)).said, []);
    assert.deepEqual((await lookAt(() => new Promise(() => {}), given, 0)).said, []);
  });
});
