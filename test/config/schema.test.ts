import assert from "node:assert/strict";
import { Ajv2020 } from "ajv/dist/2020.js";
import { RE2JS } from "re2js";
import { forms } from "../../daemon/config/form.ts";
import { keyOfOption, keys, optionOfKey } from "../../daemon/config/keys.ts";
import type { Option } from "../../daemon/config/option.ts";
import { optionsSchema } from "../../daemon/config/schema.ts";
import { type OptionName, options } from "../../daemon/config/settings.ts";
import { everyRow } from "../rows.ts";
import { accepted, refused } from "./value-rows.ts";

const schema = optionsSchema();
const accepts = new Ajv2020({ allErrors: true, unicodeRegExp: true }).compile(schema);
const names = Object.keys(options) as OptionName[];
const properties = schema.properties ?? {};

/** A value of the command line as a person writes it in the file. */
function written(name: OptionName, text: string): string | number | boolean {
  const form = forms.get((options as Record<string, Option<unknown>>)[name]?.type as never)?.form;
  if (form?.boolean && /^(true|t|1|0|f|false)$/i.test(text)) return /^(1|t)/i.test(text);
  return form?.integer && /^-?\d+$/.test(text) ? Number(text) : text;
}

/** Refused values that have the form of a valid one: only the daemon can say it. */
const ofRightForm: readonly string[] = [
  "period=10ms",
  "period=10000h",
  "healthy-when=v1/Secret/shop/password: true",
  "alert-filter-regexp=[",
  "alert-filter-regexp=(?!Watchdog)",
  "alert-filter-regexp=(a)\\1",
  "alert-filter-regexp=\\Z",
  "alert-filter-regexp=a**",
  "alert-filter-regexp=a{1001}",
  "window=0 2 * * for 4h",
  "window=0 0 2 * * sat for 4h",
  "window=0 2 * * sat#6 for 4h",
  "window=0 2 30 2 * for 4h",
  "window=@reboot for 4h",
  "window=0 2 * * sat for 30s",
  "window=0 2 * * sat for 169h",
  "window=0 2 * * sat for 4h in Mars/Base",
  "blackout=2026-02-29",
  "blackout=2027-01-03..2026-12-20",
  "time-zone=Mars/Base",
  "logged-in-users=wait:0",
  "reboot-command=/bin/sh -c 'reboot",
  "reboot-command='' reboot",
  "reboot-command=# reboot",
  'reboot-sentinel-command=sh -c "grep -q \\"x" y"',
  "reboot-sentinel-command=test -e a\\",
  "need-command=test -e a\\",
  "request-label=kubernetes.io/os",
  "request-label=node.kubernetes.io/reboot",
  "request-label=node.k8s.io/reboot",
  "request-label=rebootd.dev/reboot-requested",
  "max-uptime=23h59m",
  "max-uptime=3651d",
  "prometheus-timeout=500ms",
  "prometheus-timeout=2m",
  "alerts-max-age=10s",
  "alerts-max-age=1000h",
  'alert-matchers=severity="\\d"',
  "alert-matchers=severity==a",
  "alert-matchers=__name__=up",
  'alert-matchers=team=~"(db"',
  'alert-matchers=team=~"(?=db)"',
  'alert-matchers=team=~"(db)\\\\1"',
  "surge-timeout=500ms",
  "drain-escalation=evict,delete",
  "drain-escalation=evict:0s",
];

const patternsIn = (value: unknown): string[] =>
  typeof value !== "object" || value === null
    ? []
    : Object.entries(value).flatMap(([word, inner]) =>
        word === "pattern" && typeof inner === "string" ? [inner] : patternsIn(inner),
      );

describe("The key of an option", () => {
  it("is its name in camel case, and leads back to it", () => {
    assert.equal(keyOfOption("reboot-days"), "rebootDays");
    assert.deepEqual(keys.map(optionOfKey), names);
    assert.equal(optionOfKey("reboot-days"), undefined);
    assert.equal(optionOfKey("constructor"), undefined);
  });
});

describe("The schema of the configuration file", () => {
  it("has each option with its help, its rule and its default, and nothing else", () => {
    assert.equal(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert.equal(schema["additionalProperties"], false);
    assert.deepEqual(Object.keys(properties), keys);
    return everyRow(
      names.map((name) => [name, options[name] as Option<unknown>, properties[keyOfOption(name)]] as const),
      (option, property) => {
        const description = String(property?.["description"]);
        assert.ok(description.startsWith(`${option.help}. `), description);
        assert.match(description, /\. (It|Each) must be /);
        assert.equal(property?.["default"] === undefined, option.default === undefined);
        assert.equal(property?.["writeOnly"], option.secret);
      },
    );
  });

  it("has defaults of the types that it accepts", () => {
    const defaults = Object.entries(properties).filter(([, { default: value }]) => value !== undefined);
    const file = Object.fromEntries(defaults.map(([key, { default: value }]) => [key, value]));
    assert.ok(accepts(file), JSON.stringify(accepts.errors));
    assert.deepEqual(
      [file["forceReboot"], file["metricsPort"], file["concurrency"], file["period"], file["rebootDelay"]],
      [false, 8080, 1, "1h", 0],
    );
  });

  it("accepts each value that the daemon accepts", () =>
    everyRow(
      accepted.map(([name, given]) => [`${name}: ${given}`, name, given] as const),
      (name, given) => {
        const file = { [keyOfOption(name)]: written(name, given) };
        assert.ok(accepts(file), JSON.stringify(accepts.errors));
      },
    ));

  it("refuses each value that the daemon refuses, unless only the daemon can say it", () => {
    const taken = refused
      .filter(([name, given]) => accepts({ [keyOfOption(name)]: written(name, given) }))
      .map(([name, given]) => `${name}=${given}`);
    assert.deepEqual(taken, ofRightForm);
  });

  it("takes a list where the option may be repeated, and nowhere else", () => {
    assert.ok(accepts({ rebootDays: ["mo", 2], window: "@daily for 1h", blackout: [] }));
    assert.ok(!accepts({ drainPodSelector: ["app=db"] }));
  });

  it("refuses texts in place of numbers and of true and false", () => {
    const texts = { forceReboot: "true", metricsPort: "8080", nodeId: 5, period: 60 };
    for (const [key, value] of Object.entries(texts)) assert.ok(!accepts({ [key]: value }), key);
  });

  it("has no pattern that Helm could not compile", () => {
    const found = patternsIn(schema);
    assert.ok(found.length > 50);
    for (const pattern of found) assert.ok(RE2JS.compile(pattern));
  });
});
