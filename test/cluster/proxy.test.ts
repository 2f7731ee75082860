import assert from "node:assert/strict";
import { type Environment, ProxyError, parseProxy, proxyFor } from "../../daemon/cluster/proxy.ts";
import { everyRow } from "../rows.ts";

const through = (server: string, environment: Environment) =>
  proxyFor(new URL(server), environment)?.href.replace(/\/$/, "");

describe("The proxy of the environment", () => {
  const proxy = "http://proxy.test:3128";
  const rows: [what: string, server: string, environment: Environment, expected: string | undefined][] = [
    ["none is set", "https://api.test", {}, undefined],
    ["HTTPS_PROXY for https", "https://api.test", { HTTPS_PROXY: proxy, HTTP_PROXY: "http://o" }, proxy],
    ["HTTP_PROXY for http", "http://api.test", { HTTPS_PROXY: "http://o", HTTP_PROXY: proxy }, proxy],
    ["not HTTP_PROXY for https", "https://api.test", { HTTP_PROXY: proxy }, undefined],
    ["lower case", "https://api.test", { https_proxy: proxy }, proxy],
    [
      "upper case before lower case",
      "https://api.test",
      { HTTPS_PROXY: proxy, https_proxy: "http://o" },
      proxy,
    ],
    ["an empty one", "https://api.test", { HTTPS_PROXY: "", https_proxy: proxy }, proxy],
    ["http without a scheme", "https://api.test", { HTTPS_PROXY: "proxy.test:3128" }, proxy],
    ["SOCKS", "https://api.test", { HTTPS_PROXY: "socks5://p:1080" }, "socks5://p:1080"],
    ["localhost", "https://localhost:6443", { HTTPS_PROXY: proxy }, undefined],
    ["127.0.0.0/8", "https://127.1.2.3:6443", { HTTPS_PROXY: proxy }, undefined],
    ["::1", "https://[::1]:6443", { HTTPS_PROXY: proxy }, undefined],
  ];
  it("is the variable of the server's scheme, but none for the local machine", () =>
    everyRow(rows, (server, environment, expected) => assert.equal(through(server, environment), expected)));

  const exceptions: [entry: string, server: string, isExcepted: boolean][] = [
    ["*", "https://api.test", true],
    ["a, *", "https://api.test", true],
    ["api.test", "https://api.test", true],
    ["API.test", "https://api.TEST", true],
    ["test", "https://api.test", true],
    ["pi.test", "https://api.test", false],
    [".test", "https://api.test", true],
    [".api.test", "https://api.test", false],
    ["*.test", "https://api.test", true],
    ["*.api.test", "https://api.test", false],
    ["api.test:443", "https://api.test", true],
    ["api.test:6443", "https://api.test", false],
    ["api.test:80", "http://api.test", true],
    [" x , api.test ", "https://api.test", true],
    ["x api.test", "https://api.test", false],
    ["10.0.0.1", "https://10.0.0.1:6443", true],
    ["10.0.0.1:6443", "https://10.0.0.1:6443", true],
    ["10.0.0.1:443", "https://10.0.0.1:6443", false],
    ["10.0.0.0/24", "https://10.0.0.7", true],
    ["10.0.0.0/24", "https://10.0.1.7", false],
    ["10.0.0.0/99", "https://10.0.0.7", false],
    ["10.", "https://10.0.0.7", false],
    ["0.0.7", "https://10.0.0.7", false],
    ["fd00::/8", "https://[fd00::1]:6443", true],
    ["fd00::1", "https://[fd00::1]:6443", true],
    ["[fd00::1]:6443", "https://[fd00::1]:6443", true],
    ["[fd00::1]:443", "https://[fd00::1]:6443", false],
    ["10.96.0.0/12,.svc,.cluster.local", "https://10.96.0.1", true],
    [":443", "https://api.test", false],
    ["", "https://api.test", false],
    [",,", "https://api.test", false],
  ];
  it("is not used for a server that NO_PROXY names", () =>
    everyRow(
      exceptions.map((row) => [`NO_PROXY=${row[0]}, ${row[1]}`, ...row] as const),
      (entry, server, isExcepted) => {
        for (const name of ["NO_PROXY", "no_proxy"]) {
          const environment = { HTTPS_PROXY: proxy, HTTP_PROXY: proxy, [name]: entry };
          assert.equal(through(server, environment), isExcepted ? undefined : proxy);
        }
      },
    ));

  it("is rejected if it is not a URL, without its password in the message", () => {
    for (const value of ["ftp://u:geheim@proxy.test", "http://u:geheim@", "http://u:geheim@proxy.test:x"]) {
      assert.throws(
        () => parseProxy("HTTPS_PROXY", value),
        (error) =>
          error instanceof ProxyError &&
          /^HTTPS_PROXY: must be/.test(error.message) &&
          !error.message.includes("geheim"),
      );
    }
  });
});
