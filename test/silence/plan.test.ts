import assert from "node:assert/strict";
import { silenceComment } from "../../daemon/prometheus/own-silence.ts";
import { ownSilences, type Plan, planSilence, type Silence } from "../../daemon/silence/plan.ts";
import { everyRow } from "../rows.ts";

const minute = 60_000;
const now = Date.parse("2026-11-24T12:00:00.000Z");
const cycle = { id: "7 (boot 4f3a9c1e)", reason: "a reboot is needed: linux" };
const matchers = [{ name: "node", value: "n1", isRegex: false, isEqual: true }];
const comment = silenceComment("n1", cycle.id, false, cycle.reason);
const overComment = silenceComment("n1", cycle.id, true, cycle.reason);
const formerComment = silenceComment("n1", "6 (boot 00000000)", true, cycle.reason);

/** Times in minutes from now. */
function silence(begins: number, ends: number, changes: Partial<Silence> = {}): Silence {
  return {
    id: "a",
    state: ends > 0 ? "active" : "expired",
    startsAt: now + begins * minute,
    endsAt: now + ends * minute,
    updatedAt: now + begins * minute,
    createdBy: "rebootd",
    comment,
    matchers,
    ...changes,
  };
}

/** The steps as texts, with the times in minutes from now. */
function stepsOf({ steps }: Plan): string[] {
  return steps.map(({ outcome, id = "", endsAt }) => `${outcome} ${id} until ${(endsAt - now) / minute}`);
}

describe("The silence of a node in its cycle", () => {
  const rows: [what: string, own: Silence[], steps: string[]][] = [
    ["is created for 25 minutes where there is none", [], ["created  until 25"]],
    ["is extended to 25 minutes from now", [silence(-10, 15)], ["extended a until 25"]],
    ["is left alone when it was extended within the last minute", [silence(-1, 24.5)], []],
    ["is not made shorter", [silence(-1, 90)], []],
    ["is extended up to 4 hours from its begin", [silence(-230, 5)], ["extended a until 10"]],
    ["is left to run out after that", [silence(-230, 10)], []],
    ["is left to run out although the clock is beyond that", [silence(-250, 4)], []],
    ["is created again where it has run out", [silence(-40, -5)], ["created  until 25"]],
    ["is created again for what is left of the 4 hours", [silence(-230, -100)], ["created  until 10"]],
    ["is not created again after 4 hours", [silence(-250, -10)], []],
    ["is not created again where a person has ended it", [silence(-5, -1, { updatedAt: now - minute })], []],
    [
      "is that of the cycle before, in its tail",
      [silence(-20, 2, { comment: formerComment })],
      ["extended a until 25"],
    ],
    [
      "is that of the cycle before even where it is as long as it is to be",
      [silence(-20, 25, { comment: formerComment })],
      ["extended a until 25"],
    ],
    [
      "is a new one after that of a cycle before",
      [silence(-250, -10, { comment: formerComment })],
      ["created  until 25"],
    ],
    [
      "is under way again after its end was announced",
      [silence(-20, 4, { comment: overComment })],
      ["extended a until 25"],
    ],
    [
      "is the eldest of two, and the other one ends",
      [silence(-2, 23, { id: "b" }), silence(-10, 15)],
      ["extended a until 25", "ended b until 5"],
    ],
  ];
  it("exists once, for as long as the cycle lasts, and 4 hours at most", () =>
    everyRow(rows, (own, steps) => assert.deepEqual(stepsOf(planSilence(cycle, own, "n1", now)), steps)));

  it("is looked at again when 15 minutes are left, and not at its cap", () => {
    const lookAt = (own: Silence[]) => planSilence(cycle, own, "n1", now).lookAt;
    assert.equal(lookAt([]), now + 10 * minute);
    assert.equal(lookAt([silence(-1, 24.5)]), now + 9.5 * minute);
    assert.equal(lookAt([silence(-230, 5)]), undefined);
  });

  it("says node, cycle and reason", () => {
    const { steps } = planSilence(cycle, [], "n1", now);
    assert.equal(steps[0]?.comment, "Node n1, cycle 7 (boot 4f3a9c1e), reboots: a reboot is needed: linux");
  });
});

describe("The silence of a node after its cycle", () => {
  const rows: [what: string, own: Silence[], steps: string[]][] = [
    ["is nothing where there is none", [], []],
    ["ends in 5 minutes", [silence(-10, 15)], ["ended a until 5"]],
    ["ends no later than it would", [silence(-24, 1)], ["ended a until 1"]],
    ["ends by itself in the next seconds", [silence(-24, 0.2)], []],
    ["has ended", [silence(-40, -5)], []],
    ["ends once", [silence(-10, 4, { comment: overComment })], []],
    [
      "ends again where a person has extended it",
      [silence(-10, 60, { comment: overComment })],
      ["ended a until 5"],
    ],
    [
      "may be several",
      [silence(-9, 15), silence(-8, 15, { id: "b" })],
      ["ended a until 5", "ended b until 5"],
    ],
  ];
  it("ends within 5 minutes", () =>
    everyRow(rows, (own, steps) => assert.deepEqual(stepsOf(planSilence(undefined, own, "n1", now)), steps)));

  it("says that the cycle is over", () => {
    const { steps } = planSilence(undefined, [silence(-10, 15)], "n1", now);
    assert.equal(steps[0]?.comment, "Node n1, cycle 7 (boot 4f3a9c1e), over: a reboot is needed: linux");
  });
});

describe("A silence in Alertmanager", () => {
  const other = [{ name: "node", value: "n10", isRegex: false, isEqual: true }];
  const rows: [what: string, silence: Silence, isOwn: boolean][] = [
    ["is this node's by author, comment and matchers", silence(-10, 15), true],
    ["is also that of a cycle before", silence(-10, 15, { comment: formerComment }), true],
    ["is not a person's", silence(-10, 15, { createdBy: "somebody" }), false],
    ["is not that of another node", silence(-10, 15, { comment: comment.replace("n1,", "n10,") }), false],
    ["is not one with other matchers", silence(-10, 15, { matchers: other }), false],
    ["is not one with more matchers", silence(-10, 15, { matchers: [...matchers, ...other] }), false],
    ["is not one with other words", silence(-10, 15, { comment: "n1" }), false],
  ];
  it("is touched only where it is this node's", () =>
    everyRow(rows, (one, isOwn) => assert.deepEqual(ownSilences([one], "n1", matchers), isOwn ? [one] : [])));
});
