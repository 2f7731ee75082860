import assert from "node:assert/strict";
import { isGivenEmpty, parseTable } from "../../daemon/config/option.ts";
import { type OptionName, options } from "../../daemon/config/settings.ts";
import { ConfigError } from "../../daemon/text/config-error.ts";
import { everyRow } from "../rows.ts";
import { accepted, refused } from "./value-rows.ts";

const names = Object.keys(options) as OptionName[];
const valuesOf = (raw: Partial<Record<OptionName, string>>) =>
  parseTable(options, { "node-id": "n1", ...raw });
const parsed = (name: OptionName, given: string): unknown => valuesOf({ [name]: given })[name];
/** Each with the option as it would be typed for its name. */
const named = <A extends readonly [OptionName, string, ...unknown[]]>(rows: readonly A[]) =>
  rows.map((row) => [`--${row[0]}=${row[1]}`, ...row] as const);

// What kured takes, and what its manual promises (5:00pm, 9:30am).
const times: Record<string, number> = {
  "0:00": 0,
  "00:00": 0,
  "17:00": 17,
  "17": 17,
  "7": 7,
  "5pm": 17,
  "9am": 9,
  "09am": 9,
  "12am": 0,
  "12pm": 12,
  "05:00pm": 17,
  "5:00pm": 17,
  "9:30am": 9.5,
  "5PM": 17,
  "23:59:59": 24 - 1 / 3600,
};

const days = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

/** For each option one of them is invalid. */
const badValues = ["\u0007 ?=[\n", "", " ", "'"];

describe("The value of an option", () => {
  it("has a default unless the option may stay unset", () => {
    const given = valuesOf({});
    assert.equal(given["node-id"], "n1");
    assert.equal(given.period, 3_600_000);
    assert.deepEqual(given["reboot-command"], ["/bin/systemctl", "reboot"]);
    assert.deepEqual(given["blocking-pod-selector"], []);
    assert.equal(given["prometheus-url"], undefined);
  });

  it("is required for the name of the node, which may not be empty", () => {
    const missing = new ConfigError("--node-id is required: set --node-id=NAME or REBOOTD_NODE_ID");
    assert.throws(() => parseTable(options, {}), missing);
    assert.throws(() => parseTable(options, { "node-id": "" }), missing);
  });

  it("is taken", () =>
    everyRow(named(accepted), (name, given, value) => assert.deepEqual(parsed(name, given), value)));

  it("is refused with the value, the name of the option, and a rule", () =>
    everyRow(named(refused), (name, given) =>
      assert.throws(
        () => parsed(name, given),
        (error: Error) =>
          error instanceof ConfigError &&
          error.message.startsWith(`invalid value ${JSON.stringify(given)} for --${name}: must be `) &&
          !error.message.includes("\n"),
      ),
    ));

  it("is refused with an example, for each option", () =>
    everyRow(
      names.map((name) => [name, name] as const),
      (name) => {
        assert.throws(
          () => {
            for (const bad of badValues) parsed(name, bad);
          },
          (error: Error) =>
            error instanceof ConfigError &&
            error.message.includes(` for --${name}: `) &&
            /: must be .*(, for example .| or )/.test(error.message) &&
            !/\p{Cc}/u.test(error.message),
        );
      },
    ));

  it("may be a time of day as kured takes it, and as its manual promises", () =>
    everyRow(
      Object.entries(times).map(([given, hours]) => [given, given, hours] as const),
      (given, hours) => assert.equal(parsed("start-time", given), hours * 3600),
    ));

  it("may be a day of the week in each of kured's spellings", () =>
    everyRow(
      days.map((name, day) => [name, name, day] as const),
      (name, day) => {
        const spellings = [name, name.slice(0, 2), name.slice(0, 3), String(day)];
        for (const spelling of [...spellings, ...spellings.map((one) => one.toUpperCase())]) {
          assert.deepEqual(parsed("reboot-days", spelling), [[day]]);
        }
      },
    ));

  it("is not shown where it is a header that is refused", () =>
    everyRow(
      ["X-Two", ": a", "X Two: a", "X-Two: ä", "X-Two: a\nb: c", "Authorization: a", "content-type: a"].map(
        (given) => [given, given] as const,
      ),
      (given) =>
        assert.throws(
          () => parsed("prometheus-header", given),
          (error: Error) =>
            error.message.startsWith("invalid value for --prometheus-header: must be a header, for example "),
        ),
    ));

  it("counts as not given where it is empty, as templates write what is not set", () => {
    const rows = names.filter((name) => name !== "node-id" && isGivenEmpty(options[name], ""));
    assert.ok(rows.length > 50);
    return everyRow(
      rows.map((name) => [name, name] as const),
      (name) => assert.deepEqual(parsed(name, ""), valuesOf({})[name]),
    );
  });

  it("is refused where it is empty and could mean either way", () =>
    everyRow(
      (["once", "enter-host", "reboot-days", "blocking-pod-selector", "block-on-query"] as const).map(
        (name) => [name, name] as const,
      ),
      (name) =>
        assert.throws(
          () => parsed(name, ""),
          new RegExp(`^ConfigError: invalid value "" for --${name}: must be `),
        ),
    ));

  it("is refused with the quote of a command that is not closed", () => {
    assert.throws(
      () => parsed("reboot-sentinel-command", "sh -c 'test -e flag"),
      new ConfigError(
        `invalid value "sh -c 'test -e flag" for --reboot-sentinel-command: must be a command with its arguments, quoted as for sh, for example '/bin/systemctl reboot', but the quote ' at character 7 is not closed`,
      ),
    );
  });

  it("is refused with the fault of a regular expression in Go's words", () => {
    assert.throws(
      () => parsed("alert-filter-regexp", "(?!Watchdog)"),
      new ConfigError(
        'invalid value "(?!Watchdog)" for --alert-filter-regexp: must be a regular expression of RE2, for example ^(Watchdog|InfoInhibitor)$, but invalid or unsupported Perl syntax: `(?!`',
      ),
    );
    assert.throws(() => parsed("alert-matchers", 'a=~"[b"'), /but missing closing \]: `\[b`$/);
  });

  it("is refused on one line, cut, and without secrets", () => {
    assert.throws(
      () => parsed("time-zone", `\n${"x".repeat(5000)}`),
      (error: Error) => error.message.length < 300 && !error.message.includes("\n"),
    );
    for (const raw of [
      { "prometheus-url": "htp://me:secret@prometheus" },
      { "prometheus-url": "me:s/e@secret@prometheus:9090" },
      { "prometheus-header": "Authorization: Bearer secret" },
    ]) {
      assert.throws(
        () => valuesOf(raw),
        (error) => error instanceof ConfigError && !error.message.includes("secret"),
      );
    }
  });
});
