/**
 * The API server could not be reached. The message names the server, the cause, and the remedy if there is
 * one.
 */
export class NoAnswer extends Error {
  override readonly name = "NoAnswer";
}

type Failure = Error & { code?: string; host?: string; cert?: { subjectaltname?: string } };

const untrusted =
  "its certificate is signed by an authority that is not trusted here; the kubeconfig's " +
  "certificate-authority(-data) must contain that authority, or the one of a proxy that intercepts TLS";

const noTls = "it does not speak TLS; a server without TLS is http://… in the kubeconfig";

/**
 * Keys are codes of OpenSSL (https://nodejs.org/api/tls.html#x509-certificate-error-codes), of the system and
 * of Node.
 */
const sentences: Record<string, (failure: Failure) => string> = {
  ERR_TLS_CERT_ALTNAME_INVALID: ({ host, cert }) =>
    `x509: its certificate is valid for ${namesIn(cert?.subjectaltname)}, not ${host}; ` +
    "the kubeconfig's server or tls-server-name must be one of these",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: () => `unable to verify the first certificate: ${untrusted}`,
  UNABLE_TO_GET_ISSUER_CERT: () => `unable to get the issuer's certificate: ${untrusted}`,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: () => `unable to get the local issuer's certificate: ${untrusted}`,
  SELF_SIGNED_CERT_IN_CHAIN: () => `self-signed certificate in the chain: ${untrusted}`,
  DEPTH_ZERO_SELF_SIGNED_CERT: () => `self-signed certificate: ${untrusted}`,
  CERT_SIGNATURE_FAILURE: () => `the signature of its certificate is invalid: ${untrusted}`,
  CERT_HAS_EXPIRED: () => "its certificate has expired, or the clock of this machine is ahead",
  CERT_NOT_YET_VALID: () => "its certificate is not valid yet, or the clock of this machine is behind",
  ERR_SSL_WRONG_VERSION_NUMBER: () => noTls,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: () => noTls,
  ECONNREFUSED: () => "connection refused: no server listens there, or a firewall rejects the connection",
  ENOTFOUND: ({ message }) => `unknown host name: ${message}`,
  EAI_AGAIN: ({ message }) => `its name cannot be resolved now: ${message}`,
};

/** @param server The URL that was asked, without credentials. */
export function noAnswer(failure: unknown, server: string): NoAnswer {
  const error = failure instanceof Error ? failure : new Error(String(failure));
  const { code = "" } = error as Failure;
  const sentence = sentences[code]?.(error);
  if (sentence !== undefined) return new NoAnswer(`${server}: ${sentence}`);
  return new NoAnswer(`${server}: ${messagesOf(error)}`, { cause: error.cause });
}

/** Failed attempts at several addresses give an AggregateError without a message. */
function messagesOf(error: Error): string {
  const errors = error instanceof AggregateError ? (error.errors as Error[]) : [];
  return error.message || [...new Set(errors.map(({ message }) => message))].join(", ") || error.name;
}

/** The names in a text such as `DNS:localhost, IP Address:127.0.0.1`. */
function namesIn(alternatives: string | undefined): string {
  return alternatives?.replaceAll(/(^|, )[A-Za-z ]+:/g, "$1") || "no name at all";
}
