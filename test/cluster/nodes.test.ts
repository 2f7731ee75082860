import assert from "node:assert/strict";
import type { Api } from "../../daemon/cluster/api.ts";
import { countNodes, listByLabel, listNodes, listUnavailable } from "../../daemon/cluster/nodes.ts";
import { addNode, createTestbed, setReady, type Testbed } from "../kubernetes/testbed.ts";

const controlPlane = "node-role.kubernetes.io/control-plane";
const master = "node-role.kubernetes.io/master";

describe("The nodes of a cluster", () => {
  let testbed: Testbed;
  beforeEach(() => {
    testbed = createTestbed();
  });
  afterEach(() => testbed.stop());

  it("are counted with one small request, by the server's count of the remaining ones", async () => {
    for (let number = 1; number <= 7; number += 1) await addNode(testbed, `n${number}`);
    testbed.server.ledger.clear();
    assert.equal(await countNodes(testbed.api, testbed.ports.signal), 7);
    assert.equal(testbed.server.ledger.total, 1);
  });

  it("are counted if there are none", async () => {
    assert.equal(await countNodes(testbed.api, testbed.ports.signal), 0);
  });

  it("are counted page by page without the server's count", async () => {
    const pages: Record<string, unknown> = {
      "": { metadata: { continue: "b" }, items: [{}] },
      b: { metadata: { continue: "c" }, items: [{}, {}, {}] },
      c: { metadata: {}, items: [{}] },
    };
    const api = {
      list: async (_: string, { query }: { query: { continue?: string } }) => pages[query.continue ?? ""],
    };
    assert.equal(await countNodes(api as unknown as Api, testbed.ports.signal), 5);
  });

  it("are listed page by page, with the names of cordoned and NotReady ones", async () => {
    const node = (name: string, status: string, spec: object = {}) => {
      return { metadata: { name }, spec, status: { conditions: [{ type: "Ready", status }] } };
    };
    const pages: Record<string, unknown> = {
      "": { metadata: { continue: "b" }, items: [node("a", "True"), node("b", "False")] },
      b: {
        metadata: {},
        items: [
          node("c", "True", { unschedulable: true }),
          node("d", "Unknown", { unschedulable: true }),
          node("e", "True", { unschedulable: false }),
          { metadata: { name: "f" } },
        ],
      },
    };
    const api = {
      list: async (_: string, { query }: { query: { continue?: string } }) => pages[query.continue ?? ""],
    };
    assert.deepEqual(await listUnavailable(api as unknown as Api, testbed.ports.signal), {
      names: ["b", "c", "d", "f"],
      clusterSize: 6,
    });
  });

  it("are found in a table, which has little of each Node", async () => {
    await addNode(testbed, "a");
    await addNode(testbed, "b");
    await addNode(testbed, "c");
    await setReady(testbed, "b", "False");
    await testbed.patch("nodes", "c", { spec: { unschedulable: true } });
    testbed.server.ledger.clear();
    const { names, clusterSize } = await listUnavailable(testbed.api, testbed.ports.signal);
    assert.deepEqual([[...names].sort(), clusterSize], [["b", "c"], 3]);
    await listNodes(testbed.api, { signal: testbed.ports.signal });
    const [asRows = 0, whole = 0] = testbed.server.ledger
      .entries({ resource: "nodes" })
      .map(({ responseBytes }) => responseBytes);
    assert.ok(asRows > 0 && asRows < 3000 && whole > 0, `${asRows} bytes, and ${whole} of the Nodes`);
  });

  it("are found by any of several labels, with those that are not Ready", async () => {
    await addNode(testbed, "new", { [controlPlane]: "" });
    await addNode(testbed, "old", { [master]: "" });
    await addNode(testbed, "both", { [controlPlane]: "", [master]: "" });
    await addNode(testbed, "worker");
    await setReady(testbed, "both", "Unknown");
    const { names, notReady } = await listByLabel(testbed.api, [controlPlane, master], testbed.ports.signal);
    assert.deepEqual([...names].sort(), ["both", "new", "old"]);
    assert.deepEqual(notReady, ["both"]);
  });
});
