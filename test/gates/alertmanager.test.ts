import assert from "node:assert/strict";
import { type Alert, type KnownAlert, loudAlerts, type Silence } from "../../daemon/gates/alertmanager.ts";

const full: Alert = { alertname: "DiskFull", node: "n1" };

function known(labels: Record<string, string>, muted?: "silenced" | "inhibited"): KnownAlert {
  return {
    labels: { ...full, ...labels },
    status: {
      silencedBy: muted === "silenced" ? ["1"] : [],
      inhibitedBy: muted === "inhibited" ? ["2"] : [],
    },
  };
}

function silence(matchers: (Partial<Silence["matchers"][number]> & { name: string })[], state = "active") {
  return {
    status: { state },
    matchers: matchers.map((one) => ({ value: "", isRegex: false, isEqual: true, ...one })),
  };
}

describe("An alert that Alertmanager knows", () => {
  const rows: [what: string, known: KnownAlert[], isLoud: boolean][] = [
    ["is loud while nothing mutes it", [known({})], true],
    ["is muted by a silence", [known({}, "silenced")], false],
    ["is muted by another alert that inhibits it", [known({}, "inhibited")], false],
    ["may carry external labels there", [known({ cluster: "a" }, "silenced")], false],
    [
      "is loud when it is silenced for another cluster alone",
      [known({ cluster: "a" }, "silenced"), known({ cluster: "b" })],
      true,
    ],
    ["is loud when another node's is silenced", [known({ node: "n2" }, "silenced")], true],
    ["is loud when another alert is", [known({ alertname: "Other" }, "silenced")], true],
  ];
  for (const [what, list, isLoud] of rows) {
    it(what, () => assert.deepEqual(loudAlerts([full], list, []), isLoud ? [full] : []));
  }

  it("is not taken for one with more labels of the same name", () => {
    const more = { ...full, disk: "sda" };
    assert.deepEqual(loudAlerts([full, more], [known({ disk: "sda" }, "silenced")], []), [full]);
    assert.deepEqual(loudAlerts([more, full], [known({ disk: "sda" }, "silenced")], []), [full]);
  });

  it("is taken for none of two that it may have been", () => {
    const alerts = [
      { ...full, disk: "sda" },
      { ...full, rack: "1" },
    ];
    assert.deepEqual(loudAlerts(alerts, [known({ disk: "sda", rack: "1" }, "silenced")], []), alerts);
  });

  it("is loud whatever a silence says, when Alertmanager says that it is", () => {
    const mine = silence([{ name: "alertname", value: "DiskFull" }]);
    assert.deepEqual(loudAlerts([full], [known({})], [mine]), [full]);
  });
});

describe("An alert that Alertmanager does not know, such as a pending one,", () => {
  const byName = { name: "alertname", value: "DiskFull" };
  const rows: [what: string, silence: Silence, isLoud: boolean][] = [
    ["is muted by a silence that matches it", silence([byName, { name: "node", value: "n1" }]), false],
    ["is loud when one matcher does not match", silence([byName, { name: "node", value: "n2" }]), true],
    ["is loud when the silence is over", silence([byName], "expired"), true],
    ["is loud when it has not begun", silence([byName], "pending"), true],
    ["is loud when it matches nothing in particular", silence([]), true],
    ["may be matched by an expression", silence([{ name: "node", value: "n[12]", isRegex: true }]), false],
    ["which is about the whole value", silence([{ name: "node", value: "n", isRegex: true }]), true],
    ["also where it has branches", silence([{ name: "node", value: "n|m", isRegex: true }]), true],
    ["may be matched by what it is not", silence([{ name: "node", value: "n2", isEqual: false }]), false],
    [
      "or by what its value is not like",
      silence([{ name: "node", value: "m.*", isRegex: true, isEqual: false }]),
      false,
    ],
    ["is loud when that is what it is", silence([{ name: "node", value: "n1", isEqual: false }]), true],
    [
      "is loud when a label of the silence is not on it",
      silence([byName, { name: "cluster", value: "a" }]),
      true,
    ],
    [
      "also when that label must not have a value",
      silence([byName, { name: "cluster", value: "a", isEqual: false }]),
      true,
    ],
    [
      "also when any value would do",
      silence([byName, { name: "cluster", value: ".*", isRegex: true }]),
      true,
    ],
    [
      "is loud when the expression is not understood",
      silence([{ name: "node", value: "(?P<x>n1)", isRegex: true }]),
      true,
    ],
    [
      "is loud when it would be misunderstood",
      silence([{ name: "node", value: "[[:alpha:]]1", isRegex: true, isEqual: false }]),
      true,
    ],
  ];
  for (const [what, one, isLoud] of rows) {
    it(what, () => assert.deepEqual(loudAlerts([full], [], [one]), isLoud ? [full] : []));
  }
});
