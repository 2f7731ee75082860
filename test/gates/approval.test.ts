import assert from "node:assert/strict";
import { writeApproval } from "../../daemon/annotations/approval.ts";
import { approvalGate } from "../../daemon/gates/approval.ts";
import { everyRow } from "../rows.ts";
import { context } from "./builders.ts";

describe("The gate for an approval", () => {
  it("is open for a word for yes or a reason, and for no other value", () =>
    everyRow<[string, string | undefined, boolean]>(
      [
        ["nothing", undefined, false],
        ["an empty value", "", false],
        ["a word for no", "False", false],
        ["a word for yes", "true", true],
        ["a reason", "change 4711", true],
        ["what the command writes", writeApproval(undefined), true],
        ["what the command writes with a reason that is a word for no", writeApproval("no"), true],
      ],
      (approved, isOpen) => {
        assert.equal(approvalGate.answer(context(0, { approved })).open, isOpen);
      },
    ));

  it("says what is missing, and is asked again until the reboot", () => {
    const answer = approvalGate.answer(context(0));
    assert.deepEqual(answer, {
      open: false,
      code: "missing",
      message: "nobody has approved the reboot of this node (--approval=manual)",
    });
    assert.deepEqual(approvalGate.stages, ["start", "drain", "reboot"]);
  });
});
