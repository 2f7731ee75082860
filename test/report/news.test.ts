import assert from "node:assert/strict";
import type { Decision } from "../../daemon/cycle/decision.ts";
import type { CycleRecord, Reason } from "../../daemon/cycle/record.ts";
import type { HeldUp } from "../../daemon/drain/state.ts";
import { createNews } from "../../daemon/report/news.ts";
import { idle, iso, noon, record, running, seen } from "../cycle/builders.ts";

type Pass = [CycleRecord, ReturnType<typeof seen>, Decision];

/** The events of passes one after the other, each as `REASON: NOTE` or `REASON KIND NAME: NOTE`. */
function newsOf() {
  const news = createNews("n1");
  return (...pass: Pass) =>
    news(...pass).map(({ reason, note, about }) => {
      const object = about === undefined ? "" : ` ${about.kind} ${about.namespace}/${about.name}`;
      return `${reason}${object}: ${note}`;
    });
}

const reason = (gate: string, code: string, message: string): Reason => ({
  gate,
  code,
  message,
  since: iso(noon),
});
const waits = (...reasons: Reason[]): Decision => ({
  action: { do: "wait" },
  why: reasons.map(({ message }) => message).join("; "),
  reasons,
});
const waiting = record({ phase: "Waiting", cordoned: false });
const go: Decision = { action: { do: "acquire" }, why: "go" };
const nothing: Decision = { action: { do: "wait" }, why: "no reboot is needed" };
const required = "RebootRequired: a reboot is needed: linux-image";

describe("The news of a need", () => {
  it("comes once, also if a restart has lost the memory of it, and again after it has gone", () => {
    const news = newsOf();
    assert.deepEqual(news(idle(), seen(), go), [required]);
    assert.deepEqual(news(idle(), seen({ needed: "unknown" }), go), []);
    assert.deepEqual(news(waiting, seen(), go), []);
    assert.deepEqual(newsOf()(waiting, seen(), go), []);
    assert.deepEqual(news(idle(), seen({ needed: false }), nothing), []);
    assert.deepEqual(news(idle(), seen(), go), [required]);
  });

  it("comes again with another source", () => {
    const news = newsOf();
    news(waiting, seen(), go);
    const requested = { state: "needed", source: "request", reasons: ["requested by jo"] } as const;
    const said = news(waiting, { ...seen(), need: requested }, go);
    assert.deepEqual(said, ["RebootRequired: a reboot is needed: requested by jo"]);
  });
});

describe("The news of a closed gate", () => {
  const outside = (until: string) => waits(reason("window", "outside", `outside until ${until}`));
  const open = seen({ held: false });

  it("comes with other reasons, and not with other words", () => {
    const news = newsOf();
    assert.deepEqual(news(waiting, open, outside("noon")), ["RebootBlocked: outside until noon"]);
    assert.deepEqual(news(waiting, open, outside("one")), []);
    assert.deepEqual(news(waiting, open, go), []);
    assert.deepEqual(news(waiting, open, outside("two")), []);
    const paused = reason("paused", "node", "paused");
    assert.deepEqual(news(waiting, open, waits(paused)), ["RebootBlocked: paused"]);
    assert.deepEqual(news(waiting, open, outside("two")), ["RebootBlocked: outside until two"]);
  });

  it("does not come where the Node says so already, as after a restart", () => {
    const before = record({ phase: "Waiting", reasons: [reason("window", "outside", "outside until noon")] });
    assert.deepEqual(newsOf()(before, open, outside("one")), []);
  });

  it("comes again after a drain, and never without a need", () => {
    const news = newsOf();
    news(waiting, open, outside("noon"));
    news(record({ phase: "Draining" }), seen(), nothing);
    assert.deepEqual(news(waiting, open, outside("noon")), ["RebootBlocked: outside until noon"]);
    assert.deepEqual(newsOf()(waiting, seen({ needed: "unknown" }), outside("noon")), []);
  });
});

describe("The news of a halt", () => {
  it("comes once for each halt, whatever other gates do meanwhile", () => {
    const news = newsOf();
    const refusal = {
      gate: "lock",
      code: "halted",
      message: "3 nodes failed",
    } as const;
    const halted = seen({ held: false, refusal });
    const haltedOf = (...pass: Pass) => news(...pass).filter((one) => one.startsWith("RebootsHalted"));
    const decision = waits(reason("lock", "halted", "3 nodes failed"));
    assert.deepEqual(haltedOf(waiting, halted, decision), ["RebootsHalted: 3 nodes failed"]);
    assert.deepEqual(haltedOf(waiting, seen({ without: "lock" }), nothing), []);
    assert.deepEqual(haltedOf(waiting, halted, decision), []);
    assert.deepEqual(haltedOf(waiting, seen({ held: false }), nothing), []);
    assert.deepEqual(haltedOf(waiting, halted, decision), ["RebootsHalted: 3 nodes failed"]);
  });
});

describe("The news of a drain that is delayed", () => {
  const nameOf = (name: string) => ({ namespace: "shop", name, uid: name });
  const pods = (count: number, budget: (index: number) => string): HeldUp[] =>
    Array.from({ length: count }, (_, index) => ({
      pod: nameOf(`p${index}`),
      why: "no room",
      budgets: [nameOf(budget(index))],
    }));
  const draining = record({ phase: "Draining" });
  const says: Decision = {
    action: { do: "wait" },
    why: "pods remain",
    reasons: [reason("drain", "pods-left", "pods remain")],
  };
  const delayedBy = (heldUp: HeldUp[]) => seen({ drain: running({ heldUp }) });

  it("is on the Node, each pod and each budget, on these once in a drain", () => {
    const news = newsOf();
    const two = pods(2, () => "cart");
    assert.deepEqual(news(draining, delayedBy(two), says), [
      "DrainHeldUp: pods remain",
      "DrainHeldUp Pod shop/p0: delays the drain of node n1: no room",
      "DrainHeldUp Pod shop/p1: delays the drain of node n1: no room",
      "DrainHeldUp PodDisruptionBudget shop/cart: refuses the eviction of p0, p1, and delays the drain of node n1: no room",
    ]);
    assert.deepEqual(news(draining, delayedBy(two.toReversed()), says), []);
    assert.deepEqual(news(draining, delayedBy(two.slice(1)), says), ["DrainHeldUp: pods remain"]);
    news(waiting, seen(), nothing);
    assert.equal(news(draining, delayedBy(two), says).length, 4);
  });

  it("does not come while no pod delays it", () =>
    assert.deepEqual(newsOf()(draining, delayedBy([]), says), []));

  it("is on ten pods and ten budgets in one drain at most", () => {
    const news = newsOf();
    const all = [0, 1, 2].flatMap((round) => {
      const ofRound = pods(6, (index) => `b${round}-${index}`).map((one, index) => ({
        ...one,
        pod: nameOf(`p${round}-${index}`),
      }));
      return news(draining, delayedBy(ofRound), says);
    });
    const kinds = Object.groupBy(all, (one) => one.replace(/^DrainHeldUp ?(\w*).*$/, "$1"));
    assert.deepEqual(
      Object.entries(kinds).map(([kind, list]) => [kind, list?.length]),
      [
        ["", 3],
        ["Pod", 10],
        ["PodDisruptionBudget", 10],
      ],
    );
  });
});
