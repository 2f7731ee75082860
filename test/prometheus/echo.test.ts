import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { ApiError } from "../../daemon/cluster/api.ts";
import { createClient } from "../../daemon/cluster/client.ts";
import { alertsGate } from "../../daemon/gates/alerts.ts";
import type { Gate } from "../../daemon/gates/gate.ts";
import { queriesGate } from "../../daemon/gates/queries.ts";
import { createPost } from "../../daemon/prometheus/http.ts";
import { createSecrets } from "../../daemon/text/secrets.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import { context } from "../gates/builders.ts";
import { everyRow } from "../rows.ts";
import { alert, alertmanager, element, prometheus, signal } from "./servers.ts";

/** All of the secrets that a server may make of what it was sent. */
function sentIn({ headers }: IncomingMessage): string {
  const { authorization = "", "x-key": key = "" } = headers;
  const credentials = authorization.replace(/^(Bearer|Basic) /, "");
  const decoded = Buffer.from(credentials, "base64").toString("latin1");
  const pair = /^[\x20-\x7e]*$/.test(decoded) ? decoded : "";
  return [authorization, credentials, pair, pair.split(":")[1], btoa(credentials), key].join(" ");
}

const vector = (...result: unknown[]) => ({ status: "success", data: { resultType: "vector", result } });

/** Each puts a text into what it answers. */
const answers: [where: string, status: number, answer: (text: string) => unknown][] = [
  ["a refusal", 401, (text) => `no right: ${text}`],
  ["the error of a refusal", 422, (text) => ({ status: "error", error: text })],
  ["a refusal that is cut", 500, (text) => "x".repeat(190) + text],
  ["the name of an alert", 200, (text) => vector(alert(text))],
  ["a name that is cut", 200, (text) => vector(alert("x".repeat(95) + text))],
  ["a label", 200, (text) => vector(element({ instance: text, alertname: "a" }))],
  [
    "a label that is cut",
    200,
    (text) => vector(element({ instance: "x".repeat(125) + text, alertname: "a" })),
  ],
  ["a warning", 200, (text) => ({ ...vector(), warnings: [text] })],
  ["a number", 200, (text) => ({ status: "success", data: { resultType: "scalar", result: [0, text] } })],
  ["something that is not JSON", 200, (text) => text],
];

const password = "s3cr3t/p@ss";
const access: [what: string, headers: Record<string, string>, user: string][] = [
  ["a token", { authorization: "Bearer t0k3n-of-th3-da3mon" }, ""],
  ["a password", { authorization: `Basic ${btoa(`me:${password}`)}`, "x-key": "k3y-of-th3-da3mon" }, ""],
  ["a password in the URL", {}, `me:${encodeURIComponent(password)}@`],
];
/** Of each secret more than a few letters. */
const tells = /s3cr|p@ss|t0k3|k3y-|czNj|dDBr|bWU6/;

describe("A server that shows what it was sent puts no secret of the daemon on the Node", () => {
  let server: Server;
  let answer: (request: IncomingMessage) => { status: number; body: unknown };

  before(async () => {
    server = createServer((request, response) => {
      request.resume();
      const { status, body } = answer(request);
      response.writeHead(status).end(typeof body === "string" ? body : JSON.stringify(body));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  after(() => server.close());

  for (const [what, headers, user] of access) {
    it(`with ${what}, wherever the answer shows it`, () =>
      everyRow(answers, async (status, make) => {
        answer = (request) => ({ status, body: make(sentIn(request)) });
        const url = `http://${user}127.0.0.1:${(server.address() as AddressInfo).port}`;
        const post = createPost(async () => ({ headers, caPem: undefined }));
        const filter = { names: undefined, matchOnly: false, firingOnly: false, instance: "i" };
        const sources = {
          prometheus: prometheus(post, { url }),
          alertmanager: alertmanager(post, { url }),
          matchers: [],
        };
        const gates: Gate[] = [alertsGate(sources, filter), queriesGate(sources.prometheus, ["up"])];
        for (const gate of gates) {
          const found = await gate.check(context(0), signal).catch((error: Error) => error);
          const told =
            found instanceof Error ? String(found.stack) + String(found.cause) : JSON.stringify(found);
          assert.doesNotMatch(told, tells);
          assert.doesNotMatch(told, /"open":true/);
        }
      }));
  }

  it("where it is the API server that refuses, or ends a watch", async () => {
    const secrets = createSecrets();
    secrets.learn({ authorization: "Bearer t0k3n-of-th3-da3mon" });
    const text = "no right: Bearer t0k3n-of-th3-da3mon";
    const bodies = [
      text,
      JSON.stringify({ message: text, details: { causes: [{ message: text }] } }),
      `${"x".repeat(190)}${text}`,
    ];
    for (const body of bodies) {
      const api = createClient({
        clock: systemClock,
        transport: async () => ({
          status: 403,
          header: () => undefined,
          text: async () => body,
          chunks: async function* () {
            yield body;
          },
          hide: secrets.hide,
        }),
      });
      const refused = await api.get("/x", { signal }).catch((error: ApiError) => error);
      assert.ok(refused instanceof ApiError);
      assert.match(refused.message, /403: (no right: Bearer \*\*\*$|x{190}no right)/);
      assert.doesNotMatch(refused.message + JSON.stringify(refused.causes), tells);
    }
    const event = `${JSON.stringify({ type: "ERROR", object: { code: 410, message: text } })}\n`;
    const api = createClient({
      clock: systemClock,
      transport: async () => ({
        status: 200,
        header: () => undefined,
        text: async () => "",
        chunks: async function* () {
          yield event;
        },
        hide: secrets.hide,
      }),
    });
    const watched = async () => {
      for await (const _ of api.watch("/x", { signal })) assert.fail("an event");
    };
    await assert.rejects(watched(), ({ message }: Error) => /no right: Bearer \*\*\*/.test(message));
  });
});
