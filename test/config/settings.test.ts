import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import type { Option } from "../../daemon/config/option.ts";
import { deadOptions } from "../../daemon/config/options/notify.ts";
import { type OptionName, options, parseSettings, type RawOptions } from "../../daemon/config/settings.ts";
import { everyRow } from "../rows.ts";

const url = "http://prometheus:9090";
const prometheus = { "prometheus-url": url };
const tls = { "metrics-tls-cert-file": "/c", "metrics-tls-key-file": "/k" };

/** For each option a value that is not its default; where that alone has no effect, with the options that it needs. */
const others: Readonly<Record<OptionName, string | RawOptions>> = {
  "node-id": "n2",
  kubeconfig: "/k",
  period: "2h",
  once: "true",
  os: "suse",
  "run-path": "/run",
  "reboot-sentinel": "/s",
  "reboot-sentinel-command": "true",
  "reboot-method": "auto",
  "reboot-command": "reboot",
  "reboot-signal": "15",
  "reboot-delay": "1s",
  "reboot-timeout": "1s",
  "reboot-attempts": "3",
  "max-reboots-per-need": "3",
  "max-failures-per-node": "4",
  "boot-id-path": "/b",
  "enter-host": "false",
  "drain-delay": "1s",
  "pre-reboot-node-labels": "a=b",
  "post-reboot-node-labels": "a=b",
  "lb-exclude": "true",
  "annotate-nodes": "true",
  "prefer-no-schedule-taint": "a",
  preflight: "off",
  "budget-held-selector": "a",
  "drain-timeout": "1m",
  "drain-escalation": "delete",
  "force-reboot": "true",
  "drain-volume-timeout": "1m",
  "drain-grace-period": "1",
  "drain-pod-selector": "a",
  "drain-skip-namespace": "a",
  "skip-wait-for-delete-timeout": "1",
  "delete-emptydir-data": "false",
  "drain-force": "false",
  "disable-eviction": "true",
  "drain-parallelism": "1",
  "ready-settle": "1s",
  "ready-timeout": "1s",
  "ready-pod-selector": "a",
  "before-reboot-hooks": "a",
  "before-reboot-hooks-timeout": "1m",
  "before-reboot-hooks-late": "go-on",
  "after-reboot-hooks": "a",
  "after-reboot-hooks-timeout": "1m",
  "after-reboot-hooks-late": "go-on",
  namespace: "a",
  "lock-object": "lease/a",
  "ds-name": "a",
  "ds-namespace": { "ds-namespace": "a", "ds-name": "kured" },
  "lock-annotation": "a",
  "lock-ttl": "1h",
  "lock-release-delay": "1s",
  concurrency: "2",
  "max-per-zone": "1",
  "max-per-pool": { "max-per-pool": "1", "pool-label": "a" },
  "pool-label": "a",
  "max-unavailable": "1",
  "halt-after-failures": "1",
  "halt-after-failed-drains": "1",
  "reboot-days": "mo",
  "start-time": "1:00",
  "end-time": "1:00",
  "time-zone": "Europe/Warsaw",
  window: "@daily for 1h",
  blackout: "2026-12-24",
  "window-margin": "1h",
  "window-end": "finish",
  "prometheus-url": url,
  "prometheus-timeout": { ...prometheus, "prometheus-timeout": "1s" },
  "prometheus-bearer-token-file": { ...prometheus, "prometheus-bearer-token-file": "/t" },
  "prometheus-basic-auth-file": { ...prometheus, "prometheus-basic-auth-file": "/b" },
  "prometheus-ca-file": { ...prometheus, "prometheus-ca-file": "/c" },
  "prometheus-header": { ...prometheus, "prometheus-header": "a: b" },
  "alertmanager-url": { ...prometheus, "alertmanager-url": url },
  "silence-matchers": { ...prometheus, "alertmanager-url": url, "silence-matchers": 'node="{node}"' },
  "alert-filter-regexp": { ...prometheus, "alert-filter-regexp": "a" },
  "alert-filter-match-only": { ...prometheus, "alert-filter-match-only": "true" },
  "alert-firing-only": { ...prometheus, "alert-firing-only": "true" },
  "alert-matchers": { ...prometheus, "alert-matchers": "a=b" },
  "alerts-max-age": { ...prometheus, "alerts-max-age": "1h" },
  "block-on-query": { ...prometheus, "block-on-query": "a" },
  "blocking-pod-selector": "a",
  "blocking-pod-namespace": { "blocking-pod-namespace": "a", "blocking-pod-selector": "a" },
  inhibitors: "ignore",
  "logged-in-users": "wait:1h",
  "dbus-socket": "/d",
  "metrics-host": "127.0.0.1",
  "metrics-port": "1",
  "metrics-tls-cert-file": { ...tls, "metrics-tls-cert-file": "/other" },
  "metrics-tls-key-file": { ...tls, "metrics-tls-key-file": "/other" },
  "metrics-bearer-token-file": "/t",
  "node-conditions": "false",
  "log-format": "json",
  "log-level": "debug",
  "notify-url": "gotify://host.example/token",
  "notify-url-file": "/u",
  "notify-timeout": "1s",
  "notify-blocked-after": "1h",
  "notify-template": "done={node}",
  "message-template-drain": "%s",
  "message-template-reboot": "%s",
  "message-template-uncordon": "%s",
  "cluster-name": "a",
  "slack-hook-url": "gotify://host.example/token",
  "slack-username": "a",
  "slack-channel": "a",
};

const settingsOf = (raw: RawOptions) => parseSettings({ "node-id": "n1", ...raw });

/** The same options with this one as it is by default. */
function without(name: OptionName, row: RawOptions): RawOptions {
  if (name in tls) return tls;
  const { [name]: _, ...rest } = row;
  return rest;
}

/** Names of all properties, also of objects in it. */
function namesIn(value: unknown): string[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([name, inner]) => [name, ...namesIn(inner)]);
}

describe("The help of an option", () => {
  it("is a phrase with a capital letter and without a full stop", () =>
    everyRow(
      Object.entries<Option<unknown>>(options).map(([name, option]) => [`--${name}`, option] as const),
      ({ help, placeholder }) => {
        assert.ok(help.length > 10);
        assert.match(help, /^[A-Z].*[^.]$/);
        assert.match(placeholder, /./);
      },
    ));
});

describe("The settings", () => {
  it("hold what each option says", () =>
    everyRow(
      (Object.keys(options) as OptionName[])
        .filter((name) => !deadOptions.some((dead) => dead === name))
        .map((name) => [`--${name}`, name, others[name]] as const),
      (name, other) => {
        const row = typeof other === "string" ? { [name]: other } : other;
        assert.notDeepEqual(settingsOf(row), settingsOf(without(name, row)), "nothing reads the option");
      },
    ));

  it("hold the certificate and the key of the metrics as a pair", () => {
    const { files } = settingsOf({
      "metrics-tls-cert-file": "/tls",
      "metrics-tls-key-file": "/other",
    }).report;
    assert.deepEqual(files, { pair: { cert: "/tls", key: "/other" }, token: undefined });
  });

  it("hold nothing that the daemon does not read", () => {
    const files = globSync("daemon/**/*.ts", {
      exclude: ["daemon/config/options/**", "daemon/config/settings.ts"],
    });
    const words = new Set(files.flatMap((file) => readFileSync(file, "utf8").match(/\w+/g) ?? []));
    const silencing = { "alertmanager-url": url, "silence-matchers": 'node="{node}"' };
    const { labels, alerts, silences, ...rest } = settingsOf({ ...prometheus, ...silencing });
    const names = namesIn({ ...rest, ...labels, ...alerts, ...silences });
    assert.ok(names.length > 60);
    assert.deepEqual(
      names.filter((name) => !words.has(name)),
      [],
    );
  });
});
