import assert from "node:assert/strict";
import * as models from "@kubernetes/client-node/dist/gen/models/all.js";
import { after, before, describe, it } from "mocha";
import { Agent } from "undici";
import type { Fields } from "./object.ts";
import { fromProtobuf, messageFields, NotProtobuf, toProtobuf } from "./protobuf.ts";
import { fieldsOf } from "./schema.ts";
import { type ApiServer, createApiServer, type Listening, listen } from "./server.ts";

const protobuf = "application/vnd.kubernetes.protobuf";

/** What kubectl 1.33 has sent, on `auth can-i patch nodes`, `create secret generic s` and `create deployment web`. */
const sent = {
  review:
    "azhzAAoyChdhdXRob3JpemF0aW9uLms4cy5pby92MRIXU2VsZlN1YmplY3RBY2Nlc3NSZXZpZXcSPwoQCgASABoAIgAqADIAOABCABIhCh8KB2RlZmF1bHQSBXBhdGNoGgAiACoFbm9kZXMyADoAGggIABIAGgAgABoAIgA=",
  secret: "azhzAAoMCgJ2MRIGU2VjcmV0Eh0KEQoBcxIAGgAiACoAMgA4AEIAEgYKAWESAWIaABoAIgA=",
  deployment:
    "azhzAAoVCgdhcHBzL3YxEgpEZXBsb3ltZW50ErYBCh8KA3dlYhIAGgAiACoAMgA4AEIAWgoKA2FwcBIDd2ViEoQBCAESDAoKCgNhcHASA3dlYhpqChwKABIAGgAiACoAMgA4AEIAWgoKA2FwcBIDd2ViEkoSLAoDd2ViEgV3ZWI6MSoAMgoKABAAGFAiACoAQgBqAHIAgAEAiAEAkAEAogEAGgAyAEIASgBSAFgAYABoAIIBAIoBAJoBAMIBACICCgAoADgAGgwIABAAGAAgACgAOAAaACIA",
};

describe("An object in protobuf", () => {
  it("is read as kubectl has written it", () => {
    const read = fromProtobuf(Buffer.from(sent.secret, "base64"));
    assert.deepEqual([read["kind"], read["apiVersion"], read["data"]], ["Secret", "v1", { a: "Yg==" }]);
  });

  it("comes back as it was written", () => {
    const objects: Fields[] = [
      {
        kind: "PodDisruptionBudget",
        apiVersion: "policy/v1",
        metadata: {
          name: "b",
          creationTimestamp: "2026-01-01T00:00:00Z",
          generation: 3,
          finalizers: ["x/y"],
        },
        spec: { minAvailable: "20%", maxUnavailable: 0, selector: { matchLabels: { a: "ü" } } },
      },
      {
        kind: "Lease",
        apiVersion: "coordination.k8s.io/v1",
        metadata: { name: "l" },
        spec: { renewTime: "2026-01-01T00:00:00.000042Z", leaseDurationSeconds: -1 },
      },
      {
        kind: "Pod",
        apiVersion: "v1",
        metadata: { name: "p", deletionGracePeriodSeconds: 0 },
        spec: {
          containers: [{ name: "c", resources: { requests: { cpu: "10m" } } }],
          volumes: [{ name: "v", configMap: { name: "m", optional: true } }],
        },
      },
      {
        kind: "SelfSubjectReview",
        apiVersion: "authentication.k8s.io/v1",
        status: { userInfo: { username: "u", groups: ["g", "h"], extra: { "a/b": ["1", "2"] } } },
      },
      { kind: "DeleteOptions", apiVersion: "policy/v1", gracePeriodSeconds: 0, preconditions: { uid: "u" } },
    ];
    for (const object of objects) assert.deepEqual(fromProtobuf(toProtobuf(object) as Buffer), object);
  });

  it("that is cut off, or none at all, is refused", () => {
    const whole = Buffer.from(sent.secret, "base64");
    assert.throws(() => fromProtobuf(whole.subarray(0, 40)), NotProtobuf);
    assert.throws(() => fromProtobuf(Buffer.from("{}")), NotProtobuf);
  });

  it("has the fields that the published types have", () => {
    const published = models as unknown as Record<string, unknown>;
    const strange = [...messageFields].flatMap(([message, own]) => {
      const kind = message.split("/").at(-1);
      const type = kind === "Event" ? "EventsV1Event" : `V1${kind}`;
      if (!published[type] || message === "v1/Event") return [];
      const known = fieldsOf(type);
      return own
        .filter(({ name }) => name !== "..." && !known.has(name))
        .map(({ name }) => `${message} ${name}`);
    });
    assert.deepEqual(strange, []);
  });
});

describe("A client that speaks protobuf", () => {
  let server: ApiServer;
  let https: Listening;
  let agent: Agent;
  before(async () => {
    server = createApiServer();
    https = await listen(server);
    agent = new Agent({ connect: { ca: https.caPem } });
  });
  after(async () => {
    await agent.destroy();
    await https.close();
  });

  const send = (
    method: "GET" | "POST" | "DELETE",
    path: string,
    body?: Buffer,
    accept = `${protobuf},application/json`,
  ) =>
    agent.request({
      origin: https.url,
      path,
      method,
      headers: { authorization: `Bearer ${server.adminToken}`, "content-type": protobuf, accept },
      body: body ?? null,
    });
  const bytes = (object: Fields) => toProtobuf(object) as Buffer;

  it("gets JSON when it takes that as well", async () => {
    const path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    const answer = await send("POST", path, Buffer.from(sent.review, "base64"));
    const { status } = (await answer.body.json()) as { status: object };
    assert.deepEqual([answer.statusCode, status], [201, { allowed: true }]);
  });

  it("gets protobuf when it takes nothing else", async () => {
    const path = "/apis/apps/v1/namespaces/default/deployments";
    const answer = await send("POST", path, Buffer.from(sent.deployment, "base64"), protobuf);
    const read = fromProtobuf(Buffer.from(await answer.body.arrayBuffer()));
    assert.deepEqual([answer.statusCode, answer.headers["content-type"]], [201, protobuf]);
    assert.equal((read["spec"] as Fields)["progressDeadlineSeconds"], 600);
    const list = await send("GET", path, undefined, protobuf);
    const { items } = fromProtobuf(Buffer.from(await list.body.arrayBuffer()));
    assert.deepEqual(
      (items as Fields[]).map(({ spec }) => spec),
      [read["spec"]],
    );
  });

  it("gets its errors in protobuf too", async () => {
    const answer = await send("GET", "/api/v1/nodes/none", undefined, protobuf);
    const { kind, reason, code } = fromProtobuf(Buffer.from(await answer.body.arrayBuffer()));
    assert.deepEqual([answer.statusCode, kind, reason, code], [404, "Status", "NotFound", 404]);
  });

  it("watches in protobuf: each event after its length", async () => {
    const watch = await send(
      "GET",
      "/api/v1/namespaces?watch=1&fieldSelector=metadata.name=default",
      undefined,
      protobuf,
    );
    assert.equal(watch.headers["content-type"], `${protobuf};stream=watch`);
    for await (const chunk of watch.body) {
      const frame = chunk as Buffer;
      assert.equal(frame.readUInt32BE(), frame.length - 4);
      // The event is its type, ADDED, and the object in a wrapper.
      assert.equal(frame.subarray(6, 11).toString(), "ADDED");
      const object = fromProtobuf(frame.subarray(frame.indexOf("k8s\0")));
      assert.equal((object["metadata"] as Fields)["name"], "default");
      break;
    }
  });

  it("evicts a pod, and deletes one with preconditions", async () => {
    const pod = { metadata: { name: "p" }, spec: { containers: [{ name: "c", image: "i" }] } };
    const path = "/api/v1/namespaces/default/pods";
    const made = await send("POST", path, bytes({ kind: "Pod", apiVersion: "v1", ...pod }));
    assert.equal(made.statusCode, 201);
    const wrong = { kind: "DeleteOptions", apiVersion: "v1", preconditions: { uid: "another" } };
    assert.equal((await send("DELETE", `${path}/p`, bytes(wrong))).statusCode, 409);
    const eviction = { kind: "Eviction", apiVersion: "policy/v1", metadata: { name: "p" } };
    assert.equal((await send("POST", `${path}/p/eviction`, bytes(eviction))).statusCode, 201);
    assert.equal((await send("GET", `${path}/p`)).statusCode, 404);
  });

  it("is told when its body is no protobuf", async () => {
    const answer = await send("POST", "/api/v1/nodes", Buffer.from("k8s"));
    assert.equal(answer.statusCode, 400);
  });
});
