import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import { ConfigError } from "../../daemon/text/config-error.ts";
import { certificate } from "../kubernetes/api/https.ts";
import { everyRow } from "../rows.ts";
import { useMetricsFiles } from "./metrics-files.ts";

describe("Access to the metrics", () => {
  const { at, accessWith } = useMetricsFiles();

  const key = "-----BEGIN PRIVATE KEY-----";
  const rows: [what: string, content: string | undefined, options: string[], message: RegExp][] = [
    ["a token that is missing", undefined, ["metrics-bearer-token-file"], /ENOENT/],
    ["a token of two words", "a b", ["metrics-bearer-token-file"], /must be a file with a token on one line/],
    ["a certificate that is missing", undefined, ["metrics-tls-cert-file", "metrics-tls-key-file"], /ENOENT/],
    [
      "a certificate that is none",
      key,
      ["metrics-tls-cert-file", "metrics-tls-key-file"],
      /must be a file with certificates as PEM/,
    ],
  ];
  it("is rejected with an invalid file, and the message names the option", () =>
    everyRow(rows, async (content, options, message) => {
      await rm(at("some"), { force: true });
      if (content !== undefined) await writeFile(at("some"), content);
      const given = Object.fromEntries(options.map((name) => [name, at("some")]));
      await assert.rejects(accessWith(given), (error) => {
        assert.ok(error instanceof ConfigError);
        assert.ok(
          error.message.startsWith(`invalid value "${at("some")}" for --${options[0]}: `),
          error.message,
        );
        assert.match(error.message, message);
        assert.doesNotMatch(error.message, /\n|a b/);
        return true;
      });
    }));

  it("is rejected with the key of another certificate", async () => {
    const [one, other] = [await certificate(), await certificate()];
    await writeFile(at("tls.crt"), one.cert);
    await writeFile(at("tls.key"), other.key);
    const access = accessWith({
      "metrics-tls-cert-file": at("tls.crt"),
      "metrics-tls-key-file": at("tls.key"),
    });
    await assert.rejects(
      access,
      /^ConfigError: invalid value ".*" for --metrics-tls-cert-file: must be the certificate of the key in --metrics-tls-key-file/,
    );
  });
});
