import assert from "node:assert/strict";
import { type Environment, ProxyError, parseProxy, proxyFor } from "../../daemon/cluster/proxy.ts";

const through = (server: string, environment: Environment) =>
  proxyFor(new URL(server), environment)?.href.replace(/\/$/, "");

describe("The proxy of the environment", () => {
  const proxy = "http://proxy.test:3128";
  const rows: [what: string, server: string, environment: Environment, expected: string | undefined][] = [
    ["is none where nothing is set", "https://api.test", {}, undefined],
    ["is HTTPS_PROXY for https", "https://api.test", { HTTPS_PROXY: proxy, HTTP_PROXY: "http://o" }, proxy],
    ["is HTTP_PROXY for http", "http://api.test", { HTTPS_PROXY: "http://o", HTTP_PROXY: proxy }, proxy],
    ["is not HTTP_PROXY for https", "https://api.test", { HTTP_PROXY: proxy }, undefined],
    ["may be in lower case", "https://api.test", { https_proxy: proxy }, proxy],
    [
      "is the one in upper case of both",
      "https://api.test",
      { HTTPS_PROXY: proxy, https_proxy: "http://o" },
      proxy,
    ],
    ["is the one that is not empty", "https://api.test", { HTTPS_PROXY: "", https_proxy: proxy }, proxy],
    ["is http without a scheme", "https://api.test", { HTTPS_PROXY: "proxy.test:3128" }, proxy],
    ["may be SOCKS", "https://api.test", { HTTPS_PROXY: "socks5://p:1080" }, "socks5://p:1080"],
    ["is none for localhost", "https://localhost:6443", { HTTPS_PROXY: proxy }, undefined],
    ["is none for 127.0.0.0/8", "https://127.1.2.3:6443", { HTTPS_PROXY: proxy }, undefined],
    ["is none for ::1", "https://[::1]:6443", { HTTPS_PROXY: proxy }, undefined],
  ];
  for (const [what, server, environment, expected] of rows) {
    it(what, () => assert.equal(through(server, environment), expected));
  }

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
  for (const [entry, server, isExcepted] of exceptions) {
    for (const name of ["NO_PROXY", "no_proxy"]) {
      it(`is ${isExcepted ? "not used" : "used"} for ${server} with ${name}=${entry}`, () => {
        const environment = { HTTPS_PROXY: proxy, HTTP_PROXY: proxy, [name]: entry };
        assert.equal(through(server, environment), isExcepted ? undefined : proxy);
      });
    }
  }

  it("is refused by name where it is none, and its password is not shown", () => {
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
