/** Mistakes as people make them, each with what the daemon says. The file is /etc/rebootd/config.yaml. */

import type { Mistake } from "./mistake.ts";
import { yamlMistakes } from "./yaml-mistakes.ts";

export const mistakes: Readonly<Record<string, Mistake>> = {
  "a duration without a unit": {
    file: ["period: 60"],
    says: '/etc/rebootd/config.yaml:1:9: invalid value "60" for period: must be a duration from 1s to 576h, for example 90s, 15m or 1h30m',
  },
  "a duration in words": {
    file: ["# hourly", "", "period:  one hour"],
    says: '/etc/rebootd/config.yaml:3:10: invalid value "one hour" for period: must be a duration from 1s to 576h, for example 90s, 15m or 1h30m',
  },
  "a duration in days": {
    file: ["drainTimeout: 1d"],
    says: '/etc/rebootd/config.yaml:1:15: invalid value "1d" for drainTimeout: must be a duration from 1s to 576h, for example 90s, 15m or 1h30m',
  },
  "a duration that is too short": {
    file: ["period: 10ms"],
    says: '/etc/rebootd/config.yaml:1:9: invalid value "10ms" for period: must be a duration from 1s to 576h, for example 90s, 15m or 1h30m',
  },
  "a duration that is too long": {
    file: ["drainTimeout: 1000h"],
    says: '/etc/rebootd/config.yaml:1:15: invalid value "1000h" for drainTimeout: must be a duration from 1s to 576h, for example 90s, 15m or 1h30m',
  },
  "a duration below zero": {
    file: ["rebootDelay: -5m"],
    says: '/etc/rebootd/config.yaml:1:14: invalid value "-5m" for rebootDelay: must be a duration of at most 576h, for example 90s, 15m or 1h30m',
  },
  "a number where a duration has a unit": {
    file: ["lockTtl: 30"],
    says: '/etc/rebootd/config.yaml:1:10: invalid value "30" for lockTtl: must be a duration of at most 576h, for example 90s, 15m or 1h30m',
  },
  "true in quotes": {
    file: ['forceReboot: "true"'],
    says: '/etc/rebootd/config.yaml:1:14: invalid value "true" for forceReboot: must be true or false, without quotes',
  },
  "yes in place of true": {
    file: ["forceReboot: yes"],
    says: '/etc/rebootd/config.yaml:1:14: invalid value "yes" for forceReboot: must be true or false',
  },
  "1 in place of true": {
    file: ["enterHost: 1"],
    says: "/etc/rebootd/config.yaml:1:12: invalid value 1 for enterHost: must be true or false",
  },
  "a number in quotes": {
    file: ["metricsPort: '8080'"],
    says: '/etc/rebootd/config.yaml:1:14: invalid value "8080" for metricsPort: must be a whole number from 0 to 65535, for example 8080, without quotes',
  },
  "a number that is too large": {
    file: ["metricsPort: 80800"],
    says: '/etc/rebootd/config.yaml:1:14: invalid value "80800" for metricsPort: must be a whole number from 0 to 65535, for example 8080',
  },
  "a number that is too small": {
    file: ["rebootAttempts: 0"],
    says: '/etc/rebootd/config.yaml:1:17: invalid value "0" for rebootAttempts: must be a whole number from 1 to 10, for example 2',
  },
  "a number with a fraction": {
    file: ["concurrency: 1.5"],
    says: '/etc/rebootd/config.yaml:1:14: invalid value "1.5" for concurrency: must be a whole number of nodes from 1 to 10000, or a percentage of them from 1% to 100%, for example 2 or 10%',
  },
  "a number that no computer has": {
    file: ["drainParallelism: .inf"],
    says: '/etc/rebootd/config.yaml:1:19: invalid value "Infinity" for drainParallelism: must be a whole number from 1 to 1000, for example 2',
  },
  "a percentage that is too large": {
    file: ["concurrency: 110%"],
    says: '/etc/rebootd/config.yaml:1:14: invalid value "110%" for concurrency: must be a whole number of nodes from 1 to 10000, or a percentage of them from 1% to 100%, for example 2 or 10%',
  },
  "a percentage of nothing": {
    file: ["maxUnavailable: 0%"],
    says: '/etc/rebootd/config.yaml:1:17: invalid value "0%" for maxUnavailable: must be a whole number of nodes from 1 to 10000, or a percentage of them from 1% to 100%, for example 2 or 10%',
  },
  "a name that is a number": {
    file: ["clusterName: 2026"],
    says: "/etc/rebootd/config.yaml:1:14: invalid value 2026 for clusterName: must be a text of at most 100 characters on one line, for example prod-eu, in quotes",
  },
  "a name that is a word of YAML": {
    file: ["namespace: true"],
    says: "/etc/rebootd/config.yaml:1:12: invalid value true for namespace: must be the name of an object: lower case letters, digits, '-' and '.', at most 253, for example worker-1, in quotes",
  },
  "a word that is none of the choices": {
    file: ["rebootMethod: kexec"],
    says: '/etc/rebootd/config.yaml:1:15: invalid value "kexec" for rebootMethod: must be auto, logind, signal or command',
  },
  "a choice in another case": {
    file: ["logFormat: JSON"],
    says: '/etc/rebootd/config.yaml:1:12: invalid value "JSON" for logFormat: must be text, json, logrus or logrus-json',
  },
  "true for a choice": {
    file: ["inhibitors: true"],
    says: '/etc/rebootd/config.yaml:1:13: invalid value "true" for inhibitors: must be auto, wait or ignore',
  },
  "a day that does not exist": {
    file: ["rebootDays: [mo, tu, funday]"],
    says: '/etc/rebootd/config.yaml:1:22: invalid value "funday" for rebootDays: must be a list of days of the week, where 0 is Sunday, for example mon,tue or sa,su or 0,6',
  },
  "days as a range": {
    file: ["rebootDays: mon-fri"],
    says: '/etc/rebootd/config.yaml:1:13: invalid value "mon-fri" for rebootDays: must be a list of days of the week, where 0 is Sunday, for example mon,tue or sa,su or 0,6',
  },
  "a day by a number that is too large": {
    file: ["rebootDays:", "  - 6", "  - 7"],
    says: '/etc/rebootd/config.yaml:3:5: invalid value "7" for rebootDays: must be a list of days of the week, where 0 is Sunday, for example mon,tue or sa,su or 0,6',
  },
  "a time after midnight": {
    file: ["startTime: 24:00"],
    says: '/etc/rebootd/config.yaml:1:12: invalid value "24:00" for startTime: must be a time of day, for example 22:00, 23:59:59, 17, 5pm or 5:30pm',
  },
  "a time in words": {
    file: ["endTime: noon"],
    says: '/etc/rebootd/config.yaml:1:10: invalid value "noon" for endTime: must be a time of day, for example 22:00, 23:59:59, 17, 5pm or 5:30pm',
  },
  "an hour that does not exist": {
    file: ["startTime: 25"],
    says: '/etc/rebootd/config.yaml:1:12: invalid value "25" for startTime: must be a time of day, for example 22:00, 23:59:59, 17, 5pm or 5:30pm',
  },
  "a zone that does not exist": {
    file: ["timeZone: Mars/Base"],
    says: '/etc/rebootd/config.yaml:1:11: invalid value "Mars/Base" for timeZone: must be a name of the IANA time zone database, UTC or Local, for example Europe/Warsaw',
  },
  "a zone as an offset": {
    file: ["timeZone: +02:00"],
    says: '/etc/rebootd/config.yaml:1:11: invalid value "+02:00" for timeZone: must be a name of the IANA time zone database, UTC or Local, for example Europe/Warsaw',
  },
  "a window without a duration": {
    file: ["window:", '  - "0 2 * * sat"'],
    says: '/etc/rebootd/config.yaml:2:5: invalid value "0 2 * * sat" for window: must be "CRON for DURATION" or "CRON for DURATION in ZONE", with 5 fields of cron or a word such as @daily, and from 1m to 168h, for example "0 2 * * sat#1 for 4h in Europe/Warsaw"',
  },
  "a window that is no cron expression": {
    file: ["window:", "  - 0 2 * * sat for 4h", "  - every night for 4h"],
    says: '/etc/rebootd/config.yaml:3:5: invalid value "every night for 4h" for window: must be "CRON for DURATION" or "CRON for DURATION in ZONE", with 5 fields of cron or a word such as @daily, and from 1m to 168h, for example "0 2 * * sat#1 for 4h in Europe/Warsaw"',
  },
  "a window of asterisks without quotes": {
    file: ["window: * 2 * * * for 4h"],
    says: "/etc/rebootd/config.yaml:1:9: aliases are not supported: write the value itself; a text that begins with * must be in quotes",
  },
  "a window with a word of cron without quotes": {
    file: ["window: @daily for 4h"],
    says: "/etc/rebootd/config.yaml:1:9: a text that begins with @, ` or % must be in quotes",
  },
  "a window that begins with */ without quotes": {
    file: ["period: 5m", "window: */5 2 * * * for 4h"],
    says: "/etc/rebootd/config.yaml:2:13: a text with characters of YAML's syntax in it must be in quotes",
  },
  "a blackout in another form": {
    file: ["blackout: 24.12.2026"],
    says: '/etc/rebootd/config.yaml:1:11: invalid value "24.12.2026" for blackout: must be a day, or a first and a last day, for example 2026-12-24 or 2026-12-20..2027-01-03',
  },
  "a blackout on a day that does not exist": {
    file: ["blackout: [2026-12-24, 2027-02-29]"],
    says: '/etc/rebootd/config.yaml:1:24: invalid value "2027-02-29" for blackout: must be a day, or a first and a last day, for example 2026-12-24 or 2026-12-20..2027-01-03',
  },
  "a blackout that ends before it begins": {
    file: ["blackout: 2027-01-03..2026-12-20"],
    says: '/etc/rebootd/config.yaml:1:11: invalid value "2027-01-03..2026-12-20" for blackout: must be a day, or a first and a last day, for example 2026-12-24 or 2026-12-20..2027-01-03',
  },
  "a label selector that is none": {
    file: ["drainPodSelector: app in db"],
    says: "/etc/rebootd/config.yaml:1:19: invalid value \"app in db\" for drainPodSelector: must be a label selector, for example app=db,tier!=cache or 'app in (db, queue)'",
  },
  "labels without values": {
    file: ["preRebootNodeLabels: [rebooting]"],
    says: '/etc/rebootd/config.yaml:1:23: invalid value "rebooting" for preRebootNodeLabels: must be a list of labels, each with a value, which may be empty, for example example.com/state=rebooting,maintenance=true',
  },
  "labels as a map": {
    file: ["preRebootNodeLabels:", "  example.com/state: rebooting"],
    says: "/etc/rebootd/config.yaml:2:3: invalid value for preRebootNodeLabels: must be a list of labels, each with a value, which may be empty, for example example.com/state=rebooting,maintenance=true, but it is a map",
  },
  "a regular expression that does not end": {
    file: ['alertFilterRegexp: "(Watchdog"'],
    says: '/etc/rebootd/config.yaml:1:20: invalid value "(Watchdog" for alertFilterRegexp: must be a regular expression of RE2, for example ^(Watchdog|InfoInhibitor)$, but missing closing ): `(Watchdog`',
  },
  "an address without http": {
    file: ["prometheusUrl: prometheus:9090"],
    says: '/etc/rebootd/config.yaml:1:16: invalid value "prometheus:9090" for prometheusUrl: must be an http or https URL, for example http://prometheus.monitoring:9090',
  },
  "a path that is not absolute": {
    file: ["rebootSentinel: var/run/reboot-required"],
    says: '/etc/rebootd/config.yaml:1:17: invalid value "var/run/reboot-required" for rebootSentinel: must be an absolute path, for example /run/rebootd/file',
  },
  "a command whose quote is not closed": {
    file: ["rebootCommand: /bin/sh -c 'reboot"],
    says: "/etc/rebootd/config.yaml:1:16: invalid value \"/bin/sh -c 'reboot\" for rebootCommand: must be a command with its arguments, quoted as for sh, for example '/bin/systemctl reboot', but the quote ' at character 12 is not closed",
  },
  "steps in another order": {
    file: ["drainEscalation: reboot,evict"],
    says: '/etc/rebootd/config.yaml:1:18: invalid value "reboot,evict" for drainEscalation: must be a list of the steps evict, delete and reboot in this order, the first two with a duration of at least 1s, which one of them may omit, for example evict:10m,delete:2m,reboot',
  },
  "an object of another kind": {
    file: ["lockObject: configmap/rebootd"],
    says: '/etc/rebootd/config.yaml:1:13: invalid value "configmap/rebootd" for lockObject: must be lease/NAME or daemonset/NAME, for example lease/rebootd',
  },
  "a list where one value is expected": {
    file: ["drainTimeout: [5m]"],
    says: "/etc/rebootd/config.yaml:1:15: invalid value for drainTimeout: must be a duration from 1s to 576h, for example 90s, 15m or 1h30m, but it is a list",
  },
  "a map where one value is expected": {
    file: ["drainTimeout:", "  minutes: 5"],
    says: "/etc/rebootd/config.yaml:2:3: invalid value for drainTimeout: must be a duration from 1s to 576h, for example 90s, 15m or 1h30m, but it is a map",
  },
  "a list in a list": {
    file: ["window:", "  - - 0 2 * * sat for 4h"],
    says: '/etc/rebootd/config.yaml:2:5: invalid value for window: must be "CRON for DURATION" or "CRON for DURATION in ZONE", with 5 fields of cron or a word such as @daily, and from 1m to 168h, for example "0 2 * * sat#1 for 4h in Europe/Warsaw", but it is a list',
  },
  "no value": {
    file: ["rebootDays:", "period: 5m"],
    says: "/etc/rebootd/config.yaml:1:12: rebootDays has no value: must be a list of days of the week, where 0 is Sunday, for example mon,tue or sa,su or 0,6; leave the key out for the default",
  },
  "a null in a list": {
    file: ["rebootDays: [mo, null]"],
    says: "/etc/rebootd/config.yaml:1:18: rebootDays has no value: must be a list of days of the week, where 0 is Sunday, for example mon,tue or sa,su or 0,6; leave the key out for the default",
  },
  ...yamlMistakes,
  "a header that is a secret": {
    file: ["prometheusUrl: http://p", "prometheusHeader: hunter2"],
    says: '/etc/rebootd/config.yaml:2:19: invalid value for prometheusHeader: must be a header, for example "X-Scope-OrgID: infra", but not Accept, Host, Connection or Content-*; credentials belong in a file',
  },
  "a destination that is a secret": {
    file: ["notifyUrl: hunter2://token@host"],
    says: "/etc/rebootd/config.yaml:1:12: invalid value for notifyUrl: must begin with discord://, generic://, generic+https://, generic+http://, googlechat://, hangouts://, gotify://, matrix://, mattermost://, ntfy://, opsgenie://, pagerduty://, pushover://, rocketchat://, slack://, smtp://, teams://, teams+https://, telegram:// or zulip://, but begins with hunter2://",
  },
  "an address with a password": {
    file: ["prometheusUrl: htp://me:hunter2@p"],
    says: '/etc/rebootd/config.yaml:1:16: invalid value "htp://…@p" for prometheusUrl: must be an http or https URL, for example http://prometheus.monitoring:9090',
  },
  "an option without the other": {
    file: ["maxPerPool: 2"],
    says: "/etc/rebootd/config.yaml:1:13: maxPerPool requires poolLabel",
  },
  "options that exclude each other": {
    file: ["dsName: kured", "lockObject: lease/rebootd"],
    says: "/etc/rebootd/config.yaml:1:9: dsName and lockObject are mutually exclusive",
  },
  "an option that excludes one of the command line": {
    file: ["lockObject: lease/rebootd"],
    args: ["--ds-name=kured"],
    says: "/etc/rebootd/config.yaml:1:13: --ds-name and lockObject are mutually exclusive",
  },
  "an option of the command line without the other": {
    file: ["period: 5m"],
    args: ["--max-per-pool=2"],
    says: "--max-per-pool requires --pool-label",
  },
  "a margin that is longer than the window": {
    file: ["window: 0 2 * * * for 4h", "windowMargin: 4h"],
    says: '/etc/rebootd/config.yaml:2:15: invalid value "14400s" for windowMargin: must be shorter than the longest window, which lasts 14400s, for example 7200s',
  },
  "steps that leave no time": {
    file: ["drainTimeout: 15m", "drainEscalation: evict:15m,delete"],
    says: '/etc/rebootd/config.yaml:2:18: invalid value "evict:15m,delete" for drainEscalation: must leave at least 1s of drainTimeout for delete, for example evict:10m,delete with drainTimeout=15m',
  },
  "a mistake that the command line overrides": {
    file: ["period: x"],
    args: ["--period=5m"],
    says: '/etc/rebootd/config.yaml:1:9: invalid value "x" for period: must be a duration from 1s to 576h, for example 90s, 15m or 1h30m',
  },
  "two mistakes": {
    file: ["period: x", "rebootDelay: y"],
    says: '/etc/rebootd/config.yaml:1:9: invalid value "x" for period: must be a duration from 1s to 576h, for example 90s, 15m or 1h30m (and 1 more: rebootd config --check /etc/rebootd/config.yaml)',
  },
  "a duration in the environment": {
    environment: { REBOOTD_PERIOD: "60" },
    says: 'invalid value "60" for REBOOTD_PERIOD: must be a duration from 1s to 576h, for example 90s, 15m or 1h30m',
  },
  "a day in the environment": {
    environment: { REBOOTD_REBOOT_DAYS: "funday" },
    says: 'invalid value "funday" for REBOOTD_REBOOT_DAYS: must be a list of days of the week, where 0 is Sunday, for example mon,tue or sa,su or 0,6',
  },
  "true in the environment": {
    environment: { REBOOTD_FORCE_REBOOT: "on" },
    says: 'invalid value "on" for REBOOTD_FORCE_REBOOT: must be true or false',
  },
  "a choice in the environment": {
    environment: { REBOOTD_LOG_LEVEL: "verbose" },
    says: 'invalid value "verbose" for REBOOTD_LOG_LEVEL: must be error, warn, info or debug',
  },
  "an option of the environment without the other": {
    environment: { REBOOTD_MAX_PER_POOL: "2" },
    says: "REBOOTD_MAX_PER_POOL requires REBOOTD_POOL_LABEL",
  },
  "an option of the environment that excludes one of the file": {
    file: ["dsName: kured"],
    environment: { REBOOTD_LOCK_OBJECT: "lease/rebootd" },
    says: "/etc/rebootd/config.yaml:1:9: dsName and REBOOTD_LOCK_OBJECT are mutually exclusive",
  },
  "a secret in the environment": {
    environment: { REBOOTD_PROMETHEUS_HEADER: "hunter2" },
    says: 'invalid value for REBOOTD_PROMETHEUS_HEADER: must be a header, for example "X-Scope-OrgID: infra", but not Accept, Host, Connection or Content-*; credentials belong in a file',
  },
  "a mistake on the command line beside a file": {
    file: ["period: 5m"],
    args: ["--concurrency=0"],
    says: 'invalid value "0" for --concurrency: must be a whole number of nodes from 1 to 10000, or a percentage of them from 1% to 100%, for example 2 or 10%',
  },
};
