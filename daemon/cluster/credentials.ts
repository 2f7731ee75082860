import { readFile } from "node:fs/promises";
import type { RequestOptions } from "node:https";
import type { Cluster, User } from "@kubernetes/client-node";
import type { Clock } from "../time/clock.ts";
import type { ClusterAccess } from "./cluster-access.ts";
import type { ExecCredential } from "./exec-credential.ts";
import type { Environment } from "./proxy.ts";

/** The same interval as in client-go. */
const tokenAgeMaxMs = 60_000;

export interface Credentials {
  headers: Record<string, string>;
  /** PEM. */
  cert?: string;
  key?: string;
}

export interface CredentialSource {
  /** The credentials for the next request. Rejects with the reason if there are none. */
  read(): Promise<Credentials>;
  /** The server has rejected these credentials: the next request gets new ones, if possible. */
  forget(used: Credentials): void;
}

/** kubectl sends none to a server without TLS. */
export const noCredentials: CredentialSource = { read: async () => ({ headers: {} }), forget: () => {} };

interface Token {
  credential: Pick<ExecCredential, "token" | "cert" | "key">;
  /** A moment of `clock.elapsed()`. */
  until: number | undefined;
}

/** The credentials of the current context's user. */
export function createCredentials(
  config: ClusterAccess,
  clock: Clock,
  environment: Environment,
): CredentialSource {
  const cluster = config.getCurrentCluster() as Cluster;
  const user = config.getCurrentUser();
  if (user === null) return noCredentials;
  const obtain = tokenOf(user, cluster, clock, environment);
  let kept: Promise<Token> | undefined;
  const origins = new WeakMap<Credentials, Promise<Token>>();
  const forget = (origin: Promise<Token> | undefined) => {
    // The kept ones may already be newer.
    if (kept === origin) kept = undefined;
  };
  /** Obtains a token once for all requests that need it now. */
  const token = async (): Promise<[Promise<Token>, Token]> => {
    for (;;) {
      kept ??= obtain();
      const origin = kept;
      const known = await origin.catch((error: unknown) => {
        forget(origin);
        throw error;
      });
      if (known.until === undefined || clock.elapsed() < known.until) return [origin, known];
      forget(origin);
    }
  };
  return {
    async read() {
      const [origin, { credential }] = await token();
      const [cert, key] =
        credential.cert !== undefined
          ? [credential.cert, credential.key]
          : await Promise.all([pem(user.certData, user.certFile), pem(user.keyData, user.keyFile)]);
      const credentials = {
        headers: {
          ...(await headersByLibrary(config, user)),
          ...(user.username && {
            authorization: `Basic ${encode(`${user.username}:${user.password ?? ""}`)}`,
          }),
          ...(credential.token && { authorization: `Bearer ${credential.token}` }),
        },
        ...(cert !== undefined && { cert }),
        ...(key !== undefined && { key }),
      };
      origins.set(credentials, origin);
      return credentials;
    },
    forget: (used) => forget(origins.get(used)),
  };
}

/**
 * The name of an auth provider, because the official client does not support `tokenFile` of a user in a
 * kubeconfig.
 */
export const tokenFileProvider = "tokenFile";

function tokenOf(user: User, cluster: Cluster, clock: Clock, environment: Environment): () => Promise<Token> {
  const { exec, authProvider } = user;
  if (exec) {
    return async () => {
      const { runExecPlugin } = await import("./exec-credential.ts");
      const credential = await runExecPlugin({ exec, cluster, environment, clock });
      return { credential, until: credential.until };
    };
  }
  if (authProvider?.name === tokenFileProvider) {
    const file = authProvider.config.tokenFile as string;
    return async () => ({
      credential: bearer((await readFile(file, "utf8")).trim()),
      until: clock.elapsed() + tokenAgeMaxMs,
    });
  }
  return async () => ({ credential: bearer(user.token ?? undefined), until: undefined });
}

function bearer(token: string | undefined): Token["credential"] {
  if (token !== undefined && /[^\x21-\x7e]/.test(token)) {
    throw new Error("the token must be one word, without line breaks or blanks");
  }
  return { token, cert: undefined, key: undefined };
}

/** Headers of the official client, for OpenID Connect and the legacy auth providers. */
async function headersByLibrary(
  config: ClusterAccess,
  { authProvider }: User,
): Promise<Record<string, string>> {
  if (!authProvider || authProvider.name === tokenFileProvider) return {};
  // The library asks the provider by the global fetch, which does not work without WebAssembly.
  if (!("WebAssembly" in globalThis)) globalThis.fetch = (await import("./plain-fetch.ts")).plainFetch;
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  return Object.fromEntries(
    Object.entries(options.headers ?? {}).map(([name, value]) => [name.toLowerCase(), String(value)]),
  );
}

/** Base64 data takes precedence over a file, as in kubectl. */
export async function pem(data: string | null | undefined, file: string | null | undefined) {
  if (data) return Buffer.from(data, "base64").toString();
  return file ? readFile(file, "utf8") : undefined;
}

const encode = (text: string) => Buffer.from(text).toString("base64");
