import assert from "node:assert/strict";
import type { Api, CallOptions } from "../../daemon/cluster/api.ts";
import type { Node } from "../../daemon/cluster/objects.ts";
import { readRoomFor } from "../../daemon/drain/facts.ts";
import { node, pod } from "./builders.ts";

const { signal } = new AbortController();
const others = (count: number) =>
  Array.from({ length: count }, (_, index) => node({ name: `n${index + 2}` }));

/** The nodes whose pods are read on behalf of n1; or that nothing is known. */
async function asked(nodes: Node[], { more = false } = {}): Promise<readonly string[] | "nothing is known"> {
  const selectors: string[] = [];
  const list = async (path: string, { query }: CallOptions) => {
    if (path.endsWith("/nodes")) return { metadata: { continue: more ? "next" : undefined }, items: nodes };
    selectors.push(`${query?.["fieldSelector"]}`);
    return { metadata: {}, items: [pod()] };
  };
  const cluster = await readRoomFor({ list } as unknown as Api, "n1", [pod()], signal);
  if (cluster === undefined) return "nothing is known";
  assert.equal(cluster.pods.length, selectors.length);
  return selectors.map((selector) => /^spec.nodeName=(\w+),/.exec(selector)?.[1] ?? selector);
}

describe("The look for room on other nodes", () => {
  it("reads the pods of the nodes that could take one", async () => {
    const nodes = [node({ name: "n1" }), node({ name: "n2" }), node({ name: "n3", cordoned: true })];
    assert.deepEqual(await asked(nodes), ["n2"]);
  });

  it("reads no pods where no node could take one", async () => {
    assert.deepEqual(await asked([node({ name: "n1" })]), []);
  });

  it("reads those of ten nodes at most, and takes room for granted where there are more or may be", async () => {
    assert.equal((await asked(others(10))).length, 10);
    assert.equal(await asked(others(11)), "nothing is known");
    assert.equal(await asked(others(1), { more: true }), "nothing is known", "more than a page of nodes");
    const rented = { ...node(), spec: { providerID: "gce://p/z/n2" } } as Node;
    assert.equal(await asked([rented]), "nothing is known", "a cloud may add nodes");
  });
});
