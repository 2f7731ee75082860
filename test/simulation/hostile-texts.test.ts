import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ownConditions } from "../../daemon/annotations/conditions.ts";
import { contract } from "../../daemon/annotations/names.ts";
import type { RawOptions } from "../../daemon/config/settings.ts";
import type { Inhibitor, Session } from "../../daemon/host/logind/logind.ts";
import { fileNeed } from "../../daemon/host/need/need.ts";
import { conditionsOf } from "../../daemon/report/conditions.ts";
import { eventOf } from "../../daemon/report/events.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import { record, seen } from "../cycle/builders.ts";
import { alert, answering, type silent, vector } from "../prometheus/servers.ts";
import { isFromDaemon } from "./small-world.ts";
import { createStory, minute } from "./story.ts";
import { type } from "./typed.ts";

const story = createStory();
const { patchNode, pass, readNode, start, wantReboot } = story;

/** Escapes of terminals, line breaks, markup, quotes of labels and of JSON, half characters, and a megabyte. */
const hostile: readonly string[] = [
  "\u001b[31mred\u001b]0;title\u0007",
  "one\ntwo\r\nrebootd_reboot_required 1\n",
  "<script>alert(1)</script>",
  'x"} 1\nrebootd_phase{phase="Idle',
  "\\",
  "\u202etxet\u2066",
  "\ud800\udfff\udc00\ufffd",
  "x".repeat(1_000_000),
];

/** A part that is shown where people look for the cause. */
const harmless = "script";

const annotate = (key: string, value: string) => patchNode({ metadata: { annotations: { [key]: value } } });
const cutToFit = (text: string) => text.slice(0, 200_000);

interface Sources {
  inhibitors?: Inhibitor[];
  sessions?: Session[];
  post?: typeof silent;
  options?: RawOptions;
  act?: () => Promise<void>;
}

/** Each brings the text in by another way. */
const ways: Record<string, (text: string) => Sources> = {
  "the annotation of a pause": (text) => ({
    act: () => annotate(contract.paused.key, cutToFit(`true: ${text}`)),
  }),
  "the annotation of a request": (text) => ({
    act: async () => {
      await annotate(contract.paused.key, "true");
      await annotate(contract.request.key, cutToFit(`true: ${text}`));
    },
  }),
  "the annotation of a priority": (text) => ({ act: () => annotate(contract.priority.key, cutToFit(text)) }),
  "a record of somebody else": (text) => ({ act: () => annotate(contract.cycle.key, cutToFit(text)) }),
  "the name of an alert": (text) => ({
    options: { "prometheus-url": "http://prometheus.test:9090" },
    post: vector(alert(text)),
  }),
  "an error of Prometheus": (text) => ({
    options: { "prometheus-url": "http://prometheus.test:9090" },
    post: answering(500, text),
  }),
  "an inhibitor": (text) => ({
    inhibitors: [{ what: "shutdown", who: text, why: text, mode: "block", uid: 0, pid: 7 }],
  }),
  "the name of a user": (text) => ({
    options: { "logged-in-users": "wait:1h" },
    sessions: [{ user: text, class: "user", type: "tty", state: "active", idle: false }],
  }),
  "an answer of the API server": (text) => ({
    act: async () => {
      const refusal = { code: 403, reason: "Forbidden", message: text };
      story.world.server.faults.add({
        match: { verb: "patch", resource: "nodes", where: isFromDaemon },
        effect: { refusal },
      });
    },
  }),
};

/** A character that a terminal or a line of text could act on. */
const unsafe = /[^\P{C}\n]|[\p{Zl}\p{Zp}]/u;

/** No outlet has the text with a character that acts on a terminal or ends a line, nor at any length. */
async function outlets(): Promise<Record<string, readonly string[]>> {
  const node = await readNode();
  const events = await story.world.api.list<{ note: string }>(
    "/apis/events.k8s.io/v1/namespaces/default/events",
    story.world,
  );
  const own = Object.values(ownConditions(node.status?.conditions));
  const commands = [["explain", "n1"], ["status"], ["status", "-o", "json"]];
  const shown = await Promise.all(commands.map((args) => type(story.world, args)));
  return {
    "the log": story.world.logs,
    "an event": events.items.map(({ note }) => note),
    "a condition": own.flatMap(({ reason, message }) => [reason, message]),
    "a command": shown.flatMap(({ out }) => out.split("\n")),
    "a metric": (await Promise.all(story.world.metrics.map(({ registry }) => registry.metrics())))
      .join("\n")
      .split("\n"),
  };
}

const maxChars: Record<string, number> = {
  "the log": 8000,
  "an event": 1024,
  "a condition": 1024,
  "a command": 8000,
  "a metric": 500,
};

describe("A hostile text", () => {
  afterEach(story.stop);

  for (const [way, bring] of Object.entries(ways)) {
    it(`by ${way} comes out nowhere whole, unescaped or without end`, async () => {
      for (const text of hostile) {
        const { inhibitors = [], sessions = [], options = {}, post, act } = bring(text);
        const logind = {
          listInhibitors: async () => inhibitors,
          listSessions: async () => sessions,
          isShuttingDown: async () => false,
        };
        await start(options, { logind, ...(post && { post }) });
        await act?.();
        await wantReboot();
        await pass(2 * minute);
        const seen = Object.entries(await outlets());
        const isShown = seen.some(([, lines]) => lines.some((line) => line.includes(harmless)));
        assert.equal(isShown, text.includes(harmless) && way !== "a record of somebody else");
        for (const [outlet, lines] of seen)
          for (const line of lines) {
            assert.doesNotMatch(line, unsafe, `${outlet}: ${JSON.stringify(line.slice(0, 300))}`);
            assert.ok(line.length <= (maxChars[outlet] ?? 0), `${outlet}: ${line.length} characters`);
            if (outlet === "a metric") assert.match(line, /^(# .*|\w+(\{(\w+="[^"\\<>]*",?)+\})? \S+|)$/);
          }
        await story.stop();
      }
    });
  }

  it("as the name of a package in the host's file is cut and made safe where it is read", async () => {
    const folder = mkdtempSync(join(tmpdir(), "rebootd-packages-"));
    const file = join(folder, "reboot-required");
    writeFileSync(file, "");
    for (const text of hostile) {
      writeFileSync(`${file}.pkgs`, Buffer.concat([Buffer.from(text), Buffer.from([0xff, 0xfe, 0x0a])]));
      const need = await fileNeed(file, systemClock).check(true, new AbortController().signal);
      assert.ok(need.state === "needed");
      const { RebootRequired } = conditionsOf(
        record({ phase: "Waiting" }),
        { ...seen(), need },
        { hasWindow: false },
      );
      for (const line of [eventOf("RebootRequired", need).note, RebootRequired?.message ?? ""]) {
        assert.doesNotMatch(line, unsafe, JSON.stringify(line.slice(0, 300)));
        assert.ok(line.length > 10 && line.length <= 2000, `${line.length} characters`);
      }
    }
    rmSync(folder, { recursive: true });
  });
});
