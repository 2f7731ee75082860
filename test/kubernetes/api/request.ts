/** What a path asks for, after apiserver's RequestInfo. */

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export interface Call {
  method: Method;
  path: string;
  query: URLSearchParams;
  headers: Record<string, string>;
  body: string;
  signal: AbortSignal;
}

/** The attributes by which access is granted, and which the ledger notes. */
export interface Attributes {
  verb: string;
  isResource: boolean;
  path: string;
  group: string;
  version: string;
  resource: string;
  subresource: string;
  namespace: string;
  name: string;
  /** The path goes on after a subresource. */
  isTooLong?: boolean;
}

const verbs: Record<Method, string> = {
  GET: "get",
  POST: "create",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};

export function attributesOf({ method, path, query }: Pick<Call, "method" | "path" | "query">): Attributes {
  const found: Attributes = {
    verb: method.toLowerCase(),
    isResource: false,
    path,
    group: "",
    version: "",
    resource: "",
    subresource: "",
    namespace: "",
    name: "",
  };
  const parts: string[] = path.split("/").filter(Boolean).map(decode);
  const [root] = parts;
  if (root === "apis") {
    if (parts.length < 4) return found;
    found.group = parts[1] ?? "";
    parts.splice(0, 2);
  } else if (root === "api") {
    if (parts.length < 3) return found;
    parts.splice(0, 1);
  } else {
    return found;
  }
  found.isResource = true;
  found.version = parts.shift() ?? "";
  found.verb = verbs[method];
  if (parts[0] === "namespaces" && parts[1] !== undefined) {
    found.namespace = parts[1];
    // The subresources of a Namespace itself look like resources in it.
    if (parts.length > 2 && parts[2] !== "status" && parts[2] !== "finalize") parts.splice(0, 2);
  }
  [found.resource = "", found.name = "", found.subresource = ""] = parts;
  if (parts.length > 3) found.isTooLong = true;
  if (!found.name || (found.verb === "get" && isWatch(query))) {
    if (found.verb === "get") found.verb = isWatch(query) ? "watch" : "list";
    if (found.verb === "delete") found.verb = "deletecollection";
  }
  if (found.verb === "list" || found.verb === "watch" || found.verb === "deletecollection") {
    // A selector of one name counts as that name, so that resourceNames can grant it.
    found.name ||= /^metadata\.name==?([^,=!]+)$/.exec(query.get("fieldSelector") ?? "")?.[1] ?? "";
  }
  return found;
}

export function isWatch(query: URLSearchParams): boolean {
  const value = query.get("watch");
  return value !== null && value !== "false" && value !== "0";
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
