import assert from "node:assert/strict";
import * as confirm from "../../../daemon/ui/page/confirm.ts";
import { connectionText, outageText } from "../../../daemon/ui/page/connection.ts";
import { nested, stepsIn } from "../../../daemon/ui/page/explanation.ts";
import { phaseClass, phaseLook, phaseNames } from "../../../daemon/ui/page/phases.ts";
import { densityOf, labelOf } from "../../../daemon/ui/page/tile-text.ts";
import { exactSpan, span, timeTexts } from "../../../daemon/ui/page/times.ts";
import { tile } from "./tiles.ts";

const second = 1000;
const minute = 60 * second;

describe("Times on the page", () => {
  it("are short durations", () =>
    assert.deepEqual([-5, 59 * second, 3.9 * minute, 45 * minute, 30 * 60 * minute].map(span), [
      "0s",
      "59s",
      "3m",
      "45m",
      "30h",
    ]));

  it("have seconds where parts of a cycle are compared", () => assert.equal(exactSpan(95 * second), "1m35s"));

  it("are in the zone of the person, with the zone in the exact form", () => {
    const times = timeTexts("en-GB", "Europe/Berlin");
    const time = Date.parse("2026-07-01T22:05:09Z");
    assert.equal(times.clock(time), "00:05");
    assert.equal(times.seconds(time), "00:05:09");
    assert.equal(times.day(time), "Thu 2 Jul");
    assert.match(times.exact(time), /2 July 2026.*00:05:09 (CEST|GMT\+2)/);
  });
});

describe("The state of the connection", () => {
  const now = 1_000_000;
  const live = { lostAt: undefined, trouble: undefined, seenAt: now - 5 * second };

  it("says how old the data is, whatever happens", () => {
    assert.deepEqual(connectionText(live, now), ["live", "Live · changed 5s ago"]);
    const lost = connectionText({ ...live, lostAt: now - 12 * second, seenAt: now - 3 * minute }, now);
    assert.deepEqual(lost, ["old", "Reconnecting for 12s · data 3m old"]);
    assert.deepEqual(connectionText({ ...live, trouble: "no route" }, now), [
      "old",
      "No answer · data 5s old",
    ]);
  });

  it("is a wait before the first data", () => {
    const none = { ...live, seenAt: undefined };
    assert.deepEqual(connectionText(none, now), ["wait", "Connecting…"]);
    assert.deepEqual(connectionText({ ...none, lostAt: now }, now), ["old", "Reconnecting for 0s"]);
  });
});

describe("An outage", () => {
  const none = { lostAt: undefined, trouble: undefined, seenAt: 0 };

  it("is a sentence: of the cluster at once, of a lost stream after a while", () => {
    assert.equal(outageText(none, 0), undefined);
    assert.equal(outageText({ ...none, trouble: "no route" }, 0), "no route");
    assert.equal(outageText({ ...none, lostAt: 1000 }, 2000), undefined);
    assert.match(outageText({ ...none, lostAt: 1000 }, 9000) ?? "", /^rebootd ui does not answer/);
  });
});

describe("Phases", () => {
  it("have each a sign of their own, but those that nobody knows", () => {
    const glyphs = phaseNames.filter((phase) => phase !== "Gone").map((phase) => phaseLook(phase).glyph);
    assert.equal(new Set(glyphs).size, glyphs.length);
  });

  it("of a newer daemon look unknown", () => {
    for (const phase of ["Hibernating", "constructor", "__proto__"]) {
      assert.equal(phaseLook(phase).glyph, "?");
      assert.equal(phaseClass(phase), "Unknown");
    }
  });
});

describe("A tile", () => {
  it("shows less of a node the more nodes there are", () =>
    assert.deepEqual([5, 100, 1000, 5000].map(densityOf), ["card", "name", "sign", "dot"]));

  it("says its node, phase, slot and trouble", () => {
    assert.equal(labelOf(tile("a"), false), "a, Idle");
    const node = tile("a", { phase: "Rebooting", holdsSlot: true, troubles: ["not back for 20m"] });
    assert.equal(labelOf(node, true), "a, Rebooting, holds a slot, trouble: not back for 20m");
  });
});

describe("The explanation of a node", () => {
  it("has indented lines under the line before them", () =>
    assert.deepEqual(
      nested(["a waits", "held back by:", "  window: closed", "  alerts: 1", "the lock is free"]),
      [
        { text: "a waits", under: [] },
        { text: "held back by:", under: ["window: closed", "alerts: 1"] },
        { text: "the lock is free", under: [] },
      ],
    ));

  it("ends with commands and their purposes", () =>
    assert.deepEqual(stepsIn(["rebootd resume a # ends the pause # of a", "rebootd watch"]), [
      { command: "rebootd resume a", purpose: "ends the pause # of a" },
      { command: "rebootd watch", purpose: "" },
    ]));

  it("begins with whatever comes first", () =>
    assert.deepEqual(nested(["  alone"]), [{ text: "alone", under: [] }]));
});

describe("A confirmation", () => {
  const all = [
    confirm.pauseNode("n"),
    confirm.pauseAll(3),
    confirm.resumeNode("n"),
    confirm.resumeAll(),
    confirm.rebootNode("n", "Waiting"),
    confirm.lockAll(),
    confirm.unlockAll([{ name: "manual", reason: "migration" }]),
    confirm.releaseSlot("n"),
  ];

  it("asks, and says in whole sentences what happens", () => {
    for (const { title, sentences } of all) {
      assert.match(title, /\?$/);
      assert.ok(sentences.length >= 2);
      for (const sentence of sentences) assert.match(sentence, /^[A-Za-z].*\.$/);
    }
  });

  it("marks what takes a node down, or a lock or slot away", () =>
    assert.deepEqual(
      all.filter(({ isGrave }) => isGrave).map(({ action }) => action),
      ["Request the reboot", "Unlock", "Take the slot"],
    ));

  it("names the node, or none where it is for all", () => {
    const bodies = all.map(({ change, body }) => `${change} ${JSON.stringify(body)}`);
    assert.deepEqual(bodies, [
      'pause {"node":"n"}',
      "pause {}",
      'resume {"node":"n"}',
      "resume {}",
      'reboot {"node":"n"}',
      "lock {}",
      "unlock {}",
      'unlock {"node":"n"}',
    ]);
  });
});
