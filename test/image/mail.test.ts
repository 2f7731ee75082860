import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { bundleOptions } from "../../manifests/image/bundle.ts";
import { root } from "../../manifests/image/root.ts";
import { certificate } from "../kubernetes/api/https.ts";
import { mail, startEmailServer } from "../notify/email-server.ts";
import { nodeFlags } from "../world/image.ts";

const sendsMail = `
  import { createSendEmail } from "./daemon/notify/nodemailer.ts";
  const [server, mail] = process.argv.slice(2).map((text) => JSON.parse(text));
  await createSendEmail()(server, mail, AbortSignal.timeout(20_000));
`;

describe("A bundle", function () {
  this.timeout(40_000);
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "rebootd-mail-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("sends mail by a file beside it, with the flags of the image", async () => {
    const stdin = { contents: sendsMail, resolveDir: root };
    const { entryPoints: _, ...options } = bundleOptions;
    await build({ ...options, stdin, outdir: folder, logLevel: "error" });
    const { way, taken, close } = await startEmailServer(await certificate("mail"));
    try {
      const args = [...nodeFlags, join(folder, "stdin.mjs"), JSON.stringify(way), JSON.stringify(mail)];
      await promisify(execFile)(process.execPath, args, { timeout: 30_000 });
    } finally {
      close();
    }
    assert.deepEqual(
      taken.map(({ to }) => to),
      [[mail.to]],
    );
  });
});
