import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { bodyOf } from "./bodies.ts";
import { createApiServer } from "./server.ts";

const aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

async function ask(path: string, headers: Record<string, string>) {
  const server = createApiServer();
  const transport = server.transport(server.adminToken);
  return transport({ method: "GET", path, headers, signal: new AbortController().signal });
}

describe("Aggregated discovery", () => {
  it("has all groups but the core one at /apis, and that one at /api", async () => {
    const answer = await ask("/apis", { accept: `${aggregated},application/json` });
    const groups = JSON.parse(await bodyOf(answer));
    assert.equal(answer.header("content-type"), aggregated);
    assert.ok(groups.items.some((item: { metadata: { name: string } }) => item.metadata.name === "policy"));
    const core = JSON.parse(await bodyOf(await ask("/api", { accept: aggregated })));
    const pods = core.items[0].versions[0].resources.find(
      (each: { resource: string }) => each.resource === "pods",
    );
    assert.deepEqual(pods.responseKind, { group: "", version: "v1", kind: "Pod" });
    assert.deepEqual(
      pods.subresources.map((each: { subresource: string }) => each.subresource),
      ["binding", "eviction", "log", "status"],
    );
  });

  it("is for those alone who ask for it: the old beta form and plain JSON get the old lists", async () => {
    for (const accept of ["application/json", aggregated.replace("v=v2", "v=v2beta1,application/json"), ""]) {
      const answer = JSON.parse(await bodyOf(await ask("/apis", { accept })));
      assert.equal(answer.kind, "APIGroupList");
    }
  });

  it("is not sent again to whoever has it", async () => {
    const etag = (await ask("/apis", { accept: aggregated })).header("etag") ?? "";
    const again = await ask("/apis", { accept: aggregated, "if-none-match": etag });
    assert.equal(again.status, 304);
  });
});
