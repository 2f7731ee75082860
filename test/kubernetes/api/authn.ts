/**
 * Who a bearer token stands for: fixed users, and service accounts with signed tokens as TokenRequest gives them.
 * https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/
 */
import { createHmac } from "node:crypto";
import { at, type Fields, type KubeObject, text } from "./object.ts";
import type { Store } from "./store.ts";
import { type Random, type Timers, uuid } from "./timing.ts";

export interface User {
  name: string;
  uid?: string;
  groups: string[];
  extra?: Record<string, string[]>;
}

export interface Reference {
  name: string;
  uid: string;
}

export interface TokenSpec {
  namespace: string;
  account: KubeObject;
  audiences: string[];
  expirationSeconds: number;
  /** What ends the token when it goes. */
  pod?: KubeObject | undefined;
  secret?: KubeObject | undefined;
}

interface Claims {
  exp: number;
  jti: string;
  aud: string[];
  "kubernetes.io": {
    namespace: string;
    serviceaccount: Reference;
    pod?: Reference;
    node?: { name: string; uid?: string };
    secret?: Reference;
  };
}

export interface Authenticator {
  /** A token without end for a user who is no object of the cluster. */
  addUser(user: User): string;
  issue(spec: TokenSpec): { token: string; expires: number };
  authenticate(token: string): User | undefined;
}

export const defaultAudience = "https://kubernetes.default.svc";
const verifiedMax = 20_000;

export function createAuthenticator(store: Store, timers: Timers, random: Random): Authenticator {
  const key = uuid(random);
  const users = new Map<string, User>();
  const verified = new Map<string, Claims>();
  const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const sign = (content: string) => createHmac("sha256", key).update(content).digest("base64url");

  function issue({ namespace, account, audiences, expirationSeconds, pod, secret }: TokenSpec) {
    const now = Math.floor(timers.now() / 1000);
    const expires = (now + expirationSeconds) * 1000;
    const nodeName = text(at(pod, "spec", "nodeName"));
    const node = nodeName ? store.get("nodes", nodeName) : undefined;
    const claims: Claims & Record<string, unknown> = {
      aud: audiences,
      exp: now + expirationSeconds,
      iat: now,
      iss: defaultAudience,
      jti: uuid(random),
      "kubernetes.io": {
        namespace,
        serviceaccount: reference(account),
        ...(pod && { pod: reference(pod) }),
        ...(nodeName && { node: { name: nodeName, ...(node && { uid: node.metadata.uid }) } }),
        ...(secret && { secret: reference(secret) }),
      },
      nbf: now,
      sub: `system:serviceaccount:${namespace}:${account.metadata.name}`,
    };
    const content = `${base64({ alg: "HS256", kid: key.slice(0, 8) })}.${base64(claims)}`;
    return { token: `${content}.${sign(content)}`, expires };
  }

  function authenticate(token: string): User | undefined {
    const user = users.get(token);
    if (user) return user;
    const claims = verified.get(token) ?? verify(token);
    if (!claims || claims.exp * 1000 <= timers.now()) return undefined;
    const { namespace, serviceaccount, pod, node, secret } = claims["kubernetes.io"];
    const exists = (resource: string, { name, uid }: Reference) =>
      store.get(resource, `${namespace}/${name}`)?.metadata.uid === uid;
    if (!exists("serviceaccounts", serviceaccount)) return undefined;
    if (pod && !exists("pods", pod)) return undefined;
    if (secret && !exists("secrets", secret)) return undefined;
    return {
      name: `system:serviceaccount:${namespace}:${serviceaccount.name}`,
      uid: serviceaccount.uid,
      groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"],
      extra: extraOf(claims.jti, pod, node),
    };
  }

  function verify(token: string): Claims | undefined {
    const [head, payload, signature] = token.split(".");
    if (!signature || sign(`${head}.${payload}`) !== signature) return undefined;
    const claims = JSON.parse(Buffer.from(payload ?? "", "base64url").toString()) as Claims;
    if (!claims.aud.includes(defaultAudience)) return undefined;
    if (verified.size >= verifiedMax) verified.clear();
    verified.set(token, claims);
    return claims;
  }

  return {
    addUser(user) {
      const token = `${user.name.replace(/[^\w-]/g, "-")}.${uuid(random)}`;
      const groups = [...new Set([...user.groups, "system:authenticated"])];
      users.set(token, { ...user, groups });
      return token;
    },
    issue,
    authenticate,
  };
}

/** A user as reviews and admission policies show it. */
export function userInfo({ name, uid, groups, extra }: User): Fields {
  return { username: name, ...(uid && { uid }), groups, ...(extra && { extra }) };
}

const reference = ({ metadata: { name, uid } }: KubeObject): Reference => ({ name, uid });

function extraOf(
  jti: string,
  pod?: Reference,
  node?: { name: string; uid?: string },
): Record<string, string[]> {
  const prefix = "authentication.kubernetes.io/";
  return {
    [`${prefix}credential-id`]: [`JTI=${jti}`],
    ...(node && { [`${prefix}node-name`]: [node.name] }),
    ...(node?.uid && { [`${prefix}node-uid`]: [node.uid] }),
    ...(pod && { [`${prefix}pod-name`]: [pod.name], [`${prefix}pod-uid`]: [pod.uid] }),
  };
}
