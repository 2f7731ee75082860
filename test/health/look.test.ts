import assert from "node:assert/strict";
import { type Api, ApiError } from "../../daemon/cluster/api.ts";
import { createClient } from "../../daemon/cluster/client.ts";
import { parseTable } from "../../daemon/config/option.ts";
import { healthOptions } from "../../daemon/config/options/health.ts";
import { createHealthLook } from "../../daemon/health/look.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import { createApiServer } from "../kubernetes/api/server.ts";
import { everyRow } from "../rows.ts";
import { examples } from "./objects.ts";

const { signal } = new AbortController();

/** A server in memory; `asked` has the paths of what is read. */
function cluster() {
  const server = createApiServer();
  const apiFor = (token: string) => createClient({ transport: server.transport(token), clock: systemClock });
  const admin = apiFor(server.adminToken);
  const asked: string[] = [];
  const note = <T extends Api>(api: T): T => ({
    ...api,
    get: (path, options) => {
      asked.push(path);
      return api.get(path, options);
    },
    list: (path, options) => {
      asked.push(path);
      return api.list(path, options);
    },
  });
  let elapsed = 0;
  const clock = { ...systemClock, elapsed: () => elapsed };
  const lookAs = (api: Api) => {
    const look = createHealthLook(note(api), clock);
    return async (...conditions: string[]) =>
      (await look(parseTable(healthOptions, { "healthy-when": conditions })["healthy-when"], signal)).map(
        ({ code, message }) => `${code}: ${message}`,
      );
  };
  return {
    server,
    asked,
    admin,
    says: lookAs(admin),
    saysTo: (name: string) => lookAs(apiFor(server.addUser({ name, groups: ["system:authenticated"] }))),
    saysWith: lookAs,
    pass: (ms: number) => {
      elapsed += ms;
    },
    async put(collection: string, body: object): Promise<void> {
      const namespace = /namespaces\/([^/]+)/.exec(collection)?.[1];
      if (namespace !== undefined && server.stored("namespaces", namespace) === undefined)
        await admin.create("/api/v1/namespaces", { metadata: { name: namespace } }, { signal });
      await admin.create(collection, body, { signal });
    },
  };
}

const volumes = examples.longhorn.collection;
const volume = (name: string, robustness: string) => ({
  metadata: { name },
  status: { state: "attached", robustness },
});
const configMaps = "/api/v1/namespaces/default/configmaps";
const putMaps = async (put: ReturnType<typeof cluster>["put"], count: number) => {
  for (let index = 0; index < count; index += 1)
    await put(configMaps, { metadata: { name: `m${index}` }, data: { text: `t${index}` } });
};

describe("Conditions of health", () => {
  it("hold for objects as their projects document them, and do not for broken ones", () =>
    everyRow(Object.entries(examples), async ({ condition, collection, healthy, broken }) => {
      const { says, put, admin } = cluster();
      const template = { spec: { containers: [{ name: "main", image: "app:1" }] } };
      const labels = { app: "web" };
      const spec = collection.endsWith("/deployments")
        ? { spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, ...template } } }
        : {};
      await put(collection, { ...spec, metadata: healthy.metadata });
      const path = `${collection}/${healthy.metadata.name}/status`;
      await admin.patch(path, { status: healthy.status }, { signal });
      assert.deepEqual(await says(condition), []);
      await admin.patch(path, { status: broken }, { signal });
      const [answer = ""] = await says(condition);
      assert.match(answer, /^unhealthy: .* not healthy.*: .* is false$/);
      assert.ok(answer.includes(healthy.metadata.name), answer);
    }));

  it("name the objects for which they do not hold, the first of them by name", async () => {
    const { says, put } = cluster();
    for (const [name, robustness] of Object.entries({
      a: "healthy",
      b: "degraded",
      c: "faulted",
      d: "x",
      e: "x",
    }))
      await put(volumes, volume(name, robustness));
    assert.deepEqual(await says("longhorn.io/v1beta2/Volume: status.robustness == 'healthy'"), [
      "unhealthy: 4 of 5 objects of Volume are not healthy (longhorn-system/b, longhorn-system/c, longhorn-system/d and 1 more): status.robustness == 'healthy' is false",
    ]);
  });

  it("do not hold for what is not there, is not served, or is in no namespace", async () => {
    const { says, put } = cluster();
    await put(volumes, volume("a", "healthy"));
    assert.deepEqual(
      await says(
        "longhorn.io/v1beta2/Volume/longhorn-system/b: true",
        "longhorn.io/v1beta2/Volume/default: true",
        "postgresql.cnpg.io/v1/Cluster: true",
        "example.com/v1/Thing: true",
        "longhorn.io/v1/Volume: true",
        "v1/Thing: true",
        "v1/Node/shop/n1: true",
        "v1/Node/n1: true",
      ),
      [
        "no-object: there is no Volume longhorn-system/b",
        "no-object: there is no Volume default",
        "no-object: there is no Cluster",
        "not-served: the cluster serves no Thing of example.com/v1",
        "not-served: the cluster serves no Volume of longhorn.io/v1",
        "not-served: the cluster serves no Thing of v1",
        "no-object: objects of Node are in no namespace; name one as Node/NAME",
        "no-object: there is no Node n1",
      ],
    );
  });

  it("cannot be told without the right, and name it", async () => {
    const { saysTo, put } = cluster();
    await put(volumes, volume("a", "healthy"));
    const says = saysTo("system:serviceaccount:kube-system:rebootd");
    assert.deepEqual(
      await says(
        "longhorn.io/v1beta2/Volume/longhorn-system/a: true",
        "longhorn.io/v1beta2/Volume: true",
        "v1/ConfigMap/default/m: true",
      ),
      [
        "forbidden: rebootd may not get volumes.longhorn.io in longhorn-system; grant it as manifests/components/health does",
        "forbidden: rebootd may not list volumes.longhorn.io; grant it as manifests/components/health does",
        "forbidden: rebootd may not get configmaps in default; grant it as manifests/components/health does",
      ],
    );
  });

  it("cannot be told where the expression fails, or the server does; the others are asked all the same", async () => {
    const { says, saysWith, admin, put } = cluster();
    await putMaps(put, 2);
    const list: Api["list"] = () =>
      Promise.reject(new ApiError("list: 503: etcd is away", { code: "server-error", status: 503 }));
    assert.deepEqual(
      await says("v1/ConfigMap/default/m1: data.size == '1'", "v1/ConfigMap/default/m0: false"),
      [
        "cannot-tell: cannot tell whether ConfigMap default/m1 is healthy: No such key: size at character 6 in data.size == '1'",
        "unhealthy: ConfigMap default/m0 is not healthy: false is false",
      ],
    );
    assert.deepEqual(
      await saysWith({ ...admin, list })("v1/ConfigMap: true", "v1/ConfigMap/default/m0: true"),
      ["cannot-tell: cannot tell whether ConfigMap is healthy: list: 503: etcd is away"],
    );
  });

  it("show of the object its name alone, and are cut", async () => {
    const { says, put } = cluster();
    await put(configMaps, { metadata: { name: "m" }, data: { password: "hunter2" } });
    for (const expression of [
      "data.password == 'x'",
      "int(data.password) == 1",
      "data.password - 1 == 1",
      "duration(data.password) == duration('1s')",
    ]) {
      const [answer = ""] = await says(`v1/ConfigMap/default/m: ${expression}`);
      assert.ok(answer !== "" && !answer.includes("hunter2"), answer);
    }
    const [long = ""] = await says(`v1/ConfigMap/default/m: ${"false || ".repeat(100)}false`);
    assert.ok(long.length < 250, long);
  });

  it("are told of many objects in pages of 100, and of no more than 5,000", async () => {
    const { says, asked, put, saysWith, admin } = cluster();
    await putMaps(put, 250);
    assert.deepEqual(await says("v1/ConfigMap/default: data.text.startsWith('t')"), []);
    assert.equal(asked.filter((path) => path === configMaps).length, 3);
    const endless: Api["list"] = async <T>() => ({
      metadata: { resourceVersion: "1", continue: "more", remainingItemCount: undefined },
      items: Array.from({ length: 100 }, (_, index) => ({ metadata: { name: `m${index}` } }) as T),
    });
    assert.deepEqual(await saysWith({ ...admin, list: endless })("v1/ConfigMap: true"), [
      "cannot-tell: cannot tell whether ConfigMap is healthy: there are more than 5000 objects",
    ]);
  });

  it("are not told by an expression that takes too long", async () => {
    const { says, put } = cluster();
    await put(configMaps, { metadata: { name: "m" }, data: { text: `${"a".repeat(40)}b` } });
    assert.deepEqual(await says("v1/ConfigMap/default/m: data.text.matches('^(a+)+$')"), [
      "cannot-tell: cannot tell whether ConfigMap default/m is healthy: it takes longer than 250 ms",
    ]);
  });
});

describe("The names of kinds", () => {
  it("are remembered for ten minutes, and for less where the object is gone", async () => {
    const { says, asked, put, pass } = cluster();
    await put(volumes, volume("a", "healthy"));
    const discoveries = () => asked.filter((path) => path === "/apis/longhorn.io/v1beta2").length;
    const named = (name: string) => says(`longhorn.io/v1beta2/Volume/longhorn-system/${name}: true`);
    await named("a");
    pass(9 * 60_000);
    await named("a");
    assert.equal(discoveries(), 1);
    pass(60_000);
    await named("a");
    assert.equal(discoveries(), 2);
    await named("b");
    await named("a");
    assert.equal(discoveries(), 3);
  });
});
