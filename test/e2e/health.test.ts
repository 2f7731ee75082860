import assert from "node:assert/strict";
import { systemClock } from "../../daemon/time/clock.ts";
import { startSuite } from "../kubernetes/suite.ts";
import { daemonUserOn, installRights } from "../world/manifests.ts";
import { startRebootd } from "../world/rebootd.ts";
import { startWorld, type World } from "../world/world.ts";
import { readLog, runDaemonProcess } from "./daemon-process.ts";

/** An object that every cluster has, in place of one of an operator. */
const configMaps = "/api/v1/namespaces/default/configmaps";
const roles = "/apis/rbac.authorization.k8s.io/v1";
const when = (key: string) => `v1/ConfigMap/default/storage: data.?${key}.orValue('') == 'HEALTH_OK'`;

let world: World;

const node = () => world.node("n1");
const said = async (text: string) =>
  (await readLog(node().logFile)).some((line) => JSON.stringify(line).includes(text));
const onNode = async () =>
  ((await node().record())?.reasons ?? []).map(({ gate, code, message }) => `${gate} (${code}): ${message}`);
const isHeldBy = (text: string) => async () => (await onNode()).some((reason) => reason.startsWith(text));
const setData = (data: Record<string, string>) =>
  world.api.patch(`${configMaps}/storage`, { data }, { signal: world.signal });

describe("A daemon that waits for the health of an object", () => {
  before(async () => {
    const suite = await startSuite(systemClock);
    await installRights(suite.server);
    const options = [`--healthy-when=${when("before")}`, `--healthy-before-uncordon=${when("after")}`];
    world = await startWorld({
      ...suite,
      daemonUser: daemonUserOn,
      nodes: ["n1"],
      startDaemon: (place) => startRebootd(place, ["--period=1s", ...options]),
    });
  });
  after(() => world.stop());

  it("names the right that it lacks, and that there is no object", async () => {
    node().wantsReboot();
    await world.until(
      "it is forbidden",
      isHeldBy("health (forbidden): rebootd may not get configmaps in default"),
    );
    const { signal } = world;
    const role = {
      metadata: { name: "rebootd-health" },
      rules: [{ apiGroups: [""], resources: ["configmaps"], verbs: ["get"] }],
    };
    await world.api.create(`${roles}/clusterroles`, role, { signal });
    const subjects = [{ kind: "ServiceAccount", name: "rebootd", namespace: "kube-system" }];
    const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "rebootd-health" };
    await world.api.create(
      `${roles}/clusterrolebindings`,
      { metadata: { name: "rebootd-health" }, roleRef, subjects },
      { signal },
    );
    await world.until("there is none", isHeldBy("health (no-object): there is no ConfigMap default/storage"));
  });

  it("waits until it is healthy, reboots, and waits before the uncordon", async () => {
    const { signal } = world;
    await world.api.create(
      configMaps,
      { metadata: { name: "storage" }, data: { before: "HEALTH_ERR" } },
      { signal },
    );
    await world.until(
      "it is unhealthy",
      isHeldBy("health (unhealthy): ConfigMap default/storage is not healthy"),
    );
    assert.equal(await node().phase(), "Waiting");
    await setData({ before: "HEALTH_OK" });
    await world.until("it is back", async () => (await node().phase()) === "Returning");
    await world.until("it waits for the health", () =>
      said("ConfigMap default/storage is not healthy: data.?after"),
    );
    assert.equal((await node().object()).spec?.unschedulable, true);
    await setData({ after: "HEALTH_OK" });
    await world.until("it is uncordoned", async () => (await node().phase()) === "Idle");
    assert.ok(!(await node().object()).spec?.unschedulable);
    assert.ok(!(await said("HEALTH_ERR")));
  });

  it("does not start with an expression that cannot be compiled", async () => {
    const { code, err } = await runDaemonProcess(
      ["run", "--node-id=n1", "--healthy-when=v1/Node: status.x =="],
      {},
    );
    assert.deepEqual([code, err.split("\n").length], [2, 2]);
    assert.match(
      err,
      /^rebootd: invalid value "v1\/Node: status.x ==" for --healthy-when: .* Unexpected token: EOF/,
    );
  });
});
