import assert from "node:assert/strict";
import { bodyOf } from "./bodies.ts";
import { createApiServer } from "./server.ts";

const pods = "/api/v1/namespaces/default/pods";
const pod = (changes: object = {}) => ({
  metadata: { name: "web" },
  spec: { containers: [{ name: "main", image: "app:1" }] },
  ...changes,
});

interface Row {
  what: string;
  method?: "POST" | "PUT" | "PATCH" | "GET";
  path?: string;
  type?: string;
  body?: unknown;
  status: number;
  reason?: string;
  says: RegExp;
}

const unknownField = pod({ specs: {} });

const rows: Row[] = [
  { what: "a body that is not JSON", body: "{", status: 400, reason: "BadRequest", says: /./ },
  {
    what: "an unknown field, strictly",
    path: `${pods}?fieldValidation=Strict`,
    body: unknownField,
    status: 400,
    reason: "BadRequest",
    says: /strict decoding error: unknown field "specs"/,
  },
  {
    what: "a content type that nobody knows",
    type: "text/plain",
    body: pod(),
    status: 415,
    reason: "UnsupportedMediaType",
    says: /media type|unknown format/,
  },
  {
    what: "a patch of no kind of patch",
    method: "PATCH",
    path: `${pods}/web`,
    type: "application/json",
    body: {},
    status: 415,
    reason: "UnsupportedMediaType",
    says: /./,
  },
  {
    what: "a name that is too long",
    body: pod({ metadata: { name: "x".repeat(254) } }),
    status: 422,
    reason: "Invalid",
    says: /metadata.name: Invalid value: .*must be no more than 253/,
  },
  {
    what: "a name with capitals",
    body: pod({ metadata: { name: "Web" } }),
    status: 422,
    reason: "Invalid",
    says: /lowercase RFC 1123 subdomain/,
  },
  {
    what: "a namespace that is absent",
    path: "/api/v1/namespaces/nowhere/pods",
    body: pod(),
    status: 404,
    reason: "NotFound",
    says: /namespaces "nowhere" not found/,
  },
  {
    what: "another namespace than the path's",
    body: pod({ metadata: { name: "web", namespace: "kube-system" } }),
    status: 400,
    reason: "BadRequest",
    says: /does not match the namespace/,
  },
  {
    what: "another name than the path's",
    method: "PUT",
    path: `${pods}/other`,
    body: pod(),
    status: 400,
    reason: "BadRequest",
    says: /the name of the object \(web\) does not match the name on the URL \(other\)/,
  },
  {
    what: "another kind than the path's",
    body: { ...pod(), apiVersion: "v1", kind: "Service" },
    status: 400,
    reason: "BadRequest",
    says: /Service.*Pod|does not match/,
  },
  {
    what: "no name at all",
    body: pod({ metadata: {} }),
    status: 422,
    reason: "Invalid",
    says: /name or generateName is required/,
  },
  {
    what: "a field validation that there is not",
    path: `${pods}?fieldValidation=Sometimes`,
    body: pod(),
    status: 422,
    reason: "Invalid",
    says: /fieldValidation: Unsupported value: "Sometimes"/,
  },
  {
    what: "a dry run that there is not",
    path: `${pods}?dryRun=Some`,
    body: pod(),
    status: 422,
    reason: "Invalid",
    says: /dryRun: Unsupported value: .*Some/,
  },
  {
    what: "a list at a version that is no number",
    method: "GET",
    path: `${pods}?resourceVersion=new`,
    status: 400,
    reason: "BadRequest",
    says: /^invalid resource version: resourceVersion: Invalid value: "new": strconv.ParseUint/,
  },
  {
    what: "a watch from a version that is no number",
    method: "GET",
    path: `${pods}?watch=true&resourceVersion=new`,
    status: 500,
    says: /^resourceVersion: Invalid value: "new": strconv.ParseUint/,
  },
  {
    what: "a time of a Lease with three digits of a second",
    path: "/apis/coordination.k8s.io/v1/namespaces/default/leases",
    body: { metadata: { name: "a" }, spec: { renewTime: "2026-01-01T00:00:00.123Z" } },
    status: 400,
    reason: "BadRequest",
    says: /^Lease in version "v1" cannot be handled as a Lease: parsing time .*cannot parse ".123Z" as ".000000"$/,
  },
  {
    what: "a note of an event of more than 1,024 bytes, which it calls characters",
    path: "/apis/events.k8s.io/v1/namespaces/default/events",
    body: {
      metadata: { name: "a" },
      eventTime: "2026-01-01T00:00:00.000000Z",
      type: "Normal",
      reason: "Rebooting",
      action: "Rebooting",
      note: "\u8282".repeat(342),
      regarding: { kind: "Node", name: "n1" },
      reportingController: "example.com/a",
      reportingInstance: "a",
    },
    status: 422,
    reason: "Invalid",
    says: /message: Invalid value: "": can have at most 1024 characters/,
  },
  {
    what: "more than 3 MiB",
    body: pod({ metadata: { name: "web", annotations: { a: "x".repeat(3 * 1024 * 1024 + 1) } } }),
    status: 413,
    reason: "RequestEntityTooLarge",
    says: /limit is 3145728/,
  },
];

describe("The simulated API server refuses", () => {
  for (const {
    what,
    method = "POST",
    path = pods,
    type = "application/json",
    body,
    status,
    reason,
    says,
  } of rows) {
    it(what, async () => {
      const server = createApiServer();
      const answer = await server.transport(server.adminToken)({
        method,
        path,
        headers: { "content-type": type },
        ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
        signal: new AbortController().signal,
      });
      const text = await bodyOf(answer);
      assert.equal(answer.status, status, text.slice(0, 300));
      const said = JSON.parse(text) as { kind: string; reason: string; message: string };
      assert.equal(said.kind, "Status");
      assert.equal(said.reason, reason);
      assert.match(said.message, says);
    });
  }

  it("nothing for an unknown field when it is only to warn, and drops it", async () => {
    const server = createApiServer();
    const answer = await server.transport(server.adminToken)({
      method: "POST",
      path: `${pods}?fieldValidation=Warn`,
      headers: { "content-type": "application/json" },
      body: JSON.stringify(unknownField),
      signal: new AbortController().signal,
    });
    assert.equal(answer.status, 201);
    assert.match(answer.header("warning") ?? "", /unknown field \\"specs\\"/);
    assert.ok(!("specs" in JSON.parse(await bodyOf(answer))));
  });
});
