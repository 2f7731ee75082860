import assert from "node:assert/strict";
import { ignoredInputs, isServiceLink } from "../../daemon/config/environment.ts";

/** As Kubernetes sets them for a Service, here with one port that has a name. */
function linksOf(prefix: string): Record<string, string> {
  return {
    [`${prefix}_SERVICE_HOST`]: "10.0.0.1",
    [`${prefix}_SERVICE_PORT`]: "8080",
    [`${prefix}_SERVICE_PORT_METRICS`]: "8080",
    [`${prefix}_PORT`]: "tcp://10.0.0.1:8080",
    [`${prefix}_PORT_8080_TCP`]: "tcp://10.0.0.1:8080",
    [`${prefix}_PORT_8080_TCP_PROTO`]: "tcp",
    [`${prefix}_PORT_8080_TCP_PORT`]: "8080",
    [`${prefix}_PORT_8080_TCP_ADDR`]: "10.0.0.1",
  };
}

describe("What is given to a daemon and has no effect", () => {
  const rows: [what: string, environment: Record<string, string>, ignored: string[]][] = [
    ["is nothing where all are options", { REBOOTD_NODE_ID: "n1", REBOOTD_METRICS_PORT: "8080" }, []],
    ["is nothing of others", { KUBECONFIG: "/a", PATH: "/bin", KUREDX: "1", MY_REBOOTD_X: "1" }, []],
    ["is a variable with a slip", { REBOOTD_PERIODE: "5m" }, ["REBOOTD_PERIODE"]],
    ["is one in another case", { REBOOTD_period: "5m" }, ["REBOOTD_period"]],
    [
      "is any of kured's, also one whose name is an option's",
      { KURED_START_TIME: "22:00", KURED_NOTIFY_URL: "slack://secret" },
      ["KURED_NOTIFY_URL", "KURED_START_TIME"],
    ],
    ["is one of kured's that is empty", { KURED_ALERT_FILTER_REGEXP: "" }, ["KURED_ALERT_FILTER_REGEXP"]],
    ["is nothing of a Service called rebootd", linksOf("REBOOTD"), []],
    ["is nothing of one called rebootd-metrics", linksOf("REBOOTD_METRICS"), []],
    ["is nothing of one called kured", linksOf("KURED"), []],
    ["is kured's port, as a person writes it", { KURED_METRICS_PORT: "8080" }, ["KURED_METRICS_PORT"]],
  ];
  for (const [what, environment, ignored] of rows) {
    it(what, () => assert.deepEqual(ignoredInputs(environment, {}), ignored));
  }

  it("is an option without a value, but not in a list, where it is refused", () => {
    const raw = { "alert-filter-regexp": "", "prometheus-url": "http://p", "reboot-days": "" };
    assert.deepEqual(ignoredInputs({}, raw), ["--alert-filter-regexp without a value"]);
  });
});

describe("A variable that Kubernetes sets for a Service", () => {
  for (const [name, value] of Object.entries(linksOf("REBOOTD_METRICS"))) {
    it(`may be ${name}=${value}`, () => assert.ok(isServiceLink(name, value)));
  }
  for (const value of ["8080", "", "tcp:8080"]) {
    it(`is not REBOOTD_METRICS_PORT=${value}`, () =>
      assert.ok(!isServiceLink("REBOOTD_METRICS_PORT", value)));
  }
});
