import { createSecureContext } from "node:tls";
import { parseToken, readOptionFile } from "./option-files.ts";
import { type Config, ConfigError } from "./options.ts";

export interface CertificatePair {
  /** PEM, with the certificates between it and the authority. */
  cert: string;
  /** PEM. */
  key: string;
}

/** How /metrics is protected. Each function reads its files anew, and rejects with a ConfigError where they are invalid. */
export interface MetricsAccess {
  /** The same object until one of its files has changed. Absent: without TLS. */
  readPair?: () => Promise<CertificatePair>;
  /** Absent: without a token. */
  readToken?: () => Promise<string>;
}

const certOption = "metrics-tls-cert-file";
const keyOption = "metrics-tls-key-file";
const tokenOption = "metrics-bearer-token-file";

/** As the options say. Rejects with a ConfigError where a file is invalid now. */
export async function metricsAccessOf(
  config: Pick<Config, typeof certOption | typeof keyOption | typeof tokenOption>,
): Promise<MetricsAccess> {
  const { [certOption]: certFile, [keyOption]: keyFile, [tokenOption]: tokenFile } = config;
  const access: MetricsAccess = {};
  if (certFile !== undefined && keyFile !== undefined) access.readPair = pairReader(certFile, keyFile);
  if (tokenFile !== undefined) access.readToken = () => readOptionFile(tokenOption, tokenFile, parseToken);
  await Promise.all([access.readPair?.(), access.readToken?.()]);
  return access;
}

/** Resolves with the same object until one of the files has changed. */
function pairReader(certFile: string, keyFile: string): () => Promise<CertificatePair> {
  let last: CertificatePair | undefined;
  return async () => {
    const cert = await readOptionFile(certOption, certFile, pemOf("certificates", "CERTIFICATE-----"));
    const key = await readOptionFile(keyOption, keyFile, pemOf("a private key", "PRIVATE KEY-----"));
    if (last?.cert === cert && last.key === key) return last;
    assertPair({ cert, key }, certFile);
    last = { cert, key };
    return last;
  };
}

function pemOf(what: string, sign: string) {
  return (text: string) => {
    if (!text.includes(sign)) throw new Error(`allowed is a file with ${what} as PEM`);
    return text;
  };
}

function assertPair(pair: CertificatePair, certFile: string): void {
  try {
    createSecureContext({ ...pair, ca: [] });
  } catch (cause) {
    throw new ConfigError(
      `--${certOption}=${JSON.stringify(certFile)}: allowed is the certificate of the key in --${keyOption}, both as PEM and without a password: ${(cause as Error).message}`,
      { cause },
    );
  }
}
