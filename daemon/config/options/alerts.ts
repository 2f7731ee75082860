import type { AlertFilter } from "../../gates/alerts.ts";
import type { HttpAccessSettings } from "../../prometheus/access.ts";
import type { Matcher } from "../../silence/matchers.ts";
import { exclusiveOptions, invalidValue, missingOption, printable } from "../../text/config-error.ts";
import type { OptionTable, ValuesOf } from "../option.ts";
import {
  alertMatchers,
  bool,
  duration,
  httpHeader,
  httpUrl,
  path,
  regexp,
  silenceMatchers,
  text,
} from "../values.ts";

export const alertOptions = {
  "prometheus-url": {
    type: httpUrl,
    placeholder: "URL",
    help: "Start no cycle while alerts are active there",
  },
  "prometheus-timeout": {
    type: duration({ minMs: 1000, maxMs: 60_000 }),
    default: "10s",
    placeholder: "DURATION",
    help: "A server that has not answered by then keeps the gate closed",
  },
  "prometheus-bearer-token-file": {
    type: path,
    placeholder: "FILE",
    help: "File with a token for Prometheus and Alertmanager; re-read for each request",
  },
  "prometheus-basic-auth-file": {
    type: path,
    placeholder: "FILE",
    help: "File with user:password for them instead of a token; re-read too",
  },
  "prometheus-ca-file": {
    type: path,
    placeholder: "FILE",
    help: "Certificates to trust instead of the usual authorities, as PEM; re-read too",
  },
  "prometheus-header": {
    type: httpHeader,
    repeat: true,
    secret: true,
    placeholder: "NAME: VALUE",
    help: "A header for each request to them, such as X-Scope-OrgID: infra; may be repeated",
  },
  "alertmanager-url": {
    type: httpUrl,
    placeholder: "URL",
    help: "Alerts that are silenced or inhibited there do not count",
  },
  "silence-matchers": {
    type: silenceMatchers,
    repeat: true,
    placeholder: "MATCHERS",
    help: 'Silence these alerts at --alertmanager-url during a cycle, such as node="{node}"; repeated: one silence each',
  },
  "alert-filter-regexp": { type: regexp, placeholder: "REGEXP", help: "Names of alerts that do not count" },
  "alert-filter-match-only": {
    type: bool,
    default: "false",
    placeholder: "true|false",
    help: "Invert the filter: only these alerts count",
  },
  "alert-firing-only": {
    type: bool,
    default: "false",
    placeholder: "true|false",
    help: "Pending alerts do not count",
  },
  "alert-matchers": {
    type: alertMatchers,
    repeat: true,
    placeholder: "MATCHERS",
    help: 'Only alerts with these labels count, such as severity=critical,team=~"db.*"; repeated: with these or those',
  },
  "alerts-max-age": {
    type: duration({ minMs: 60_000 }),
    placeholder: "DURATION",
    help: "Once the reboot has been needed this long neither alerts nor queries hold it back; by default they always do",
  },
  "block-on-query": {
    type: text({ rule: "must be a PromQL query, for example ceph_health_status > 0", like: /\S/ }),
    repeat: true,
    placeholder: "PROMQL",
    help: "Start no cycle while this query at --prometheus-url has a result; may be repeated",
  },
} as const satisfies OptionTable;

type AlertValues = ValuesOf<typeof alertOptions>;

/** How alerts and queries hold a reboot back. */
export interface AlertSettings {
  prometheusUrl: string;
  /** Undefined: no alert is muted. */
  alertmanagerUrl: string | undefined;
  timeoutMs: number;
  access: HttpAccessSettings;
  /** Each in the syntax of a selector; one of them must select the alert. Empty: all alerts. */
  matchers: readonly string[];
  filter: Omit<AlertFilter, "instance">;
  queries: readonly string[];
  /** Undefined: for ever. */
  maxAgeMs: number | undefined;
}

/** How the alerts of a node in its cycle are silenced. */
export interface SilenceSettings {
  alertmanagerUrl: string;
  timeoutMs: number;
  access: HttpAccessSettings;
  /** One silence each. */
  silences: readonly (readonly Matcher[])[];
}

const needPrometheus = [
  "alert-matchers",
  "alerts-max-age",
  "block-on-query",
] as const satisfies (keyof AlertValues)[];

/** Options of no use where no server is asked. */
const needServer = [
  "alertmanager-url",
  "prometheus-bearer-token-file",
  "prometheus-basic-auth-file",
  "prometheus-ca-file",
  "prometheus-header",
] as const satisfies (keyof AlertValues)[];

/** Undefined without a Prometheus. */
export function alertSettings(given: AlertValues): AlertSettings | undefined {
  const prometheusUrl = given["prometheus-url"];
  if (prometheusUrl === undefined) {
    const isGiven = (name: keyof AlertValues) => [given[name] ?? []].flat().length > 0;
    const useless = needPrometheus.find(isGiven);
    if (useless !== undefined) throw missingOption(useless, "prometheus-url");
    const unasked = isGiven("silence-matchers") ? undefined : needServer.find(isGiven);
    if (unasked !== undefined) throw missingOption(unasked, "prometheus-url or --silence-matchers");
    return undefined;
  }
  refuseTwoUsers(given);
  return {
    prometheusUrl,
    alertmanagerUrl: given["alertmanager-url"],
    timeoutMs: given["prometheus-timeout"],
    access: accessOf(given),
    matchers: given["alert-matchers"],
    filter: {
      names: given["alert-filter-regexp"],
      matchOnly: given["alert-filter-match-only"],
      firingOnly: given["alert-firing-only"],
    },
    queries: given["block-on-query"],
    maxAgeMs: given["alerts-max-age"],
  };
}

/** Undefined where nothing is silenced. */
export function silenceSettings(given: AlertValues): SilenceSettings | undefined {
  const alertmanagerUrl = given["alertmanager-url"];
  const silences = given["silence-matchers"];
  if (silences.length === 0) return undefined;
  if (alertmanagerUrl === undefined) throw missingOption("silence-matchers", "alertmanager-url");
  refuseTwoUsers(given);
  return { alertmanagerUrl, timeoutMs: given["prometheus-timeout"], access: accessOf(given), silences };
}

function accessOf(given: AlertValues): HttpAccessSettings {
  return {
    headers: Object.fromEntries(given["prometheus-header"]),
    bearerTokenFile: given["prometheus-bearer-token-file"],
    basicAuthFile: given["prometheus-basic-auth-file"],
    caFile: given["prometheus-ca-file"],
  };
}

function refuseTwoUsers(given: AlertValues): void {
  const { "prometheus-url": prometheusUrl, "alertmanager-url": alertmanagerUrl } = given;
  const [one, other] = [
    prometheusUrl !== undefined &&
      hasUser("prometheus-url", prometheusUrl) &&
      "user and password in --prometheus-url",
    given["prometheus-bearer-token-file"] !== undefined && "--prometheus-bearer-token-file",
    given["prometheus-basic-auth-file"] !== undefined && "--prometheus-basic-auth-file",
  ].filter((way) => way !== false);
  if (one !== undefined && other !== undefined) throw exclusiveOptions(one, other);
  if (alertmanagerUrl !== undefined) hasUser("alertmanager-url", alertmanagerUrl);
}

function hasUser(name: keyof AlertValues, url: string): boolean {
  const { username, password } = new URL(url);
  try {
    return decodeURIComponent(username + password) !== "";
  } catch {
    const rule =
      "must be a URL in whose user and password each % is written as %25, for example http://me:100%25@host";
    throw invalidValue(name, printable(url), rule);
  }
}
