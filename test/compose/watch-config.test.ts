import assert from "node:assert/strict";
import { type Configuration, watchConfig } from "../../daemon/compose/watch-config.ts";
import { givenWithFile } from "../../daemon/config/file/read-file.ts";
import { nothingTyped } from "../../daemon/config/given.ts";
import type { Clock } from "../../daemon/time/clock.ts";

const file = "config.yaml";
const configurationOf = (text: string): Configuration => {
  const given = givenWithFile(file, text, nothingTyped);
  return { text, raw: given.raw, given };
};

interface Course {
  /** What the file holds at each look, every 5 s; an Error where it cannot be read. The last one stays. */
  looks: readonly (string | Error)[];
  /** The phase at each look. */
  phases?: readonly string[];
  /** Rejects a valid text, as a world does that has no such file or server. */
  refuses?: (look: number) => string | undefined;
}

/** Watches a file that is "period: 1h" at the start, for so many looks as the course has. */
async function watch({ looks, phases = ["Idle"], refuses = () => undefined }: Course) {
  const stop = new AbortController();
  const said: string[] = [];
  let look = 0;
  let opened = 0;
  let valid = 1;
  const clock: Clock = {
    wall: () => 0,
    elapsed: () => look * 5000,
    async sleep(ms, signal) {
      assert.equal(ms, 5000);
      look += 1;
      if (look > looks.length) stop.abort(new Error("the course is over"));
      signal.throwIfAborted();
    },
  };
  const say =
    (level: string) =>
    (message: string, facts: { changed?: unknown; kept?: unknown } = {}) =>
      void said.push(
        `${level}: ${message}${(facts.changed ?? facts.kept) ? ` ${facts.changed ?? facts.kept}` : ""}`,
      );
  const setValid = (value: number) => {
    valid = value;
  };
  const running = {
    log: { info: say("info"), warn: say("warn"), error: say("error"), debug: say("debug") },
    metrics: { configValid: { set: setValid } },
    phase: () => phases[look - 1] ?? phases.at(-1) ?? "",
    configRejected: (why: string) => void said.push(`rejected: ${why}`),
    messagesSettled: async () => void said.push("the messages are settled"),
  };
  const ports = {
    clock,
    random: () => 0,
    async read() {
      const text = looks[look - 1];
      if (text instanceof Error) throw text;
      return text ?? "";
    },
    async open(text: string) {
      opened += 1;
      const why = refuses(look);
      if (why !== undefined) throw new Error(why);
      return configurationOf(text);
    },
  };
  const found = await watchConfig(
    configurationOf("period: 1h"),
    ports,
    running as unknown as Parameters<typeof watchConfig>[2],
    stop.signal,
  ).then(
    ({ text }) => text,
    (error: Error) => error.message,
  );
  return { found, look, said, valid, opened };
}

const over = "the course is over";
const times = <T>(count: number, one: T): T[] => Array.from({ length: count }, () => one);

describe("A configuration file that is watched", () => {
  it("changes nothing while it stays as it is", async () => {
    assert.deepEqual(await watch({ looks: times(100, "period: 1h") }), {
      found: over,
      look: 101,
      said: [],
      valid: 1,
      opened: 0,
    });
  });

  it("counts once it has been read twice, and the messages on their way have settled", async () => {
    const { found, look, said } = await watch({ looks: ["period: 2h", "period: 2h"] });
    assert.deepEqual([found, look], ["period: 2h", 2]);
    assert.deepEqual(said, ["info: the configuration file has changed period", "the messages are settled"]);
  });

  it("is not taken while somebody writes it", async () => {
    const { found, said } = await watch({ looks: ["per", "period: 2", "period: 2h", "period: 2h"] });
    assert.equal(found, "period: 2h");
    assert.equal(said.length, 2);
  });

  it("leaves the daemon as it is where it is invalid, which is said once", async () => {
    const { found, said, valid } = await watch({ looks: times(200, "period: often") });
    assert.equal(found, over);
    assert.deepEqual(said, [
      'rejected: config.yaml:1:9: invalid value "often" for period: must be a duration from 1s to 576h, for example 90s, 15m or 1h30m',
    ]);
    assert.equal(valid, 0);
  });

  it("is tried again less and less often where no daemon could start with it now", async () => {
    const { found, opened } = await watch({ looks: times(12 * 60, "period: 2h"), refuses: () => "no token" });
    assert.equal(found, over);
    assert.ok(opened >= 8 && opened <= 12, `${opened} times in an hour`);
  });

  it("counts as soon as the daemon could start with it", async () => {
    const refuses = (look: number) => (look < 5 ? "no token" : undefined);
    const { found, said } = await watch({ looks: times(20, "period: 2h"), refuses });
    assert.equal(found, "period: 2h");
    assert.deepEqual(said.slice(0, 2), [
      "rejected: no token",
      "info: the configuration file has changed period",
    ]);
  });

  it("is valid again when it is mended, or as it was", async () => {
    for (const mended of ["period: 1h # as before", "period: 1h"]) {
      const { found, said, valid } = await watch({ looks: ["x: 1", "x: 1", ...times(3, mended)] });
      assert.deepEqual([found, valid], [over, 1]);
      assert.equal(said.at(-1), "info: the configuration file is valid again");
    }
  });

  it("is valid again when it can be read again", async () => {
    const gone = new Error("it is gone");
    const { found, said, valid } = await watch({ looks: [gone, gone, ...times(3, "period: 1h")] });
    assert.deepEqual([found, valid], [over, 1]);
    assert.deepEqual(said, ["rejected: it is gone", "info: the configuration file is valid again"]);
  });

  it("does not compose the daemon anew while the machine goes down", async () => {
    const phases = ["Draining", "Rebooting", "Rebooting", "Restoring"];
    const { found, look } = await watch({ looks: times(9, "period: 2h"), phases });
    assert.deepEqual([found, look], ["period: 2h", 4]);
  });

  it("does not bring what was withdrawn before it could count", async () => {
    const looks = [...times(2, "period: 2h"), ...times(9, "period: 1h")];
    const { found } = await watch({ looks, phases: [...times(4, "Rebooting"), "Idle"] });
    assert.equal(found, over);
  });

  it("changes nothing where options alone have changed that count from the next start, which is said once", async () => {
    const { found, said } = await watch({
      looks: times(50, "period: 1h\nnamespace: ops\nmetricsPort: 9090"),
    });
    assert.equal(found, over);
    assert.deepEqual(said, [
      "warn: options of the configuration file have changed that count from the next start: restart the pods, for example with kubectl rollout restart namespace, metricsPort",
    ]);
  });
});
