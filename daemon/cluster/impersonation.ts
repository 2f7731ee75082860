/** A person or a service account on whose behalf the requests are made. Empty texts count as not given. */
export interface Impersonation {
  as?: string | undefined;
  uid?: string | undefined;
  groups?: readonly string[] | undefined;
  extra?: Readonly<Record<string, readonly string[]>> | undefined;
}

/** The fields of a user in a kubeconfig (https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/#AuthInfo). */
export function impersonationIn(user: Readonly<Record<string, unknown>>): Impersonation {
  return {
    as: user["as"] as string | undefined,
    uid: user["as-uid"] as string | undefined,
    groups: user["as-groups"] as string[] | undefined,
    extra: user["as-user-extra"] as Record<string, string[]> | undefined,
  };
}

/** A group, UID or extra field to impersonate without a user: the server would refuse every request. */
export class ImpersonationError extends Error {
  override readonly name = "ImpersonationError";
}

/**
 * The headers of a request on behalf of somebody else, each with all its values
 * (https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation). Throws an
 * ImpersonationError.
 */
export function impersonationHeaders({ as, uid, groups = [], extra = {} }: Impersonation) {
  const headers: Record<string, string[]> = {};
  const put = (name: string, values: readonly string[]) => {
    if (values.length > 0) headers[name] = [...values];
  };
  put("impersonate-uid", uid ? [uid] : []);
  put("impersonate-group", groups);
  for (const [key, values] of Object.entries(extra)) {
    put(`impersonate-extra-${encodeURIComponent(key.toLowerCase())}`, values);
  }
  if (as) return { "impersonate-user": [as], ...headers };
  if (Object.keys(headers).length === 0) return headers;
  throw new ImpersonationError("a group or UID to impersonate requires a user to impersonate (--as)");
}
