import assert from "node:assert/strict";
import { type Api, ApiError } from "../../daemon/cluster/api.ts";
import { createDaemonSetLook } from "../../daemon/cluster/daemon-sets.ts";
import { createNodePods } from "../../daemon/cluster/pods.ts";
import { createVirtualTime } from "../kubernetes/virtual-time.ts";

const { signal } = new AbortController();

describe("The pods of a node", () => {
  it("are listed once for all that ask within a second", async () => {
    const time = createVirtualTime(0);
    let lists = 0;
    const list = async () => {
      lists += 1;
      return { metadata: {}, items: [{ metadata: { name: `web-${lists}` } }] };
    };
    const listPods = createNodePods({ list } as unknown as Api, time.clock, "n1");
    const names = async () => (await listPods(signal)).map(({ metadata }) => metadata?.name);
    assert.deepEqual(await names(), ["web-1"]);
    await time.pass(999);
    assert.deepEqual(await names(), ["web-1"]);
    await time.pass(1);
    assert.deepEqual(await names(), ["web-2"]);
  });
});

describe("A DaemonSet", () => {
  it("that was there is not looked up again for a minute, from the preflight to the drain", async () => {
    const time = createVirtualTime(0);
    const asked: string[] = [];
    const get = async (path: string) => {
      asked.push(path.replace(/^.*\//, ""));
      if (path.endsWith("gone")) throw new ApiError(path, { code: "not-found", status: 404 });
      return {};
    };
    const exists = createDaemonSetLook({ get } as unknown as Api, time.clock);
    const look = () => Promise.all([exists("shop/cni", signal), exists("shop/gone", signal)]);
    assert.deepEqual(await look(), [true, false]);
    assert.deepEqual(await look(), [true, false]);
    await time.pass(60_000);
    await look();
    assert.deepEqual(asked, ["cni", "gone", "gone", "cni", "gone"]);
  });
});
