import assert from "node:assert/strict";
import { ignoredInputs, isServiceLink } from "../../daemon/config/environment.ts";
import { everyRow } from "../rows.ts";

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

describe("Input of a daemon without effect", () => {
  it("is listed", () =>
    everyRow<[Record<string, string>, string[]]>(
      [
        ["nothing where all are options", { REBOOTD_NODE_ID: "n1", REBOOTD_METRICS_PORT: "8080" }, []],
        ["nothing of others", { KUBECONFIG: "/a", PATH: "/bin", KUREDX: "1", MY_REBOOTD_X: "1" }, []],
        ["a variable with a slip", { REBOOTD_PERIODE: "5m" }, ["REBOOTD_PERIODE"]],
        ["one in another case", { REBOOTD_period: "5m" }, ["REBOOTD_period"]],
        [
          "any of kured's, also one whose name is an option's",
          { KURED_START_TIME: "22:00", KURED_NOTIFY_URL: "slack://secret" },
          ["KURED_NOTIFY_URL", "KURED_START_TIME"],
        ],
        ["one of kured's that is empty", { KURED_ALERT_FILTER_REGEXP: "" }, ["KURED_ALERT_FILTER_REGEXP"]],
        ["nothing of a Service called rebootd", linksOf("REBOOTD"), []],
        ["nothing of one called rebootd-metrics", linksOf("REBOOTD_METRICS"), []],
        ["nothing of one called kured", linksOf("KURED"), []],
        ["kured's port, as a person writes it", { KURED_METRICS_PORT: "8080" }, ["KURED_METRICS_PORT"]],
      ],
      (environment, ignored) => assert.deepEqual(ignoredInputs(environment, {}), ignored),
    ));

  it("is an option without a value, but not in a list, where it is refused", () => {
    const raw = { "alert-filter-regexp": "", "prometheus-url": "http://p", "reboot-days": "" };
    assert.deepEqual(ignoredInputs({}, raw), ["--alert-filter-regexp without a value"]);
  });
});

describe("A variable that Kubernetes sets for a Service", () => {
  it("is recognised by its name and value", () =>
    everyRow(
      Object.entries(linksOf("REBOOTD_METRICS")).map(([name, value]) => [name, name, value] as const),
      (name, value) => assert.ok(isServiceLink(name, value)),
    ));

  it("is no number, nothing, and no other text", () =>
    everyRow(
      ["8080", "", "tcp:8080"].map((value) => [value, value] as const),
      (value) => assert.ok(!isServiceLink("REBOOTD_METRICS_PORT", value)),
    ));
});
