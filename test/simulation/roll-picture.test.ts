import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { rollPicture } from "../pictures/roll.ts";

const file = fileURLToPath(new URL("../../docs/images/roll.svg", import.meta.url));

describe("The roll that the README shows", () => {
  it("is what the daemons do today", async () => {
    const drawn = await rollPicture();
    assert.ok(drawn === readFileSync(file, "utf8"), "docs/images/roll.svg is old: npm run pictures");
  });
});
