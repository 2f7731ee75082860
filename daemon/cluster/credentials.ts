import { readFile } from "node:fs/promises";
import type { RequestOptions } from "node:https";
import type { Cluster, KubeConfig, User } from "@kubernetes/client-node";
import type { Clock } from "../time/clock.ts";
import { type ExecCredential, runExecPlugin } from "./exec-credential.ts";
import type { Environment } from "./proxy.ts";

/** client-go reads a token's file again as often. */
const tokenAgeMaxMs = 60_000;

export interface Credentials {
  headers: Record<string, string>;
  /** In PEM. */
  cert?: string;
  key?: string;
}

export interface CredentialSource {
  /** What the next request is to carry. Rejects with the reason where there is nothing to be had. */
  read(): Promise<Credentials>;
  /** The server does not take these: they are obtained anew for the next request, where they can be. */
  forget(used: Credentials): void;
}

/** As kubectl has it for a server without TLS. */
export const noCredentials: CredentialSource = { read: async () => ({ headers: {} }), forget: () => {} };

interface Token {
  credential: Pick<ExecCredential, "token" | "cert" | "key">;
  /** A moment of `clock.elapsed()`. */
  until: number | undefined;
}

/** The credentials of the current context's user. */
export function createCredentials(
  config: KubeConfig,
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
    // Others may have been obtained meanwhile.
    if (kept === origin) kept = undefined;
  };
  /** Obtained once for all the requests that need it now. */
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
          ...(user.impersonateUser && { "impersonate-user": user.impersonateUser }),
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

/** In the form of the official client, which knows no `tokenFile` in the users of a kubeconfig. */
export const tokenFileProvider = "tokenFile";

function tokenOf(user: User, cluster: Cluster, clock: Clock, environment: Environment): () => Promise<Token> {
  const { exec, authProvider } = user;
  if (exec) {
    return async () => {
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

/** OpenID Connect and the ways of old that the official client knows. */
async function headersByLibrary(config: KubeConfig, { authProvider }: User): Promise<Record<string, string>> {
  if (!authProvider || authProvider.name === tokenFileProvider) return {};
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  return Object.fromEntries(
    Object.entries(options.headers ?? {}).map(([name, value]) => [name.toLowerCase(), String(value)]),
  );
}

/** In base64 or in a file; the former goes first, as with kubectl. */
export async function pem(data: string | null | undefined, file: string | null | undefined) {
  if (data) return Buffer.from(data, "base64").toString();
  return file ? readFile(file, "utf8") : undefined;
}

const encode = (text: string) => Buffer.from(text).toString("base64");
