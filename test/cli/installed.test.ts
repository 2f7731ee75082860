import assert from "node:assert/strict";
import { CommandRefused } from "../../daemon/cli/admin.ts";
import { type Installed, installedBy } from "../../daemon/cli/installed.ts";
import type { DaemonSet } from "../../daemon/cluster/objects.ts";

type PodSpec = NonNullable<NonNullable<DaemonSet["spec"]>["template"]["spec"]>;
type Container = PodSpec["containers"][number];

function read(container: Partial<Container>): Installed {
  const [found] = installedBy(daemonSet({ args: ["run"], ...container }));
  assert.ok(found);
  return found;
}

function daemonSet(container: Partial<Container>): DaemonSet {
  const containers = [
    { name: "helper", image: "proxy" },
    { name: "rebootd", image: "rebootd:1", ...container },
  ];
  return {
    metadata: { namespace: "ops", name: "rebootd" },
    spec: { selector: {}, template: { spec: { containers, nodeSelector: { pool: "a" } } } },
  };
}

const ofSecret = { valueFrom: { secretKeyRef: { name: "settings", key: "x" } } };

describe("The options of an installed DaemonSet", () => {
  it("are its arguments, else its environment", () => {
    const { key, image, raw, unknown, mayHaveMore, pod } = read({
      args: ["run", "--period=5m", "--window=0 2 * * sun for 4h", "--window", "0 2 * * sat for 1h"],
      env: [
        { name: "REBOOTD_PERIOD", value: "1h" },
        { name: "REBOOTD_CONCURRENCY", value: "10%" },
      ],
    });
    assert.deepEqual(raw, {
      period: "5m",
      window: ["0 2 * * sun for 4h", "0 2 * * sat for 1h"],
      concurrency: "10%",
    });
    assert.deepEqual([key, image, unknown, mayHaveMore], ["ops/rebootd", "rebootd:1", [], false]);
    assert.deepEqual(pod?.nodeSelector, { pool: "a" });
  });

  it("are expanded as Kubernetes does it", () => {
    const { raw } = read({
      command: ["/rebootd", "run"],
      args: [
        "--alert-filter-regexp=^$(WHICH)$",
        "--reboot-sentinel=/$(NONE)/$$(WHICH)",
        "--an-option-of-later=1",
      ],
      env: [
        { name: "WHO", value: "etcd" },
        { name: "WHICH", value: "$(WHO).*" },
        { name: "REBOOTD_NAMESPACE", valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } } },
        { name: "REBOOTD_NODE_ID", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } },
      ],
    });
    assert.deepEqual(raw, {
      "alert-filter-regexp": "^etcd.*$",
      "reboot-sentinel": "/$(NONE)/$(WHICH)",
      namespace: "ops",
      "node-id": "node",
    });
  });

  const elsewhere: [what: string, container: Partial<Container>][] = [
    ["in a Secret", { env: [{ name: "REBOOTD_WINDOW", ...ofSecret }] }],
    [
      "in an argument that names such a variable",
      { args: ["run", "--window=$(W)"], env: [{ name: "W", ...ofSecret }] },
    ],
    [
      "in a variable that names such a variable",
      {
        env: [
          { name: "W", ...ofSecret },
          { name: "REBOOTD_WINDOW", value: "$(W)" },
        ],
      },
    ],
    ["in an argument that names a variable of envFrom", { args: ["run", "--window=$(W)"], envFrom: [{}] }],
  ];
  for (const [what, container] of elsewhere) {
    it(`are unknown where the value is ${what}`, () => {
      const { raw, unknown } = read(container);
      assert.deepEqual([raw, unknown], [{}, ["window"]]);
    });
  }

  it("are known where an argument or a later variable overrides what is elsewhere", () => {
    const env = [
      { name: "REBOOTD_WINDOW", ...ofSecret },
      { name: "REBOOTD_PERIOD", ...ofSecret },
      { name: "REBOOTD_PERIOD", value: "1h" },
    ];
    const { raw, unknown, mayHaveMore } = read({
      args: ["run", "--window=@daily for 1h"],
      env,
      envFrom: [{}],
    });
    assert.deepEqual([raw, unknown, mayHaveMore], [{ window: ["@daily for 1h"], period: "1h" }, [], true]);
  });

  it("are refused where no daemon starts with them", () => {
    assert.throws(
      () => read({ args: ["run", "--period"] }),
      (error) => {
        assert.ok(error instanceof CommandRefused);
        assert.match(error.message, /^the DaemonSet ops\/rebootd has arguments .*'--period <DURATION>'/);
        return true;
      },
    );
  });

  it("are none where no container runs the daemon", () => {
    assert.deepEqual(installedBy(daemonSet({ args: ["status"] })), []);
  });
});
