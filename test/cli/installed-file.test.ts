import assert from "node:assert/strict";
import { installedBy } from "../../daemon/cli/installed.ts";
import { withConfigFile } from "../../daemon/cli/installed-file.ts";
import { type Api, ApiError } from "../../daemon/cluster/api.ts";
import type { DaemonSet } from "../../daemon/cluster/objects.ts";

type PodSpec = NonNullable<NonNullable<DaemonSet["spec"]>["template"]["spec"]>;
type Container = PodSpec["containers"][number];

const { signal } = new AbortController();
const file = "/etc/rebootd/config/config.yaml";
const volumes: NonNullable<PodSpec["volumes"]> = [{ name: "config", configMap: { name: "rebootd-config" } }];
const volumeMounts = [{ name: "config", mountPath: "/etc/rebootd/config" }];

/** The options of a DaemonSet whose ConfigMap has this data; undefined: it may not be read. */
async function read(
  container: Partial<Container>,
  data: Readonly<Record<string, string>> | undefined,
  pod: Partial<PodSpec> = { volumes },
) {
  const containers = [{ name: "rebootd", image: "rebootd:1", volumeMounts, ...container }];
  const [plain] = installedBy({
    metadata: { namespace: "ops", name: "rebootd" },
    spec: { selector: {}, template: { spec: { ...pod, containers } } },
  });
  assert.ok(plain);
  const api = {
    async get(path: string) {
      assert.equal(path, "/api/v1/namespaces/ops/configmaps/rebootd-config");
      if (data === undefined) throw new ApiError("reading it", { code: "forbidden" });
      return { data };
    },
  } as unknown as Api;
  return await withConfigFile(api, plain, signal);
}

const args = ["run", `--config=${file}`, "--concurrency=3"];

describe("The configuration file of an installed DaemonSet", () => {
  it("is read from the ConfigMap that is mounted there; arguments and environment go before it", async () => {
    const { raw, unknown, mayHaveMore, configFile } = await read(
      { args, env: [{ name: "REBOOTD_PERIOD", value: "2h" }] },
      { "config.yaml": "concurrency: 2\nperiod: 1h\nrebootDays: [sa, su]\n" },
    );
    assert.deepEqual(raw, { concurrency: "3", period: "2h", "reboot-days": ["sa", "su"] });
    assert.deepEqual([unknown, mayHaveMore, configFile], [[], false, undefined]);
  });

  it("is found by the environment, and by another key", async () => {
    const env = [{ name: "REBOOTD_CONFIG", value: file }];
    const items = [{ key: "mine", path: "config.yaml" }];
    const pod = { volumes: [{ name: "config", configMap: { name: "rebootd-config", items } }] };
    const { raw } = await read({ args: ["run"], env }, { mine: "concurrency: 2\n" }, pod);
    assert.deepEqual(raw, { concurrency: "2" });
  });

  it("does not show an option whose variable is in another object", async () => {
    const env = [{ name: "REBOOTD_PERIOD", valueFrom: { secretKeyRef: { name: "a", key: "b" } } }];
    const { raw, unknown } = await read({ args, env }, { "config.yaml": "period: 1h\n" });
    assert.deepEqual([raw, unknown], [{ concurrency: "3" }, ["period"]]);
  });

  it("leaves open what else there is where it cannot be read, or is in a Secret", async () => {
    const secret = { volumes: [{ name: "config", secret: { secretName: "a" } }] };
    for (const one of [
      await read({ args }, undefined),
      await read({ args }, {}),
      await read({ args }, {}, secret),
      await read({ args, volumeMounts: [] }, {}),
    ]) {
      assert.deepEqual([one.raw, one.mayHaveMore], [{ concurrency: "3" }, true]);
    }
  });

  it("is reported with its mistakes", async () => {
    const { raw, mayHaveMore, configFile } = await read({ args }, { "config.yaml": "period: x\n" });
    assert.deepEqual([raw, mayHaveMore], [{ concurrency: "3" }, true]);
    assert.match(
      configFile?.problems?.[0] ?? "",
      /^\/etc\/rebootd\/config\/config\.yaml:1:9: invalid value "x"/,
    );
  });
});
