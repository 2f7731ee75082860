import type { LogOptions } from "../../report/log.ts";
import type { MetricsFiles } from "../../report/metrics-access.ts";
import { missingOption } from "../../text/config-error.ts";
import type { OptionTable, ValuesOf } from "../option.ts";
import { bool, choice, integer, path, text } from "../values.ts";

export const reportOptions = {
  "metrics-host": {
    type: text({
      rule: "must be an address to listen on, for example 127.0.0.1, or empty for all",
      like: /^[0-9A-Za-z.:-]*$/,
    }),
    default: "",
    needsRestart: true,
    placeholder: "ADDRESS",
    help: "Address of /metrics, /healthz and /readyz; empty for all",
  },
  "metrics-port": {
    type: integer({ min: 0, max: 65_535, like: 8080 }),
    default: "8080",
    needsRestart: true,
    placeholder: "PORT",
    help: "Port of /metrics, /healthz and /readyz; 0 takes a free one",
  },
  "metrics-tls-cert-file": {
    type: path,
    needsRestart: true,
    placeholder: "FILE",
    help: "TLS certificate of that port as PEM, with which it speaks TLS only; read for each connection; requires --metrics-tls-key-file",
  },
  "metrics-tls-key-file": {
    type: path,
    needsRestart: true,
    placeholder: "FILE",
    help: "Private key of that certificate as PEM, read for each connection; requires --metrics-tls-cert-file",
  },
  "metrics-bearer-token-file": {
    type: path,
    placeholder: "FILE",
    help: "Bearer token that /metrics requires, read for each request; /healthz and /readyz require none",
  },
  "node-conditions": {
    type: bool,
    default: "true",
    placeholder: "BOOL",
    help: "Write conditions on the Node, such as RebootRequired and Drained; false removes them",
  },
  "log-format": {
    type: choice("text", "json", "logrus", "logrus-json"),
    default: "text",
    placeholder: "FORMAT",
    help: "Format of the log: text or json, or logrus or logrus-json, which are as kured writes them",
  },
  "log-level": {
    type: choice("error", "warn", "info", "debug"),
    default: "info",
    placeholder: "LEVEL",
    help: "Lines of the log that are written: error, warn (and error), info, or debug, which has each decision",
  },
} as const satisfies OptionTable;

export interface ReportSettings {
  logForm: LogOptions["form"];
  logLevel: LogOptions["level"];
  /** Empty: all addresses. */
  host: string;
  /** 0: a free one. */
  port: number;
  files: MetricsFiles;
  nodeConditions: boolean;
}

export function reportSettings(given: ValuesOf<typeof reportOptions>): ReportSettings {
  const cert = given["metrics-tls-cert-file"];
  const key = given["metrics-tls-key-file"];
  if (cert !== undefined && key === undefined) {
    throw missingOption("metrics-tls-cert-file", "metrics-tls-key-file");
  }
  if (cert === undefined && key !== undefined) {
    throw missingOption("metrics-tls-key-file", "metrics-tls-cert-file");
  }
  return {
    logForm: given["log-format"],
    logLevel: given["log-level"],
    host: given["metrics-host"],
    port: given["metrics-port"],
    files: {
      pair: cert === undefined || key === undefined ? undefined : { cert, key },
      token: given["metrics-bearer-token-file"],
    },
    nodeConditions: given["node-conditions"],
  };
}
