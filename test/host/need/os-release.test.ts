import assert from "node:assert/strict";
import { recognise } from "../../../daemon/host/need/os-release.ts";
import { everyRow } from "../../rows.ts";
import { systems } from "./systems.ts";

describe("The system that an os-release names", () => {
  it("has a preset by its ID, else by the first known ID_LIKE, else an advice", () =>
    everyRow(
      systems.map(({ name, osRelease, is }) => [name, osRelease, is] as const),
      (osRelease, is) => {
        const found = recognise(osRelease);
        if (typeof is === "string") assert.deepEqual(found, { preset: is });
        else assert.match("why" in found ? found.why : found.preset, is);
      },
    ));

  it("is told apart whatever quotes the values have, and not by other keys", () => {
    for (const id of ["ID=ol", 'ID="ol"', "ID='ol'"])
      assert.deepEqual(recognise(`PLATFORM_ID=sles\n${id}\nID_LIKE='fedora'\n`), { preset: "rhel" });
    assert.deepEqual(recognise('ID=ubuntu\nID_LIKE=debian\nVARIANT_ID="rhel"'), { preset: "ubuntu" });
  });
});
