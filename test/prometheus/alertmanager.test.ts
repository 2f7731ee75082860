import assert from "node:assert/strict";
import {
  type Alert,
  type KnownAlert,
  loudAlerts,
  type Silence,
} from "../../daemon/prometheus/alertmanager.ts";
import { silenceComment } from "../../daemon/prometheus/own-silence.ts";
import { everyRow } from "../rows.ts";

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

function silence(
  matchers: (Partial<Silence["matchers"][number]> & { name: string })[],
  state = "active",
): Silence {
  return {
    id: "1",
    createdBy: "somebody",
    comment: "",
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
  it("is muted by a silence or an inhibition of itself alone", () =>
    everyRow(rows, (list, isLoud) => assert.deepEqual(loudAlerts([full], list, []), isLoud ? [full] : [])));

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

  it("is muted by the silence of a node that reboots, and loud once that is over", () => {
    const comment = (isOver: boolean) => silenceComment("n1", "7 (boot 4f3a)", isOver, "a reboot is needed");
    const rows: [what: string, silences: Silence[], isLoud: boolean][] = [
      ["rebootd's, in the cycle", [{ ...silence([]), createdBy: "rebootd", comment: comment(false) }], false],
      ["rebootd's, after it", [{ ...silence([]), createdBy: "rebootd", comment: comment(true) }], true],
      ["a person's with such words", [{ ...silence([]), comment: comment(true) }], false],
    ];
    for (const [what, silences, isLoud] of rows) {
      assert.deepEqual(loudAlerts([full], [known({}, "silenced")], silences), isLoud ? [full] : [], what);
      const pending = silences.map((one) => ({
        ...one,
        matchers: silence([{ name: "alertname", value: "DiskFull" }]).matchers,
      }));
      assert.deepEqual(loudAlerts([full], [], pending), isLoud ? [full] : [], `${what}, of a pending alert`);
    }
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
      "also when that label has the name of what every object has",
      silence([byName, { name: "constructor", value: "a", isEqual: false }]),
      true,
    ],
    [
      "also when any value would do",
      silence([byName, { name: "cluster", value: ".*", isRegex: true }]),
      true,
    ],
    ["may be matched in any case", silence([{ name: "node", value: "(?i)N1", isRegex: true }]), false],
    [
      "may be matched by a group that has a name",
      silence([{ name: "node", value: "(?P<x>n)1", isRegex: true }]),
      false,
    ],
    [
      "may be matched by what is quoted",
      silence([{ name: "node", value: "\\Qn1\\E", isRegex: true }]),
      false,
    ],
    ["may be matched with anchors", silence([{ name: "node", value: "\\An1\\z", isRegex: true }]), false],
    [
      "is loud when a class is what its value must not be like",
      silence([{ name: "node", value: "[[:alpha:]]1", isRegex: true, isEqual: false }]),
      true,
    ],
    [
      "is loud when the expression is one that Alertmanager would refuse",
      silence([{ name: "node", value: "(?=n)n1", isRegex: true }]),
      true,
    ],
    [
      "is loud when the expression would take a hundred MiB",
      silence([{ name: "node", value: `n1(?:${"x{0,1000}".repeat(50)})`, isRegex: true }]),
      true,
    ],
  ];
  it("is muted by a silence whose matchers all match it", () =>
    everyRow(rows, (one, isLoud) => assert.deepEqual(loudAlerts([full], [], [one]), isLoud ? [full] : [])));
});

describe("Many alerts", () => {
  const labels = {
    namespace: "shop",
    job: "kube-state-metrics",
    instance: "10.0.0.1:8080",
    severity: "warning",
  };
  const many: Alert[] = Array.from({ length: 5000 }, (_, index) => ({
    ...labels,
    alertname: "KubePodNotReady",
    node: `node-${index}.eu-west-1.compute.internal`,
  }));
  const silences = Array.from({ length: 500 }, (_, index) =>
    silence([
      { name: "node", value: `node-${index}[0-9]\\..*`, isRegex: true },
      { name: "job", value: "kube-state-metrics" },
    ]),
  );

  // Each with each it takes a quarter of a minute.
  it("are told apart by Alertmanager's word within seconds", () => {
    const copies = many.map((alert, index) => ({
      labels: { ...alert, cluster: "a" },
      status: { silencedBy: index % 2 === 0 ? ["1"] : [], inhibitedBy: [] },
    }));
    assert.equal(loudAlerts(many, copies, silences).length, 2500);
  }).timeout(5000);

  it("are matched with many silences within seconds", () => {
    // node-10 to node-4999, but for those from node-5000 on, which no silence names.
    assert.equal(loudAlerts(many, [], silences).length, 10);
  }).timeout(5000);

  it("are not held up by one silence's expression", () => {
    const hostile = { ...full, pod: `${"a".repeat(100_000)}!` };
    const one = silence([{ name: "pod", value: "([a-z-]+)+", isRegex: true }]);
    assert.deepEqual(loudAlerts([hostile], [], [one]), [hostile]);
  });

  it("are the same to Alertmanager when they have the same labels", () => {
    assert.deepEqual(loudAlerts([full, { ...full }], [known({ cluster: "a" }, "silenced")], []), []);
  });
});
