import { X509Certificate } from "node:crypto";
import { type Environment, ProxyError, proxyFor } from "../cluster/proxy.ts";
import { basicAuthorization, type HttpAccess } from "../prometheus/http.ts";
import { parseToken, readOptionFile } from "./option-files.ts";
import { type Config, ConfigError, type OptionName, printable } from "./options.ts";

/** The options that say how Prometheus and Alertmanager are spoken to. */
const accessOptions = [
  "prometheus-url",
  "alertmanager-url",
  "prometheus-bearer-token-file",
  "prometheus-basic-auth-file",
  "prometheus-ca-file",
  "prometheus-header",
] as const satisfies OptionName[];

const needPrometheus = [
  ...accessOptions,
  "alert-matchers",
  "alerts-max-age",
  "block-on-query",
] as const satisfies OptionName[];

/** What is of no use without --prometheus-url, and two that say different things, are a ConfigError. */
export function checkAlertOptions(config: Pick<Config, (typeof needPrometheus)[number]>): void {
  const given = needPrometheus.find((name) => [config[name] ?? []].flat().length > 0);
  if (config["prometheus-url"] === undefined && given !== undefined) {
    throw new ConfigError(
      `--${given}: allowed is this together with --prometheus-url=URL, such as --prometheus-url=http://prometheus.monitoring:9090`,
    );
  }
  const ways = [
    hasUser("prometheus-url", config["prometheus-url"]) && "user and password in --prometheus-url",
    config["prometheus-bearer-token-file"] !== undefined && "--prometheus-bearer-token-file",
    config["prometheus-basic-auth-file"] !== undefined && "--prometheus-basic-auth-file",
  ].filter((way) => way !== false);
  if (ways.length > 1) throw new ConfigError(`${ways.join(" and ")}: allowed is one of them`);
  hasUser("alertmanager-url", config["alertmanager-url"]);
}

function hasUser(name: OptionName, url: string | undefined): boolean {
  if (url === undefined) return false;
  const { username, password } = new URL(url);
  try {
    return decodeURIComponent(username + password) !== "";
  } catch {
    throw new ConfigError(
      `--${name}=${printable(url)}: allowed is a URL whose user and password have each % written as %25`,
    );
  }
}

/** How each request is made: the files are read anew each time, and once here; one that is of no use is a ConfigError. */
export async function httpAccessOf(
  config: Pick<Config, (typeof accessOptions)[number]>,
): Promise<() => Promise<HttpAccess>> {
  const headers = Object.fromEntries(config["prometheus-header"]);
  const sources = (Object.keys(parsers) as SecretFile[]).flatMap((name) => {
    const file = config[name];
    return file === undefined ? [] : [{ name, file, parse: parsers[name] }];
  });
  const read = async (): Promise<HttpAccess> => {
    const parts = await Promise.all(
      sources.map(({ name, file, parse }) => readOptionFile(name, file, parse)),
    );
    const caPem = parts.find((part) => part.caPem !== undefined)?.caPem;
    return { headers: Object.assign({}, headers, ...parts.map((part) => part.headers)), caPem };
  };
  await read();
  return read;
}

/** The proxy to each server, as the environment says; one that is no URL is a ConfigError. */
export function httpProxyOf(
  config: Pick<Config, "prometheus-url" | "alertmanager-url">,
  environment: Environment,
): (server: URL) => URL | undefined {
  const urls = [config["prometheus-url"], config["alertmanager-url"]].filter((url) => url !== undefined);
  try {
    for (const url of urls) proxyFor(new URL(url), environment);
  } catch (error) {
    throw error instanceof ProxyError ? new ConfigError(error.message, { cause: error }) : error;
  }
  return (server) => proxyFor(server, environment);
}

type SecretFile = "prometheus-bearer-token-file" | "prometheus-basic-auth-file" | "prometheus-ca-file";

type Parse = (text: string) => Partial<HttpAccess>;

const parsers: Record<SecretFile, Parse> = {
  "prometheus-bearer-token-file": (text) => ({
    headers: { authorization: `Bearer ${parseToken(text)}` },
  }),
  "prometheus-basic-auth-file": (text) => {
    const credentials = text.replace(/\r?\n$/, "");
    if (!/^[^:\n]+:[^\n]*$/.test(credentials)) {
      throw new Error("allowed is a file with one line such as prometheus:secret");
    }
    return { headers: { authorization: basicAuthorization(credentials) } };
  },
  "prometheus-ca-file": (text) => {
    const pems = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
    const isCertificate = (pem: string) => new X509Certificate(pem).subject !== undefined;
    if (pems.length === 0 || !pems.every(isCertificate)) throw new Error("allowed are certificates as PEM");
    return { caPem: pems.join("\n") };
  },
};
