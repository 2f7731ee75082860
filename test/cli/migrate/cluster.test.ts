import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import type { Migration } from "../../../daemon/cli/migrate/migration.ts";
import { type Api, ApiError } from "../../../daemon/cluster/api.ts";
import { createClient } from "../../../daemon/cluster/client.ts";
import type { DaemonSet } from "../../../daemon/cluster/objects.ts";
import { systemClock } from "../../../daemon/time/clock.ts";
import { createApiServer } from "../../kubernetes/api/server.ts";
import { ensureNamespace } from "../../kubernetes/workloads.ts";
import { typeMigrate } from "./typed-migrate.ts";

const { signal } = new AbortController();
const manifest = readFileSync(new URL("../../kured/manifests/kured-ds.yaml", import.meta.url), "utf8");

type Container = NonNullable<NonNullable<DaemonSet["spec"]>["template"]["spec"]>["containers"][number];

/** A cluster with kured's DaemonSet, by namespace and name, each as it is changed. */
async function clusterWith(
  sets: readonly [key: string, change?: (container: Container) => void][],
): Promise<{ api: Api; writes: () => number }> {
  const server = createApiServer();
  const api = createClient({ transport: server.transport(server.adminToken), clock: systemClock });
  for (const [key, change] of sets) {
    const [namespace = "", name = ""] = key.split("/");
    await ensureNamespace({ api, signal }, namespace);
    const set = parse(manifest) as DaemonSet;
    set.metadata = { name };
    const [container = assert.fail("no container")] = set.spec?.template.spec?.containers ?? [];
    change?.(container);
    await api.create(`/apis/apps/v1/namespaces/${namespace}/daemonsets`, set, { signal });
  }
  const before = server.resourceVersion;
  return { api, writes: () => Number(server.resourceVersion) - Number(before) };
}

const ofSecret = { valueFrom: { secretKeyRef: { name: "kured", key: "url" } } };

describe("rebootd migrate in a cluster", () => {
  it("finds kured by itself, says the same as of its manifest, and changes nothing", async () => {
    const { api, writes } = await clusterWith([["kube-system/kured"]]);
    const [fromCluster, fromFile] = await Promise.all([
      typeMigrate(["-o", "json"], { api }),
      typeMigrate(["-f", "manifests/kured-ds.yaml", "-o", "json"]),
    ]);
    const { kured, ...rest } = JSON.parse(fromCluster.out) as Migration;
    const { kured: _, ...expected } = JSON.parse(fromFile.out) as Migration;
    assert.deepEqual(rest, expected);
    assert.deepEqual([kured.form, kured.at], ["cluster", "DaemonSet kube-system/kured"]);
    assert.equal(writes(), 0);
    const { code, out } = await typeMigrate([], { api });
    assert.equal(code, 0);
    assert.match(out, /^kube-system\/kured, image \S+, from the DaemonSet in the cluster \(DaemonSet /);
  });

  it("wants a name where there are two, and takes it", async () => {
    const { api } = await clusterWith([["kube-system/kured"], ["ops/reboots"]]);
    const { code, err } = await typeMigrate([], { api });
    assert.deepEqual(
      [code, err],
      [
        1,
        "rebootd: more than one DaemonSet runs kured: kube-system/kured, ops/reboots; name one with --daemonset=NAMESPACE/NAME\n",
      ],
    );
    const named = await typeMigrate(["--daemonset=ops/reboots", "-o", "json"], { api });
    const { kustomization, ways } = JSON.parse(named.out) as Migration;
    assert.match(kustomization, /name: REBOOTD_LOCK_OBJECT\n +value: daemonset\/reboots\n/);
    assert.match(kustomization, /name: REBOOTD_DS_NAMESPACE\n +value: ops\n/);
    assert.match(kustomization, /path: \/rules\/0\/resourceNames\n +value:\n +- reboots\n/);
    assert.ok(ways[0]?.steps[0]?.commands[0]?.startsWith("kubectl -n ops annotate daemonset/reboots "));
  });

  const refusals: [what: string, args: string[], sets: string[], message: string][] = [
    [
      "there is no kured",
      [],
      [],
      "no DaemonSet in the cluster runs kured; name it with --daemonset=NAMESPACE/NAME, or its manifest with -f FILE",
    ],
    [
      "the one that is named is missing",
      ["--daemonset=ops/kured"],
      ["kube-system/kured"],
      'the cluster has no DaemonSet "ops/kured"',
    ],
  ];
  for (const [what, args, sets, message] of refusals) {
    it(`says that ${what}`, async () => {
      const { api } = await clusterWith(sets.map((key) => [key]));
      const { code, out, err } = await typeMigrate(args, { api });
      assert.deepEqual([code, out, err], [1, "", `rebootd: ${message}\n`]);
    });
  }

  it("says what to do where DaemonSets may not be listed", async () => {
    const { api } = await clusterWith([["kube-system/kured"]]);
    const list: Api["list"] = async () => {
      throw new ApiError("list: 403", { code: "forbidden", status: 403 });
    };
    const { code, err } = await typeMigrate([], { api: { ...api, list } });
    assert.equal(code, 1);
    assert.match(err, /^rebootd: DaemonSets may not be listed; name kured's with --daemonset=/);
    assert.equal((await typeMigrate(["--daemonset=kube-system/kured"], { api: { ...api, list } })).code, 0);
  });

  it("names argument and variable of a mistake", async () => {
    const { api } = await clusterWith([
      ["kube-system/kured", (container) => container.command?.push("--concurrency=2", "--lock-ttl=soon")],
    ]);
    const { code, err } = await typeMigrate([], { api });
    assert.equal(code, 2);
    assert.match(
      err,
      /^rebootd: DaemonSet kube-system\/kured, word of the command 4: invalid value "soon" for --lock-ttl: /,
    );
  });

  it("gets from Secrets and other objects what kured gets from them, without reading them", async () => {
    const { api } = await clusterWith([
      [
        "ops/kured",
        (container) => {
          container.env?.push(
            { name: "KURED_NOTIFY_URL", ...ofSecret },
            { name: "ZONE", value: "Europe/Oslo" },
            { name: "DAYS", ...ofSecret },
            { name: "KURED_PERIOD", value: "9m" },
          );
          container.args = ["--time-zone=$(ZONE)", "--reboot-days=$(DAYS)", "--period=5m", "--lock-ttl=1h"];
          container.envFrom = [{ secretRef: { name: "more" } }];
        },
      ],
    ]);
    const { code, out } = await typeMigrate(["-o", "json"], { api });
    assert.equal(code, 0);
    const { options, hidden, pods, warnings, kustomization } = JSON.parse(out) as Migration;
    const given = Object.fromEntries(options.map(({ option, values }) => [option, values?.join()]));
    assert.equal(given["time-zone"], "Europe/Oslo");
    assert.equal(given["period"], "9m", "the environment goes before the command line");
    assert.equal(given["reboot-days"], undefined);
    assert.deepEqual(hidden, [
      "DaemonSet ops/kured, argument 2: --reboot-days is in the variable DAYS: set the option of rebootd by hand",
      "DaemonSet ops/kured, variable 2: --notify-url is in the Secret kured, key url, and not read; rebootd gets it from there too; copy it from ops to rebootd's namespace",
    ]);
    assert.ok(
      warnings.some((line) => line.includes("KURED_PERIOD before --period")),
      warnings.join(),
    );
    assert.ok(
      pods.some((line) => /whole environment from the Secret more: /.test(line)),
      pods.join("\n"),
    );
    assert.match(kustomization, /name: REBOOTD_NOTIFY_URL\n +valueFrom:\n +secretKeyRef:\n +(?:name|key): /);
  });
});
