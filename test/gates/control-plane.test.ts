import assert from "node:assert/strict";
import type { Api, CallOptions } from "../../daemon/cluster/api.ts";
import { controlPlaneGate } from "../../daemon/gates/control-plane.ts";
import { node, pod } from "../drain/builders.ts";
import { context } from "./builders.ts";

const { signal } = new AbortController();
const label = "node-role.kubernetes.io/control-plane";

/** What the gate says to n1, beside n2 with its etcd, and how many requests that took. */
async function asked(labels: Record<string, string>, etcd: { ready: boolean }, others = [node()]) {
  let requests = 0;
  const annotations = { "kubernetes.io/config.mirror": "x" };
  const pods = [pod({ name: "etcd", annotations, priority: "system-node-critical", ...etcd })];
  const api = {
    list: async (path: string, { query }: CallOptions) => {
      requests += 1;
      if (path.endsWith("/nodes"))
        return { metadata: {}, items: query?.["labelSelector"] === label ? others : [] };
      return { metadata: {}, items: query?.["fieldSelector"] === "spec.nodeName=n2" ? pods : [] };
    },
  } as unknown as Api;
  const answer = await controlPlaneGate(api, "n1").check(context(0, { stage: "reboot", labels }), signal);
  return { requests, says: answer.open ? "open" : `${answer.code}: ${answer.message}` };
}

describe("The control-plane gate", () => {
  it("costs a node that is not of it nothing", async () => {
    assert.deepEqual(await asked({}, { ready: false }), { requests: 0, says: "open" });
  });

  it("is open to a node beside one that is whole", async () => {
    assert.equal((await asked({ [label]: "" }, { ready: true })).says, "open");
  });

  it("is closed beside one whose etcd is not Ready", async () => {
    const { says } = await asked({ [label]: "" }, { ready: false });
    assert.equal(
      says,
      "control-plane-not-whole: critical static pods of the control plane are not Ready: shop/etcd",
    );
  });

  it("is closed beside one that is not Ready itself", async () => {
    const { says } = await asked({ [label]: "" }, { ready: true }, [node({ ready: false })]);
    assert.equal(says, "control-plane-not-ready: control-plane nodes are not Ready: n2");
  });
});
