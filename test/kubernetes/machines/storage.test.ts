import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { diskStorage, memoryStorage } from "./storage.ts";

let folder: string;
describe("The storage of a machine", () => {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "rebootd-storage-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const kinds = { "on disk": () => diskStorage(join(folder, "a")), "in memory": memoryStorage };

  for (const [kind, create] of Object.entries(kinds)) {
    describe(`The storage of a machine ${kind}`, () => {
      it("keeps what is written until it is removed", () => {
        const storage = create();
        assert.equal(storage.read("boot_id"), undefined);
        storage.write("boot_id", "x\n");
        assert.equal(storage.read("boot_id"), "x\n");
        storage.remove("boot_id");
        storage.remove("boot_id");
        assert.equal(storage.read("boot_id"), undefined);
      });

      it("tells of a change, until the signal", async () => {
        const storage = create();
        const end = new AbortController();
        const told = Promise.withResolvers<void>();
        storage.watch(told.resolve, end.signal);
        storage.write("reboot", "");
        await told.promise;
        end.abort();
      });
    });
  }

  describe("The storage of a machine on disk", () => {
    it("sees a file that another process makes", async () => {
      const storage = diskStorage(folder);
      const end = new AbortController();
      const told = Promise.withResolvers<void>();
      storage.watch(told.resolve, end.signal);
      writeFileSync(join(folder, "reboot"), "");
      await told.promise;
      assert.equal(storage.read("reboot"), "");
      end.abort();
    });
  });
});
