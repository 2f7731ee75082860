import assert from "node:assert/strict";
import { isGivenEmpty, parseTable } from "../../daemon/config/option.ts";
import { type OptionName, options } from "../../daemon/config/settings.ts";
import { ConfigError } from "../../daemon/text/config-error.ts";
import { everyRow } from "../rows.ts";

const names = Object.keys(options) as OptionName[];
const valuesOf = (raw: Partial<Record<OptionName, string>>) =>
  parseTable(options, { "node-id": "n1", ...raw });
const parsed = (name: OptionName, given: string): unknown => valuesOf({ [name]: given })[name];
/** Each with the option as it would be typed for its name. */
const named = <A extends readonly [OptionName, string, ...unknown[]]>(rows: readonly A[]) =>
  rows.map((row) => [`--${row[0]}=${row[1]}`, ...row] as const);

const accepted: [name: OptionName, given: string, value: unknown][] = [
  ["period", "90s", 90_000],
  ["period", "1h30m", 5_400_000],
  ["period", "1.5h", 5_400_000],
  ["reboot-delay", "0", 0],
  ["lock-release-delay", "500ms", 500],
  ["alert-firing-only", "T", true],
  ["enter-host", "0", false],
  ["reboot-days", "mon,Tue", [[1, 2]]],
  ["reboot-days", "su,0,Sunday", [[0]]],
  ["reboot-days", " sa , fr ", [[5, 6]]],
  ["reboot-days", "wed,,THU,", [[3, 4]]],
  ["window", "0 2 * * sat#1 for 4h", [{ cron: "0 2 * * sat#1", durationMs: 14_400_000 }]],
  ["window", "@daily for 90m in UTC", [{ cron: "@daily", durationMs: 5_400_000, zone: "UTC" }]],
  [
    "window",
    " 0 22  * * mon-fri  for 168h in Europe/Warsaw",
    [{ cron: "0 22  * * mon-fri", durationMs: 604_800_000, zone: "Europe/Warsaw" }],
  ],
  ["blackout", "1970-01-02", [{ first: 1, last: 1 }]],
  ["blackout", "2026-12-20..2027-01-03", [{ first: 20_807, last: 20_821 }]],
  ["blackout", "2028-02-29", [{ first: 21_243, last: 21_243 }]],
  ["window-margin", "20m", 1_200_000],
  ["window-margin", "0", 0],
  ["window-end", "finish", "finish"],
  ["start-time", "17:00", 61_200],
  ["start-time", "17", 61_200],
  ["start-time", "5pm", 61_200],
  ["start-time", "05:30pm", 63_000],
  ["start-time", "5:00pm", 61_200],
  ["start-time", "12am", 0],
  ["start-time", "7:05", 25_500],
  ["end-time", "23:59:59", 86_399],
  ["time-zone", "Europe/Warsaw", "Europe/Warsaw"],
  ["time-zone", "", "UTC"],
  ["reboot-command", "/bin/sh -c 'sleep 1; reboot'", ["/bin/sh", "-c", "sleep 1; reboot"]],
  [
    "reboot-sentinel-command",
    'sh -c "test \\"$(cat kw)\\" != \\"$(uname -r)\\""',
    ["sh", "-c", 'test "$(cat kw)" != "$(uname -r)"'],
  ],
  ["drain-pod-selector", "app=db,tier!=cache,!legacy", "app=db,tier!=cache,!legacy"],
  ["drain-pod-selector", "app in (a, b),zone notin (c)", "app in (a, b),zone notin (c)"],
  ["prometheus-url", "http://prometheus:9090/base/", "http://prometheus:9090/base"],
  ["prometheus-timeout", "1m", 60_000],
  ["prometheus-header", "X-Scope-OrgID:infra", [["X-Scope-OrgID", "infra"]]],
  ["prometheus-header", "X-Two: a b: c ", [["X-Two", "a b: c"]]],
  ["alert-matchers", "severity=critical", ['severity="critical"']],
  ["alert-matchers", 'severity!=info , team=~"db|web",', ['severity!="info",team=~"db|web"']],
  ["alert-matchers", 'a="",b!~(?i)x.*', ['a="",b!~"(?i)x.*"']],
  ["alert-matchers", "a=,b=~x\\d", ['a="",b=~"x\\\\d"']],
  ["alert-matchers", 'a="x\\"} or up{b=\\"y"', ['a="x\\"} or up{b=\\"y"']],
  ["alert-matchers", 'a=~"(?P<n>x{1,2})\\n"', ['a=~"(?P<n>x{1,2})\\n"']],
  ["alert-matchers", 'a=~"(?i:db)|[[:alpha:]]"', ['a=~"(?i:db)|[[:alpha:]]"']],
  ["block-on-query", "up == 0", ["up == 0"]],
  ["reboot-method", "auto", "auto"],
  ["logged-in-users", "ignore", { waitMs: undefined }],
  ["logged-in-users", "wait:10m", { waitMs: 600_000 }],
  ["max-unavailable", "2", { nodes: 2 }],
  ["max-unavailable", "10%", { percent: 10 }],
  ["halt-after-failures", "0", 0],
  ["halt-after-failures", "20", 20],
  ["metrics-host", "", ""],
  ["metrics-bearer-token-file", "/etc/rebootd/metrics/token", "/etc/rebootd/metrics/token"],
  ["drain-grace-period", "-1", -1],
  ["lock-object", "daemonset/kured", { kind: "daemonset", name: "kured" }],
  ["lock-ttl", "30m", 1_800_000],
  ["concurrency", "3", { nodes: 3 }],
  ["concurrency", "10%", { percent: 10 }],
  ["pool-label", "example.com/pool", "example.com/pool"],
  ["after-reboot-hooks", "example.com/raid-checked", [["example.com/raid-checked"]]],
  ["before-reboot-hooks", "a.example/b,c", [["a.example/b", "c"]]],
  ["pre-reboot-node-labels", "a=b,example.com/c=", [{ a: "b", "example.com/c": "" }]],
  ["pre-reboot-node-labels", "", [{}]],
  [
    "drain-escalation",
    "evict:10m,delete:2m,reboot",
    { evictMs: 600_000, deleteMs: 120_000, reboot: true, text: "evict:10m,delete:2m,reboot" },
  ],
  ["drain-escalation", "evict,reboot", { rest: "evict", reboot: true, text: "evict,reboot" }],
  ["drain-escalation", "delete:5m", { deleteMs: 300_000, reboot: false, text: "delete:5m" }],
];

const refused: [name: OptionName, given: string][] = [
  ["node-id", "Node One"],
  ["period", "5"],
  ["period", "5 minutes"],
  ["period", "1d"],
  ["period", "10ms"],
  ["period", "-5m"],
  ["period", "10000h"],
  ["alert-firing-only", "yes"],
  ["alert-filter-regexp", "["],
  ["alert-filter-regexp", "(?!Watchdog)"],
  ["alert-filter-regexp", "(a)\\1"],
  ["alert-filter-regexp", "\\Z"],
  ["alert-filter-regexp", "a**"],
  ["alert-filter-regexp", "a{1001}"],
  ["reboot-days", "funday"],
  ["reboot-days", ""],
  ["reboot-days", "7"],
  ["reboot-days", "tues"],
  ["reboot-days", "mon-fri"],
  ["window", "0 2 * * sat"],
  ["window", "for 4h"],
  ["window", "0 2 * * for 4h"],
  ["window", "0 0 2 * * sat for 4h"],
  ["window", "0 2 * * sat#6 for 4h"],
  ["window", "0 2 30 2 * for 4h"],
  ["window", "@reboot for 4h"],
  ["window", "0 2 * * sat for 4"],
  ["window", "0 2 * * sat for 30s"],
  ["window", "0 2 * * sat for 169h"],
  ["window", "0 2 * * sat for 4h in Mars/Base"],
  ["window", "0 2 * * sat for 4h Europe/Warsaw"],
  ["blackout", "24.12.2026"],
  ["blackout", "2026-13-01"],
  ["blackout", "2026-02-29"],
  ["blackout", "2026-12-24.."],
  ["blackout", "2027-01-03..2026-12-20"],
  ["blackout", "2026-12-20..2026-12-24..2027-01-03"],
  ["window-margin", "a bit"],
  ["window-end", "ignore"],
  ["start-time", "24:00"],
  ["start-time", "7:5"],
  ["start-time", "13pm"],
  ["start-time", "noon"],
  ["start-time", " 9am"],
  ["start-time", "0am"],
  ["time-zone", "Mars/Base"],
  ["time-zone", "+02:00"],
  ["reboot-method", "kexec"],
  ["inhibitors", "true"],
  ["logged-in-users", "wait"],
  ["logged-in-users", "wait:0"],
  ["logged-in-users", "10m"],
  ["logged-in-users", "wait:soon"],
  ["dbus-socket", "unix:path=/run/dbus/system_bus_socket"],
  ["reboot-signal", "0"],
  ["reboot-signal", "65"],
  ["reboot-command", "   "],
  ["reboot-command", "/bin/sh -c 'reboot"],
  ["reboot-command", "'' reboot"],
  ["reboot-command", "# reboot"],
  ["reboot-sentinel-command", 'sh -c "grep -q \\"x" y"'],
  ["reboot-sentinel-command", "test -e a\\"],
  ["reboot-sentinel", "relative/path"],
  ["run-path", "run"],
  ["os", "windows"],
  ["metrics-port", "tcp://10.0.0.1:8080"],
  ["metrics-bearer-token-file", "token"],
  ["metrics-tls-cert-file", "tls.crt"],
  ["concurrency", "0"],
  ["concurrency", "0%"],
  ["max-unavailable", "0"],
  ["halt-after-failures", "21"],
  ["halt-after-failures", "-1"],
  ["concurrency", "101%"],
  ["concurrency", "2.5"],
  ["max-per-zone", "0"],
  ["pool-label", "example.com/a/b"],
  ["prometheus-url", "prometheus:9090"],
  ["prometheus-timeout", "500ms"],
  ["prometheus-timeout", "2m"],
  ["prometheus-ca-file", "ca.pem"],
  ["alerts-max-age", "10s"],
  ["alerts-max-age", "1000h"],
  ["block-on-query", " "],
  ["alert-matchers", ""],
  ["alert-matchers", "critical"],
  ["alert-matchers", "severity=a b"],
  ["alert-matchers", "severity=a}"],
  ["alert-matchers", "severity='a'"],
  ["alert-matchers", 'severity="a'],
  ["alert-matchers", 'severity="a"b'],
  ["alert-matchers", 'severity="\\d"'],
  ["alert-matchers", "severity==a"],
  ["alert-matchers", "my.label=a"],
  ["alert-matchers", "__name__=up"],
  ["alert-matchers", 'team=~"(db"'],
  ["alert-matchers", 'team=~"(?=db)"'],
  ["alert-matchers", 'team=~"(db)\\\\1"'],
  ["drain-pod-selector", "app==,=x"],
  ["budget-held-selector", "app==,=x"],
  ["blocking-pod-selector", "app in db"],
  ["lock-annotation", "no good/key/here"],
  ["lock-object", "rebootd"],
  ["lock-object", "configmap/rebootd"],
  ["lock-object", "lease/Rebootd"],
  ["lock-object", "lease/a/b"],
  ["log-format", "xml"],
  ["log-level", "verbose"],
  ["pre-reboot-node-labels", "rebooting"],
  ["pre-reboot-node-labels", "a=b,c"],
  ["post-reboot-node-labels", "a=b=c"],
  ["post-reboot-node-labels", "no good=x"],
  ["post-reboot-node-labels", `a=${"x".repeat(64)}`],
  ["prefer-no-schedule-taint", "not/a/key"],
  ["after-reboot-hooks", "not/a/key"],
  ["before-reboot-hooks", "a,not/a/key"],
  ["before-reboot-hooks", ","],
  ["before-reboot-hooks-late", "wait"],
  ["ready-pod-selector", "app in db"],
  ["drain-escalation", "reboot"],
  ["drain-escalation", "delete,evict"],
  ["drain-escalation", "evict,evict:5m"],
  ["drain-escalation", "evict,delete"],
  ["drain-escalation", "evict:5"],
  ["drain-escalation", "evict:0s"],
  ["drain-escalation", "evict:5m,reboot:1m"],
  ["drain-escalation", "evict:5m,shutdown"],
];

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
