import { createSecureContext } from "node:tls";
import { invalidValue } from "../text/config-error.ts";
import { parseOptionFile, parseToken, type ReadText } from "../text/option-file.ts";

/** The files that protect /metrics, as paths. */
export interface MetricsFiles {
  /** Absent: without TLS. */
  pair: { cert: string; key: string } | undefined;
  /** Absent: without a token. */
  token: string | undefined;
}

export interface CertificatePair {
  /** PEM, with the certificates between it and the authority. */
  cert: string;
  /** PEM. */
  key: string;
}

/**
 * How /metrics is protected. Each function re-reads its files, and rejects with a ConfigError where they are
 * invalid.
 */
export interface MetricsAccess {
  /** The same object until one of its files has changed. Absent: without TLS. */
  readPair?: () => Promise<CertificatePair>;
  /** Absent: without a token. */
  readToken?: () => Promise<string>;
}

const certOption = "metrics-tls-cert-file";

/** Rejects with a ConfigError where a file is invalid now. */
export async function openMetricsAccess(
  { pair, token }: MetricsFiles,
  readText: ReadText,
): Promise<MetricsAccess> {
  const access: MetricsAccess = {};
  if (pair !== undefined) access.readPair = pairReader(pair, readText);
  if (token !== undefined) {
    access.readToken = () => parseOptionFile("metrics-bearer-token-file", token, parseToken, readText);
  }
  await Promise.all([access.readPair?.(), access.readToken?.()]);
  return access;
}

/** Resolves with the same object until one of the files has changed. */
function pairReader(files: CertificatePair, readText: ReadText): () => Promise<CertificatePair> {
  let last: CertificatePair | undefined;
  return async () => {
    const certificates = pemOf("certificates", "CERTIFICATE-----");
    const cert = await parseOptionFile(certOption, files.cert, certificates, readText);
    const privateKey = pemOf("a private key", "PRIVATE KEY-----");
    const key = await parseOptionFile("metrics-tls-key-file", files.key, privateKey, readText);
    if (last?.cert === cert && last.key === key) return last;
    assertPair({ cert, key }, files.cert);
    last = { cert, key };
    return last;
  };
}

function pemOf(content: string, sign: string) {
  return (text: string) => {
    if (!text.includes(sign)) throw new Error(`must be a file with ${content} as PEM`);
    return text;
  };
}

function assertPair(pair: CertificatePair, certFile: string): void {
  try {
    createSecureContext({ ...pair, ca: [] });
  } catch (cause) {
    const rule =
      "must be the certificate of the key in --metrics-tls-key-file, both as PEM and without a password";
    throw invalidValue(certOption, JSON.stringify(certFile), `${rule}: ${(cause as Error).message}`, cause);
  }
}
