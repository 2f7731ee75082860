import { BlockList, isIP } from "node:net";

/** Environment variables, such as `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A proxy in the environment or the kubeconfig is not a URL. */
export class ProxyError extends Error {
  override readonly name = "ProxyError";
}

/**
 * The proxy that the environment names for this server, if any, with the rules of kubectl and other Go
 * programs (https://pkg.go.dev/golang.org/x/net/http/httpproxy): HTTPS_PROXY or HTTP_PROXY by the server's
 * scheme, unless NO_PROXY names the server. The local machine is never reached through a proxy. Upper case
 * takes precedence over lower case.
 */
export function proxyFor(server: URL, environment: Environment): URL | undefined {
  const name = server.protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY";
  const value = variable(name, environment);
  if (value === "" || !goesThroughProxy(server, variable("NO_PROXY", environment))) return undefined;
  return parseProxy(name, value);
}

function variable(name: string, environment: Environment): string {
  return environment[name] || environment[name.toLowerCase()] || "";
}

const schemes = ["http:", "https:", "socks5:", "socks5h:"];

/** Throws a ProxyError. `what` names the setting; the value may contain a password, and is not shown. */
export function parseProxy(what: string, value: string): URL {
  // Go reads a value that is not a URL with a host as one without its scheme.
  const isWhole = /^[a-z][a-z0-9+.-]*:\/\/./i.test(value);
  const url = URL.parse(isWhole ? value : `http://${value}`);
  if (url !== null && schemes.includes(url.protocol)) return url;
  throw new ProxyError(
    `${what}: must be the URL of a proxy (http, https, socks5 or socks5h), for example http://proxy.example:3128`,
  );
}

function goesThroughProxy(server: URL, exceptions: string): boolean {
  const host = server.hostname.replace(/^\[(.*)\]$/, "$1");
  const port = server.port || (server.protocol === "https:" ? "443" : "80");
  if (host === "localhost" || isWithin(host, "127.0.0.0", 8) || isWithin(host, "::1", 128)) return false;
  return !exceptions.split(",").some((entry) => isException(entry.trim().toLowerCase(), host, port));
}

/**
 * One entry of NO_PROXY: `*`, an address, a range of them (CIDR), or a domain; all but the range may have a
 * port.
 */
function isException(entry: string, host: string, port: string): boolean {
  if (entry === "*") return true;
  const range = /^(.+)\/(\d+)$/.exec(entry);
  if (range?.[1] !== undefined && isIP(range[1]) !== 0) return isWithin(host, range[1], Number(range[2]));
  const [name, onlyPort] = splitPort(entry);
  if (name === "" || (onlyPort !== "" && onlyPort !== port)) return false;
  const family = isIP(name);
  if (family !== 0) return isWithin(host, name, family === 6 ? 128 : 32);
  // A domain does not match an address.
  if (isIP(host) !== 0) return false;
  const suffix = name.replace(/^\*(?=\.)/, "");
  return suffix.startsWith(".") ? host.endsWith(suffix) : host === suffix || host.endsWith(`.${suffix}`);
}

/** An IPv6 address has a port only when it is in brackets. */
function splitPort(entry: string): [name: string, port: string] {
  const [, bracketed, plain, port = ""] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d*))?$/.exec(entry) ?? [];
  return [bracketed ?? plain ?? entry, port];
}

function isWithin(host: string, network: string, prefix: number): boolean {
  if (isIP(host) === 0) return false;
  const list = new BlockList();
  try {
    list.addSubnet(network, prefix, isIP(network) === 6 ? "ipv6" : "ipv4");
  } catch {
    // An invalid prefix matches nothing.
    return false;
  }
  return list.check(host, isIP(host) === 6 ? "ipv6" : "ipv4");
}

/** The user in the URL of a proxy, and the password; both may be empty. */
export function proxyCredentials({ username, password }: URL): { user: string; password: string } {
  return { user: decodeURIComponent(username), password: decodeURIComponent(password) };
}

/** The header for an HTTP proxy whose URL has a user. */
export function proxyAuthorization(proxy: URL): Record<string, string> {
  const { user, password } = proxyCredentials(proxy);
  return user ? { "proxy-authorization": `Basic ${btoa(`${user}:${password}`)}` } : {};
}
