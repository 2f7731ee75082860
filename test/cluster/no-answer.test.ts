import assert from "node:assert/strict";
import { noAnswer } from "../../daemon/cluster/no-answer.ts";
import { explain } from "../../daemon/report/log.ts";
import { everyRow } from "../rows.ts";

const failure = (code: string, message: string, facts: object = {}) =>
  Object.assign(new Error(message), { code, ...facts });

describe("The message about an unreachable API server", () => {
  const rows: [what: string, failure: unknown, message: RegExp][] = [
    [
      "a certificate without names",
      failure("ERR_TLS_CERT_ALTNAME_INVALID", "x", { host: "api", cert: {} }),
      /is valid for no name at all, not api;/,
    ],
    [
      "an unknown authority",
      failure("UNABLE_TO_VERIFY_LEAF_SIGNATURE", "x"),
      /unable to verify the first certificate: .*certificate-authority/,
    ],
    [
      "an expired certificate",
      failure("CERT_HAS_EXPIRED", "x"),
      /has expired, or the clock of this machine is ahead$/,
    ],
    ["a certificate that is not valid yet", failure("CERT_NOT_YET_VALID", "x"), /not valid yet, .* behind$/],
    [
      "a cause of its own",
      new Error("the proxy p does not connect", { cause: new Error("timed out") }),
      /does not connect: timed out$/,
    ],
    [
      "several addresses",
      new AggregateError([
        new Error("connect ECONNREFUSED ::1:6443"),
        new Error("connect ETIMEDOUT 127.0.0.1:6443"),
      ]),
      /connect ECONNREFUSED ::1:6443, connect ETIMEDOUT 127\.0\.0\.1:6443$/,
    ],
    ["an error without a message", failure("ESTRANGE", ""), /: Error$/],
    ["a failure that is not an Error", "gone", /: gone$/],
  ];
  it("names the server, the cause and the remedy", () =>
    everyRow(rows, (cause, message) => {
      const text = explain(noAnswer(cause, "https://api:6443"));
      assert.match(text, /^https:\/\/api:6443: /);
      assert.match(text, message);
    }));
});
