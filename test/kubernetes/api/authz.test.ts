import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { allows, type Rule } from "./authz.ts";
import { bodyOf } from "./bodies.ts";
import type { Attributes } from "./request.ts";
import { createApiServer } from "./server.ts";

function rule(given: Partial<Rule>): Rule {
  return {
    verbs: ["get"],
    apiGroups: [""],
    resources: ["pods"],
    resourceNames: [],
    nonResourceURLs: [],
    ...given,
  };
}

function request(given: Partial<Attributes>): Attributes {
  return {
    verb: "get",
    isResource: true,
    path: "",
    group: "",
    version: "v1",
    resource: "pods",
    subresource: "",
    namespace: "shop",
    name: "a",
    ...given,
  };
}

describe("A rule", () => {
  const rows: [string, Partial<Rule>, Partial<Attributes>, boolean][] = [
    ["allows its verb on its resource", {}, {}, true],
    ["does not allow another verb", {}, { verb: "delete" }, false],
    ["does not allow another resource", {}, { resource: "nodes" }, false],
    ["does not allow the same resource of another group", {}, { group: "apps" }, false],
    ["does not allow a subresource of its resource", {}, { subresource: "status" }, false],
    ["allows a subresource that it names", { resources: ["pods/status"] }, { subresource: "status" }, true],
    ["on a subresource does not allow the resource", { resources: ["pods/status"] }, {}, false],
    ["allows a subresource of all resources", { resources: ["*/status"] }, { subresource: "status" }, true],
    [
      "allows everything with stars",
      { verbs: ["*"], apiGroups: ["*"], resources: ["*"] },
      { group: "apps" },
      true,
    ],
    ["allows a name that it lists", { resourceNames: ["a"] }, {}, true],
    ["does not allow a name that it does not list", { resourceNames: ["a"] }, { name: "b" }, false],
    [
      "with names does not allow what has none",
      { verbs: ["list"], resourceNames: ["a"] },
      { verb: "list", name: "" },
      false,
    ],
    ["allows its path", { nonResourceURLs: ["/version"] }, { isResource: false, path: "/version" }, true],
    [
      "allows what is below its path",
      { nonResourceURLs: ["/api/*"] },
      { isResource: false, path: "/api/v1" },
      true,
    ],
    [
      "does not allow another path",
      { nonResourceURLs: ["/version"] },
      { isResource: false, path: "/metrics" },
      false,
    ],
  ];
  for (const [what, of, asked, allowed] of rows) {
    it(what, () => assert.equal(allows(rule(of), request(asked)), allowed));
  }
});

describe("A service account", () => {
  const rbac = "/apis/rbac.authorization.k8s.io/v1";
  const grants = (resources: string[], verbs: string[]) => [{ apiGroups: ["*"], resources, verbs }];

  /** A server on which the service account default/default has these rules in the whole cluster. */
  async function scene(rules: object[]) {
    const server = createApiServer();
    const ask = (token: string) => (method: "GET" | "POST" | "DELETE", path: string, body?: object) =>
      server.transport(token)({
        method,
        path,
        headers: {},
        signal: new AbortController().signal,
        ...(body && { body: JSON.stringify(body) }),
      });
    const as =
      (token: string) =>
      async (...request: Parameters<ReturnType<typeof ask>>) =>
        (await ask(token)(...request)).status;
    const admin = as(server.adminToken);
    await admin("POST", `${rbac}/clusterroles`, { metadata: { name: "r" }, rules });
    const roleRef = { kind: "ClusterRole", name: "r" };
    const subjects = [{ kind: "ServiceAccount", name: "default", namespace: "default" }];
    await admin("POST", `${rbac}/clusterrolebindings`, { metadata: { name: "r" }, roleRef, subjects });
    const robotToken = server.serviceAccountToken("default", "default");
    return { admin, robot: as(robotToken), askAsRobot: ask(robotToken) };
  }

  it("may do what its role says, from the next request on", async () => {
    const { admin, robot } = await scene(grants(["nodes"], ["list"]));
    assert.equal(await robot("GET", "/api/v1/nodes"), 200);
    await admin("DELETE", `${rbac}/clusterrolebindings/r`);
    assert.equal(await robot("GET", "/api/v1/nodes"), 403);
  });

  it("has no identity once it is deleted", async () => {
    const { admin, robot } = await scene(grants(["nodes"], ["list"]));
    await admin("DELETE", "/api/v1/namespaces/default/serviceaccounts/default");
    assert.equal(await robot("GET", "/api/v1/nodes"), 401);
  });

  it("may not grant what it does not have", async () => {
    const { robot } = await scene([...grants(["roles"], ["create"]), ...grants(["nodes"], ["list"])]);
    const role = (rules: object[]) => ({ metadata: { generateName: "r-" }, rules });
    const path = `${rbac}/namespaces/default/roles`;
    assert.equal(
      await robot("POST", path, role([{ apiGroups: [""], resources: ["nodes"], verbs: ["list"] }])),
      201,
    );
    assert.equal(
      await robot("POST", path, role([{ apiGroups: [""], resources: ["nodes"], verbs: ["patch"] }])),
      403,
    );
  });

  it("has the rules of the ClusterRoles that its role aggregates", async () => {
    const { admin, robot } = await scene([]);
    const path = `${rbac}/clusterroles`;
    await admin("DELETE", `${path}/r`);
    const aggregationRule = { clusterRoleSelectors: [{ matchLabels: { to: "r" } }] };
    await admin("POST", path, { metadata: { name: "r" }, aggregationRule });
    assert.equal(await robot("GET", "/api/v1/nodes"), 403);
    const labels = { to: "r" };
    await admin("POST", path, { metadata: { name: "part", labels }, rules: grants(["nodes"], ["list"]) });
    assert.equal(await robot("GET", "/api/v1/nodes"), 200);
  });

  it("may not make a role that aggregates without having all rights", async () => {
    const { robot } = await scene(grants(["*"], ["create", "get"]));
    const role = { metadata: { name: "all" }, aggregationRule: { clusterRoleSelectors: [] } };
    assert.equal(await robot("POST", `${rbac}/clusterroles`, role), 403);
  });

  it("is told its rules", async () => {
    const { askAsRobot } = await scene(grants(["nodes"], ["list"]));
    const path = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews";
    const answer = await askAsRobot("POST", path, { spec: { namespace: "default" } });
    const { status } = JSON.parse(await bodyOf(answer));
    assert.equal(answer.status, 201);
    assert.deepEqual(
      status.resourceRules.filter((found: Partial<Rule>) => found.resources?.includes("nodes")),
      [{ verbs: ["list"], apiGroups: ["*"], resources: ["nodes"] }],
    );
    assert.equal((await askAsRobot("POST", path, { spec: {} })).status, 400);
  });
});
