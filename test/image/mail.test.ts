import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { bundleOptions, mailBundleOptions } from "../../manifests/image/bundle.ts";
import { root } from "../../manifests/image/root.ts";
import { certificate } from "../kubernetes/api/https.ts";
import { mail, startEmailServer } from "../notify/email-server.ts";
import { nodeFlags } from "../world/rebootd.ts";

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

  it("sends mail by the bundle beside it, with the flags of the image, and has nothing of that itself", async () => {
    const { entryPoints: _, ...options } = bundleOptions;
    const program = join(folder, "rebootd.mjs");
    const stdin = { contents: sendsMail, resolveDir: root };
    const { metafile } = await build({ ...options, stdin, outfile: program, logLevel: "error" });
    assert.deepEqual(
      Object.keys(metafile.inputs).filter((file) => file.includes("node_modules/nodemailer/")),
      [],
    );
    await build({ ...mailBundleOptions, outfile: join(folder, "nodemailer.mjs"), logLevel: "error" });
    const { way, taken, close } = await startEmailServer(await certificate("mail"));
    try {
      const args = [...nodeFlags, program, JSON.stringify(way), JSON.stringify(mail)];
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
