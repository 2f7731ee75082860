import assert from "node:assert/strict";
import { beforeEach, describe, it } from "mocha";
import type { Fields } from "./object.ts";
import { type ApiServer, createApiServer, type User } from "./server.ts";
import type { Status } from "./status.ts";

/** https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/ */

const group = "/apis/admissionregistration.k8s.io/v1";
const maps = "/api/v1/namespaces/default/configmaps";
const rule = { apiGroups: [""], apiVersions: ["v1"], operations: ["*"], resources: ["configmaps"] };
const user: User = { name: "jo", groups: ["system:masters"], extra: { "example.com/node": ["n1"] } };

describe("An admission policy", () => {
  let server: ApiServer;
  let token: string;
  beforeEach(() => {
    server = createApiServer();
    token = server.addUser(user);
  });

  async function send(
    method: "POST" | "PUT" | "PATCH" | "DELETE",
    path: string,
    body: Fields = {},
    query = "",
  ): Promise<{ status: number; said: string }> {
    const headers = {
      "content-type": method === "PATCH" ? "application/merge-patch+json" : "application/json",
    };
    const { signal } = new AbortController();
    const call = {
      method,
      path,
      query: new URLSearchParams(query),
      headers,
      body: JSON.stringify(body),
      signal,
    };
    const answer = await server.answer(call, token);
    return {
      status: answer.status,
      said: (JSON.parse(answer.body as string) as Partial<Status>).message ?? "",
    };
  }

  async function addPolicy(spec: Fields, name = "p"): Promise<void> {
    const body = { metadata: { name }, spec: { matchConstraints: { resourceRules: [rule] }, ...spec } };
    const added = await send("POST", `${group}/validatingadmissionpolicies`, body);
    assert.equal(added.status, 201, added.said);
  }

  async function bind(policyName = "p", validationActions = ["Deny"]): Promise<void> {
    const body = { metadata: { name: `${policyName}-bound` }, spec: { policyName, validationActions } };
    const added = await send("POST", `${group}/validatingadmissionpolicybindings`, body);
    assert.equal(added.status, 201, added.said);
  }

  const addMap = (name: string, data: Fields = {}, query = "") =>
    send("POST", maps, { metadata: { name }, data }, query);

  it("says nothing until it is bound, and only where the binding denies", async () => {
    await addPolicy({ validations: [{ expression: "false" }] });
    assert.equal((await addMap("a")).status, 201);
    await bind("p", ["Warn", "Audit"]);
    assert.equal((await addMap("b")).status, 201);
  });

  it("refuses in the words of the real server, by its own reason", async () => {
    await addPolicy({
      validations: [
        { expression: "true", message: "not this" },
        { expression: "object.data.size < '5'", message: "too big", reason: "Forbidden" },
      ],
    });
    await bind();
    assert.equal((await addMap("small", { size: "4" })).status, 201);
    assert.deepEqual(await addMap("big", { size: "6" }), {
      status: 403,
      said: `configmaps "big" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'p-bound' denied request: too big`,
    });
  });

  const denials: [what: string, validation: Fields, status: number, says: RegExp][] = [
    ["is invalid where no reason is given", { expression: "false" }, 422, /failed expression: false/],
    [
      "words its message",
      { expression: "false", messageExpression: "'no ' + object.data.x" },
      422,
      /: no 1$/,
    ],
    [
      "fails closed on an error",
      { expression: "object.nothing.here" },
      422,
      /expression 'object.nothing.here' resulted in error/,
    ],
    [
      "knows who asks",
      {
        expression:
          "request.userInfo.username != 'jo' || request.userInfo.extra['example.com/node'][0] != 'n1'",
      },
      422,
      /failed expression/,
    ],
    [
      "knows what is asked",
      {
        expression:
          "!(request.operation == 'CREATE' && request.resource.resource == 'configmaps' && request.namespace == 'default' && oldObject == null && !request.dryRun)",
      },
      422,
      /failed expression/,
    ],
  ];
  for (const [what, validation, status, says] of denials) {
    it(what, async () => {
      await addPolicy({ validations: [validation] });
      await bind();
      const answer = await addMap("a", { x: "1" });
      assert.equal(answer.status, status);
      assert.match(answer.said, says);
    });
  }

  it("lets errors pass where it says so", async () => {
    await addPolicy({ failurePolicy: "Ignore", validations: [{ expression: "object.nothing.here" }] });
    await bind();
    assert.equal((await addMap("a")).status, 201);
  });

  it("is asked only where its conditions hold", async () => {
    const validations = [{ expression: "false" }];
    await addPolicy({
      matchConditions: [{ name: "x", expression: "object.metadata.name == 'b'" }],
      validations,
    });
    await bind();
    assert.deepEqual([(await addMap("a")).status, (await addMap("b")).status], [201, 422]);
  });

  const conditions: [what: string, conditions: string[], failurePolicy: string, status: number][] = [
    [
      "is skipped where a condition is false, whatever another one runs into",
      ["object.x.y", "false"],
      "Fail",
      201,
    ],
    ["fails closed where a condition runs into an error", ["true", "object.x.y"], "Fail", 422],
    ["is skipped on such an error where it says so", ["true", "object.x.y"], "Ignore", 201],
    ["knows no variables in its conditions", ["variables.yes"], "Fail", 422],
  ];
  for (const [what, expressions, failurePolicy, status] of conditions) {
    it(what, async () => {
      await addPolicy({
        failurePolicy,
        variables: [{ name: "yes", expression: "true" }],
        matchConditions: expressions.map((expression, index) => ({ name: `c${index}`, expression })),
        validations: [{ expression: "false" }],
      });
      await bind();
      assert.equal((await addMap("a")).status, status);
    });
  }

  it("asks what else the sender may do, in conditions and in validations", async () => {
    const ask = (verb: string) =>
      `authorizer.group('example.com').resource('things').namespace('shop').name('x').check('${verb}').allowed()`;
    await addPolicy({
      matchConditions: [{ name: "c", expression: `!${ask("skip")}` }],
      validations: [{ expression: ask("pass") }],
    });
    await bind();
    const rbac = "/apis/rbac.authorization.k8s.io/v1";
    const may = async (name: string, ...verbs: string[]) => {
      const rules = [
        { apiGroups: ["example.com"], resources: ["things"], resourceNames: ["x"], verbs },
        { apiGroups: [""], resources: ["configmaps"], verbs: ["create"] },
      ];
      await send("POST", `${rbac}/clusterroles`, { metadata: { name }, rules });
      await send("POST", `${rbac}/clusterrolebindings`, {
        metadata: { name },
        roleRef: { kind: "ClusterRole", name },
        subjects: [{ kind: "User", name }],
      });
      const before = token;
      token = server.addUser({ name, groups: [] });
      const { status } = await addMap(name);
      token = before;
      return status;
    };
    assert.deepEqual(
      [await may("nobody", "get"), await may("skips", "skip"), await may("passes", "pass")],
      [422, 201, 201],
    );
    assert.equal((await addMap("admin")).status, 201);
  });

  it("works out a variable only when it is needed, and from those before it", async () => {
    const variables = [
      { name: "broken", expression: "object.nothing.here" },
      { name: "size", expression: "object.data.size" },
      { name: "isBig", expression: "variables.size > '5'" },
    ];
    await addPolicy({ variables, validations: [{ expression: "!variables.isBig" }] });
    await bind();
    assert.deepEqual(
      [(await addMap("a", { size: "4" })).status, (await addMap("b", { size: "6" })).status],
      [201, 422],
    );
  });

  it("sees both objects of a change, and the old one of a deletion", async () => {
    await addMap("a", { x: "1" });
    const validations = [
      {
        expression: "request.operation != 'UPDATE' || object.data.x == oldObject.data.x",
        message: "x changed",
      },
      {
        expression: "request.operation != 'DELETE' || oldObject.data.x != '1' || object != null",
        message: "x is 1",
      },
    ];
    await addPolicy({ validations });
    await bind();
    const patched = await send("PATCH", `${maps}/a`, { data: { x: "2" } });
    assert.match(patched.said, /x changed/);
    assert.equal((await send("PATCH", `${maps}/a`, { data: { y: "2" } })).status, 200);
    const replaced = await send("PUT", `${maps}/a`, { metadata: { name: "a" }, data: { x: "3" } });
    assert.match(replaced.said, /x changed/);
    assert.match((await send("DELETE", `${maps}/a`)).said, /x is 1/);
    assert.match((await send("DELETE", maps)).said, /x is 1/);
    assert.deepEqual(server.stored("configmaps", "default/a")?.["data"], { x: "1", y: "2" });
  });

  it("is asked in a dry run too", async () => {
    await addPolicy({ validations: [{ expression: "!request.dryRun" }] });
    await bind();
    assert.deepEqual([(await addMap("a", {}, "dryRun=All")).status, (await addMap("a")).status], [422, 201]);
  });

  it("matches operations, resources, subresources and names as rules of access do", async () => {
    const pods = "/api/v1/namespaces/default/pods";
    const pod = { spec: { containers: [{ name: "c", image: "i" }] } };
    for (const name of ["a", "b"]) await send("POST", pods, { metadata: { name }, ...pod });
    const resourceRules = [
      { ...rule, operations: ["CREATE"], resources: ["pods/eviction"] },
      { ...rule, operations: ["DELETE"], resources: ["pods"], resourceNames: ["b"] },
    ];
    await addPolicy({ matchConstraints: { resourceRules }, validations: [{ expression: "false" }] });
    await bind();
    const statuses = [
      await send("POST", `${pods}/a/eviction`, { metadata: { name: "a" } }),
      await send("DELETE", `${pods}/b`),
      await send("PATCH", `${pods}/b`, { metadata: { labels: { x: "y" } } }),
      await send("DELETE", `${pods}/a`),
      await addMap("a"),
    ].map(({ status }) => status);
    assert.deepEqual(statuses, [422, 422, 200, 200, 201]);
  });

  const refused: [what: string, spec: Fields, says: RegExp][] = [
    [
      "with a fault in an expression",
      { validations: [{ expression: "1 +" }] },
      /spec\.validations\[0\]\.expression: .*compilation failed/,
    ],
    ["without an expression", { variables: [{ name: "x" }] }, /spec\.variables\[0\]\.expression: Required/],
    [
      "with what this server does not heed",
      { paramKind: { apiVersion: "v1", kind: "ConfigMap" } },
      /spec\.paramKind.*does not heed/,
    ],
  ];
  for (const [what, spec, says] of refused) {
    it(`${what} is not taken`, async () => {
      const body = { metadata: { name: "p" }, spec };
      const answer = await send("POST", `${group}/validatingadmissionpolicies`, body);
      assert.equal(answer.status, 422);
      assert.match(answer.said, says);
    });
  }
});
