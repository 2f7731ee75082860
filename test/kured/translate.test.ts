import assert from "node:assert/strict";
import type { Environment } from "../../daemon/config/environment.ts";
import { parseSettings, type RawOptions } from "../../daemon/config/settings.ts";
import { variableOf } from "../../daemon/kured/flag.ts";
import { flagNames, rows } from "../../daemon/kured/flags.ts";
import { translateKured } from "../../daemon/kured/translate.ts";
import { ConfigError } from "../../daemon/text/config-error.ts";

const nodeId = "--node-id=n1";
/** The options of kured without a flag. */
const plain = translateKured([nodeId], {}).raw;
const translate = (args: readonly string[], environment: Environment = {}) =>
  translateKured([nodeId, ...args], environment);
const refusalOf = (args: readonly string[], environment: Environment = {}): string => {
  try {
    parseSettings(translateKured(args, environment).raw);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.message;
  }
  assert.fail(`${args.join(" ")} is not refused`);
};

/** [flag, value, the options that it changes]. */
const becomes: readonly [string, string, RawOptions][] = [
  ["period", "5m", { period: "5m" }],
  ["period", "0", {}],
  ["period", "-1h", {}],
  ["period", "10ms", { period: "1s" }],
  ["reboot-sentinel", "/sentinel/reboot-required", { "reboot-sentinel": "/sentinel/reboot-required" }],
  ["reboot-sentinel", "sentinel/reboot", { "reboot-sentinel": "/sentinel/reboot" }],
  ["reboot-sentinel-command", "sh -c 'exit 1'", { "reboot-sentinel-command": "sh -c 'exit 1'" }],
  ["reboot-sentinel-command", "", {}],
  ["reboot-method", "signal", { "reboot-method": "signal" }],
  ["reboot-command", "/sbin/reboot -f", { "reboot-command": "/sbin/reboot -f" }],
  ["reboot-signal", "38", {}],
  ["reboot-delay", "+90s", { "reboot-delay": "90s" }],
  ["reboot-delay", "-5s", {}],
  ["drain-grace-period", "0", { "drain-grace-period": "0" }],
  ["drain-grace-period", "-7", {}],
  ["drain-grace-period", "0x20", { "drain-grace-period": "32" }],
  ["drain-pod-selector", "app in (a, b)", { "drain-pod-selector": "app in (a, b)" }],
  ["skip-wait-for-delete-timeout", "60", { "skip-wait-for-delete-timeout": "60" }],
  ["skip-wait-for-delete-timeout", "-1", {}],
  ["drain-delay", "1m30s", { "drain-delay": "1m30s" }],
  ["drain-timeout", "20m", { "drain-timeout": "20m" }],
  ["drain-timeout", "1ms", { "drain-timeout": "1s" }],
  ["drain-timeout", "0", { "drain-timeout": "1h" }],
  ["force-reboot", "true", {}],
  ["ds-namespace", "infra", { "ds-namespace": "infra" }],
  ["ds-name", "my-kured", { "ds-name": "my-kured" }],
  ["lock-annotation", "example.com/lock", { "lock-annotation": "example.com/lock" }],
  ["lock-ttl", "30m", { "lock-ttl": "30m" }],
  ["lock-release-delay", "2m", { "lock-release-delay": "2m" }],
  ["concurrency", "3", { concurrency: "3" }],
  ["concurrency", "0", {}],
  ["concurrency", "20000", { concurrency: "10000" }],
  ["prometheus-url", "http://prometheus:9090", { "prometheus-url": "http://prometheus:9090" }],
  ["prometheus-url", "", {}],
  ["alert-filter-regexp", "^RebootRequired$", { "alert-filter-regexp": "^RebootRequired$" }],
  ["alert-filter-regexp", "", {}],
  ["alert-filter-match-only", "T", { "alert-filter-match-only": "true" }],
  ["alert-firing-only", "1", { "alert-firing-only": "true" }],
  ["blocking-pod-selector", "app=a,tier=b", { "blocking-pod-selector": ["app=a,tier=b"] }],
  ["reboot-days", "Mon,tuesday,6", { "reboot-days": ["mo,tu,sa"] }],
  ["start-time", "9am", { "start-time": "9am" }],
  ["end-time", "17:30", { "end-time": "17:30" }],
  ["time-zone", "Europe/Warsaw", { "time-zone": "Europe/Warsaw" }],
  ["time-zone", "", {}],
  ["annotate-nodes", "true", { "annotate-nodes": "true" }],
  ["pre-reboot-node-labels", "a=b,c=", { "pre-reboot-node-labels": ["a=b", "c="] }],
  ["pre-reboot-node-labels", "a=b=c", { "pre-reboot-node-labels": ["a=b"] }],
  ["post-reboot-node-labels", "a=b", { "post-reboot-node-labels": ["a=b"] }],
  ["prefer-no-schedule-taint", "example.com/pending", { "prefer-no-schedule-taint": "example.com/pending" }],
  ["notify-url", '"slack://A/B/C"', { "notify-url": ['"slack://A/B/C"'] }],
  ["notify-url", "nothing://of/the/kind", {}],
  ["message-template-drain", "%s goes", { "message-template-drain": "%s goes" }],
  ["message-template-reboot", "%v at 100%", { "message-template-reboot": "%s at 100%%" }],
  ["message-template-uncordon", "%s and %s, %d", { "message-template-uncordon": "%s and %%s, %%d" }],
  ["slack-hook-url", "https://hooks.slack.com/services/A/B/C", { "notify-url": ["slack://A/B/C"] }],
  ["slack-hook-url", "https://hooks.slack.com/services/A/B", {}],
  ["slack-username", "somebody", {}],
  ["slack-channel", "alerts", {}],
  ["log-format", "json", { "log-format": "logrus-json" }],
  ["log-format", "other", {}],
  ["metrics-host", "127.0.0.1", { "metrics-host": "127.0.0.1" }],
  ["metrics-port", "0", { "metrics-port": "0" }],
];

describe("A command line of kured", () => {
  it("without a flag becomes the options of kured's defaults, which rebootd takes", () => {
    assert.deepEqual(plain, {
      "node-id": "n1",
      "reboot-sentinel": "/var/run/reboot-required",
      "ds-name": "kured",
      "lock-annotation": "weave.works/kured-node-lock",
      "drain-timeout": "1h",
      "log-format": "logrus",
      "message-template-drain": "Draining node %s",
      "message-template-reboot": "Rebooting node %s",
      "message-template-uncordon": "Node %s rebooted & uncordoned successfully!",
    });
    const { place } = parseSettings(plain).lock;
    assert.deepEqual(place, {
      kind: "daemonset",
      name: "kured",
      namespace: "kube-system",
      annotation: "weave.works/kured-node-lock",
    });
  });

  for (const [flag, value, options] of becomes) {
    it(`with --${flag}=${JSON.stringify(value)} becomes ${JSON.stringify(options)}`, () => {
      const { raw } = translate([`--${flag}=${value}`]);
      assert.deepEqual(raw, { ...plain, ...options });
      parseSettings(raw);
    });
  }

  it("means the same in the environment, for each flag but a list of selectors, which kured ignores there", () => {
    for (const [flag, value, options] of becomes) {
      const { raw } = translate([], { [variableOf(flag)]: value });
      assert.deepEqual(raw, { ...plain, ...options }, flag);
    }
  });

  it("has a value for every flag in the table above, but for the name of the node", () => {
    const told = new Set(becomes.map(([flag]) => flag));
    assert.deepEqual(
      flagNames.filter((name) => !told.has(name)),
      ["node-id"],
    );
  });

  it("names only options of rebootd that a flag can become", () => {
    for (const [flag, , options] of becomes) {
      const row = rows[flag as keyof typeof rows];
      for (const option of Object.keys(options)) assert.ok((row.options as string[]).includes(option), flag);
    }
  });

  describe("with several flags", () => {
    it("takes the last of one that is given twice, and every one of a list", () => {
      const { raw } = translate([
        "--period=1m",
        "--period",
        "2m",
        "--reboot-days=mon",
        "--reboot-days=tue,wed",
        "--blocking-pod-selector=a=b",
        "--blocking-pod-selector=c=d",
      ]);
      assert.equal(raw.period, "2m");
      assert.deepEqual(raw["reboot-days"], ["mo,tu,we"]);
      assert.deepEqual(raw["blocking-pod-selector"], ["a=b", "c=d"]);
    });

    it("takes a bool without a value, and says that the word after it counts for nothing", () => {
      const { raw, warnings } = translate(["--alert-firing-only", "false"]);
      assert.equal(raw["alert-firing-only"], "true");
      assert.deepEqual(warnings, ['ignored: "false"; a value follows its flag after =']);
    });

    it("reboots past a failed drain only where a drain can fail", () => {
      assert.equal(translate(["--force-reboot", "--drain-timeout=5m"]).raw["force-reboot"], "true");
      const { raw, warnings } = translate(["--force-reboot"]);
      assert.equal(raw["force-reboot"], undefined);
      assert.match(warnings.join(), /--force-reboot is ignored without --drain-timeout/);
    });

    it("uses the signal only for that method, and the command for the other", () => {
      const signal = ["--reboot-method=signal", "--reboot-signal=15", "--reboot-command="];
      const { raw } = translate(signal);
      assert.deepEqual([raw["reboot-method"], raw["reboot-signal"]], ["signal", "15"]);
      assert.equal(translate(["--reboot-signal=0"]).raw["reboot-signal"], undefined);
    });

    it("keeps a window over midnight on its day, as kured does", () => {
      const { raw, warnings } = translate(["--reboot-days=fri", "--start-time=22:00", "--end-time=2:00"]);
      assert.deepEqual(
        [raw["reboot-days"], raw["start-time"], raw["end-time"], raw.window],
        [["fr"], "22:00", undefined, ["0 0 * * 5 for 7201s"]],
      );
      assert.match(warnings.join(), /does not go on into the next day/);
    });

    it("leaves a window over midnight whole where every day has one", () => {
      const { raw } = translate(["--start-time=22:00", "--end-time=2:00"]);
      assert.deepEqual([raw["end-time"], raw.window], ["2:00", undefined]);
    });

    it("sends to the newer of two addresses, and shows neither", () => {
      const { raw, warnings } = translate([
        "--notify-url=slack://secretA/secretB/secretC",
        "--slack-hook-url=https://hooks.slack.com/services/other1/other2/other3",
      ]);
      assert.deepEqual(raw["notify-url"], ["slack://secretA/secretB/secretC"]);
      assert.deepEqual(warnings, ["--slack-hook-url is ignored, as --notify-url is set"]);
    });
  });

  describe("and the environment", () => {
    it("lets the environment go first, and says so once", () => {
      const { raw, warnings } = translate(["--period=1m", "--concurrency=2"], {
        KURED_PERIOD: "2m",
        KURED_CONCURRENCY: "3",
      });
      assert.deepEqual([raw.period, raw.concurrency], ["2m", "3"]);
      assert.deepEqual(warnings, [
        "the environment goes before the command line, as in kured: KURED_PERIOD before --period, KURED_CONCURRENCY before --concurrency",
      ]);
    });

    it("adds a list of the environment to that of the command line, without a warning", () => {
      const { raw, warnings } = translate(["--reboot-days=mon"], { KURED_REBOOT_DAYS: "tue" });
      assert.deepEqual([raw["reboot-days"], warnings], [["mo,tu"], []]);
    });

    it("takes a selector of the environment too, which kured would pass over", () => {
      const environment = { KURED_BLOCKING_POD_SELECTOR: "c=d" };
      const { raw } = translate(["--blocking-pod-selector=a=b"], environment);
      assert.deepEqual(raw["blocking-pod-selector"], ["a=b", "c=d"]);
      assert.equal(
        translate([], { KURED_BLOCKING_POD_SELECTOR: "" }).raw["blocking-pod-selector"],
        undefined,
      );
    });

    it("passes over what Kubernetes sets for a Service, with a warning where kured would crash", () => {
      const { raw, warnings } = translate([], {
        KURED_METRICS_PORT: "tcp://10.0.0.1:8080",
        KURED_METRICS_PORT_8080_TCP_ADDR: "10.0.0.1",
        KURED_SERVICE_HOST: "10.0.0.1",
      });
      assert.deepEqual(raw, plain);
      assert.deepEqual(warnings, ["KURED_METRICS_PORT is ignored: Kubernetes has set it for a Service"]);
    });

    it("says which variable belongs to no flag", () => {
      const { warnings } = translate([], { KURED_PERIODE: "1h", REBOOTD_PERIOD: "1h", HOME: "/" });
      assert.deepEqual(warnings, [
        "KURED_PERIODE is ignored: kured has no such flag",
        "REBOOTD_PERIOD is ignored: kured has no such flag",
      ]);
    });
  });

  describe("that is invalid is refused with flag, value and rule", () => {
    const refused: readonly [string[], Environment, RegExp][] = [
      [["--perod=1h"], {}, /^unknown flag "--perod": kured has no such flag; did you mean --period\?$/],
      [["--version"], {}, /^unknown flag "--version": kured has no such flag; see 'kured --help'$/],
      [["-p", "1h"], {}, /^unknown flag "-p"/],
      [["--period"], {}, /^--period requires a value/],
      [["--period=60"], {}, /^invalid value "60" for --period: must be a duration with a unit, for example/],
      [[], { KURED_PERIOD: "" }, /^invalid value "" for KURED_PERIOD: must be a duration/],
      [["--concurrency=10%"], {}, /^invalid value "10%" for --concurrency: must be a whole number/],
      [["--concurrency=0x"], {}, /--concurrency/],
      [["--force-reboot=yes"], {}, /^invalid value "yes" for --force-reboot: must be true or false$/],
      [[], { KURED_FORCE_REBOOT: "yes" }, /^invalid value "yes" for KURED_FORCE_REBOOT: must be true or/],
      [["--reboot-method=logind"], {}, /"logind" for --reboot-method: must be command or signal$/],
      [["--reboot-command="], {}, /--reboot-command: must be a command/],
      [["--reboot-command=  "], {}, /--reboot-command: must be a command/],
      [["--reboot-command='"], {}, /--reboot-command: .*the quote ' at character 1 is not closed/],
      [["--reboot-sentinel-command= "], {}, /--reboot-sentinel-command: must be a command/],
      [["--reboot-method=signal", "--reboot-signal=0"], {}, /"0" for --reboot-signal: must be/],
      [["--reboot-sentinel="], {}, /"" for --reboot-sentinel: must be a file/],
      [["--reboot-days="], {}, /"" for --reboot-days: must be a list of days/],
      [["--reboot-days=tues"], {}, /"tues" for --reboot-days: must be a list of days/],
      [["--reboot-days=mon, tue"], {}, /--reboot-days: must be a list of days/],
      [['--reboot-days=m"on'], {}, /--reboot-days: must be a list with commas/],
      [["--start-time="], {}, /--start-time: must be a time of day/],
      [["--end-time=24:00"], {}, /"24:00" for --end-time: must be a time of day/],
      [["--time-zone=+02:00"], {}, /--time-zone: must be a name of the IANA/],
      [["--alert-filter-regexp=("], {}, /--alert-filter-regexp: must be a regular expression/],
      [["--prometheus-url=prometheus:9090"], {}, /--prometheus-url: must be an http or https URL/],
      [["--blocking-pod-selector="], {}, /--blocking-pod-selector: .*would match every pod/],
      [[], { KURED_PRE_REBOOT_NODE_LABELS: "a" }, /"a" for KURED_PRE_REBOOT_NODE_LABELS: must be a list of/],
      [["--metrics-port=99999"], {}, /--metrics-port: must be a whole number from 0 to 65535/],
      [["--ds-name="], {}, /--ds-name: must be the name of the DaemonSet/],
    ];
    for (const [args, environment, message] of refused) {
      it(`${args.join(" ")} ${JSON.stringify(environment)}`, () => {
        assert.match(refusalOf([nodeId, ...args], environment), message);
      });
    }

    it("a node without a name", () => {
      assert.match(refusalOf([]), /^invalid value "" for --node-id: .*KURED_NODE_ID from spec.nodeName$/);
    });
  });

  it("tells where rebootd does otherwise with its flags, and what differs without any", () => {
    const told = translate(["--force-reboot", "--time-zone=UTC"]).differences.map(({ flag }) => flag);
    assert.deepEqual(told, ["force-reboot", "drain-timeout"]);
  });
});
