import { X509Certificate } from "node:crypto";
import { type Environment, ProxyError, proxyFor } from "../cluster/proxy.ts";
import { basicAuthorization } from "../http/send.ts";
import { ConfigError } from "../text/config-error.ts";
import { parseOptionFile, parseToken, type ReadText } from "../text/option-file.ts";
import type { HttpAccess } from "./http.ts";

/** Headers and credentials of requests to Prometheus and Alertmanager. The files are paths. */
export interface HttpAccessSettings {
  headers: Readonly<Record<string, string>>;
  bearerTokenFile: string | undefined;
  basicAuthFile: string | undefined;
  caFile: string | undefined;
}

/**
 * Reads the files once, and resolves with a function that re-reads them for each request. Both reject with a
 * ConfigError for a file that is invalid.
 */
export async function openHttpAccess(
  { headers, bearerTokenFile, basicAuthFile, caFile }: HttpAccessSettings,
  readText: ReadText,
): Promise<() => Promise<HttpAccess>> {
  const parse = async <T>(option: string, file: string | undefined, parseText: (text: string) => T) =>
    file === undefined ? undefined : await parseOptionFile(option, file, parseText, readText);
  const read = async (): Promise<HttpAccess> => {
    const [bearer, basic, caPem] = await Promise.all([
      parse("prometheus-bearer-token-file", bearerTokenFile, (text) => `Bearer ${parseToken(text)}`),
      parse("prometheus-basic-auth-file", basicAuthFile, parseBasicAuth),
      parse("prometheus-ca-file", caFile, parseCertificates),
    ]);
    const authorization = bearer ?? basic;
    return { headers: { ...headers, ...(authorization !== undefined && { authorization }) }, caPem };
  };
  await read();
  return read;
}

/** The proxy to each server, from the environment. Throws a ConfigError for a value that is no URL. */
export function proxyTo(
  servers: readonly (string | undefined)[],
  environment: Environment,
): (server: URL) => URL | undefined {
  try {
    for (const server of servers) if (server !== undefined) proxyFor(new URL(server), environment);
  } catch (error) {
    throw error instanceof ProxyError ? new ConfigError(error.message, { cause: error }) : error;
  }
  return (server) => proxyFor(server, environment);
}

function parseBasicAuth(text: string): string {
  const credentials = text.replace(/\r?\n$/, "");
  if (!/^[^:\n]+:[^\n]*$/.test(credentials)) {
    throw new Error("must be a file with one line, for example prometheus:secret");
  }
  return basicAuthorization(credentials);
}

function parseCertificates(text: string): string {
  const pems = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  const isCertificate = (pem: string) => new X509Certificate(pem).subject !== undefined;
  if (pems.length === 0 || !pems.every(isCertificate))
    throw new Error("must be a file with certificates as PEM");
  return pems.join("\n");
}
