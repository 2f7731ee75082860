import assert from "node:assert/strict";
import { createSecrets } from "../../daemon/text/secrets.ts";
import { everyRow } from "../rows.ts";

const base64 = (text: string) => Buffer.from(text).toString("base64");

describe("A sent credential", () => {
  const hiding = (headers: Record<string, string>) => {
    const secrets = createSecrets();
    secrets.learn(headers);
    return secrets.hide;
  };
  const rows: [what: string, headers: Record<string, string>, answered: string, shown: string][] = [
    ["a token", { authorization: "Bearer my-token" }, "Bearer my-token is my-token", "Bearer *** is ***"],
    ["a token in base64", { authorization: "Bearer my-token" }, `<${base64("my-token")}>`, "<***=>"],
    ["a token in a URL", { authorization: "Bearer a/b+c=d" }, "?t=a%2Fb%2Bc%3Dd", "?t=***"],
    ["a token in JSON", { authorization: 'Bearer a"b\\c' }, JSON.stringify('a"b\\c'), '"***"'],
    ["a decoded password", { authorization: `Basic ${base64("me:s@cret")}` }, "s@cret of me", "*** of me"],
    ["user and password", { Authorization: `basic ${base64("me:s@cret")}` }, "me:s@cret", "***"],
    [
      "an encoded user and password",
      { authorization: `Basic ${base64("me:s@cret")}` },
      base64("me:s@cret"),
      "***",
    ],
    ["a password in base64", { authorization: `Basic ${base64("me:s@cret")}` }, base64("s@cret"), "***"],
    ["a password with a colon", { authorization: `Basic ${base64("me:se:cret")}` }, "se:cret", "***"],
    ["a header", { "X-Key": "my-key" }, "my-key", "***"],
    ["a password for the proxy", { "proxy-authorization": `Basic ${base64("me:p@ss")}` }, "p@ss", "***"],
  ];
  it("is hidden in each form", () =>
    everyRow(rows, (headers, answered, shown) => assert.equal(hiding(headers)(answered), shown)));

  it("is not a tenant, a content type, or a short text", () => {
    const hide = hiding({ "X-Scope-OrgID": "infra", accept: "application/json", "X-Key": "abc" });
    assert.equal(hide("infra-down, application/json, abc"), "infra-down, application/json, abc");
  });

  it("is hidden for some time after its rotation, within bounded memory", () => {
    const secrets = createSecrets();
    for (let turn = 0; turn < 1000; turn += 1) secrets.learn({ authorization: `Bearer token-${turn}-` });
    assert.equal(secrets.hide("token-999- token-998- token-1-"), "*** *** token-1-");
  });
});
