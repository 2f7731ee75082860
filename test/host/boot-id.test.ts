import assert from "node:assert/strict";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readBootID } from "../../daemon/host/boot-id.ts";

describe("The boot ID", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "rebootd-boot-id-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("is read without its newline", async () => {
    await writeFile(join(folder, "boot_id"), "1c09ca98-649c-4c7a-bc77-9cd04c96812e\n");
    assert.equal(await readBootID(join(folder, "boot_id")), "1c09ca98-649c-4c7a-bc77-9cd04c96812e");
  });

  it("is not read through a link, which could lead to a secret of the daemon", async () => {
    await writeFile(join(folder, "basic-auth"), "prometheus:secret\n");
    await symlink(join(folder, "basic-auth"), join(folder, "boot_id"));
    const shown = await readBootID(join(folder, "boot_id")).catch((error: Error) => error.message);
    assert.match(shown, /boot_id is a link, which is not followed$/);
  });

  it("is rejected if it is not a UUID", async () => {
    await writeFile(join(folder, "boot_id"), "");
    await assert.rejects(readBootID(join(folder, "boot_id")), /is not a boot ID/);
  });
});
