import assert from "node:assert/strict";
import { parseKindTemplate, parsePercentTemplate, parseTemplate } from "../../daemon/notify/template.ts";

const facts = {
  node: "n1",
  cluster: "prod",
  event: "DrainFailed",
  reasons: "linux-image, libc6",
  duration: "3h",
  text: "the drain has failed",
  runbook: "https://example.com/page",
};

describe("A template of messages", () => {
  it("names facts in braces", () => {
    const text = "{cluster}/{node}: {event} after {duration} ({reasons}): {text}, see {runbook}";
    assert.equal(
      parseTemplate(text)(facts),
      "prod/n1: DrainFailed after 3h (linux-image, libc6): the drain has failed, see https://example.com/page",
    );
  });

  it("takes no facts from facts, and has no other meaning of a percent sign", () => {
    const hostile = { ...facts, text: "{reasons} $& $1", reasons: "{text}" };
    assert.equal(parseTemplate("100% {text}/{reasons}")(hostile), "100% {reasons} $& $1/{text}");
  });

  it("of kured has the node in place of %s", () => {
    const rows = [
      ["Draining node %s", "Draining node n1"],
      ["100%% of %s, {node}", "100% of n1, {node}"],
      ["a node reboots", "a node reboots"],
    ] as const;
    for (const [text, made] of rows) assert.equal(parsePercentTemplate(text)(facts), made);
  });

  it("of a kind is given with it", () => {
    const [kind, template] = parseKindTemplate("failed={node}={text}\nsecond line");
    assert.deepEqual([kind, template(facts)], ["failed", "n1=the drain has failed\nsecond line"]);
  });

  const refused: [parse: (text: string) => unknown, text: string, rule: RegExp][] = [
    [parseTemplate, "{nodes}", /only node, cluster, .*, but has \{nodes\}/],
    [parseTemplate, "{}", /but has \{\}/],
    [parsePercentTemplate, "%d nodes", /each % written as %%, but for %s; it has %d/],
    [parsePercentTemplate, "50%", /it has %$/],
    [parsePercentTemplate, "%s and %s", /must have %s once/],
    [parseKindTemplate, "drained={node}", /must be KIND=TEMPLATE with one of started, rebooting, /],
    [parseKindTemplate, "failed=", /must be KIND=TEMPLATE/],
    [parseKindTemplate, "failed={why}", /but has \{why\}/],
  ];
  for (const [parse, text, rule] of refused) {
    it(`is refused as ${text}`, () => assert.throws(() => parse(text), rule));
  }
});
