import assert from "node:assert/strict";
import { minutes, stage } from "./builders.ts";
import { etcdKeepsMajority } from "./etcd-majority.ts";

describe("etcd's majority is lost by", () => {
  it("a member that reboots while another has been missing for a while", () => {
    const { look, broken, now } = stage();
    const missing = new Map([["n2", now - minutes(5)]]);
    const members = { members: ["n1", "n2", "n3"], missing: () => missing };
    const checker = etcdKeepsMajority(look, members);
    checker.onReboot?.("n1");
    assert.deepEqual(broken(), ["etcd keeps its majority"]);
    missing.set("n2", now - 10_000);
    checker.onReboot?.("n1");
    checker.onReboot?.("n2");
    checker.onReboot?.("n4");
    assert.deepEqual(broken(), []);
  });
});
