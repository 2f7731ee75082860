import assert from "node:assert/strict";
import { linesOf, openDestinations } from "../../daemon/notify/source.ts";
import { createVirtualTime } from "../kubernetes/virtual-time.ts";

const url = (token: string) => `gotify://host.example/${token}`;

describe("The source of destinations", () => {
  it("is the options and the lines of a file, each URL once", async () => {
    const text = `# of the night shift\n${url("token1")}\r\n\n  ${url("token2")}  \n`;
    assert.deepEqual(linesOf(text), [url("token1"), url("token2")]);
    const readMore = async () => linesOf(text);
    const { clock } = createVirtualTime(0);
    const destinations = await openDestinations({ urls: [url("token1")], readMore, clock });
    const warn = () => assert.fail("nothing is wrong");
    assert.deepEqual(
      destinations(warn).map(({ name }) => name),
      ["gotify", "gotify-2"],
    );
  });

  it("follows the file, and stays as it was while that is invalid, of which it warns once", async () => {
    const time = createVirtualTime(0);
    let urls: string[] | Error = [url("token1")];
    const readMore = async () => {
      if (urls instanceof Error) throw urls;
      return urls;
    };
    const destinations = await openDestinations({ urls: [], readMore, clock: time.clock });
    const warnings: string[] = [];
    const warn = (warning: string) => void warnings.push(warning);
    const names = async () => {
      destinations(warn);
      await time.pass(11_000);
      return destinations(warn).map(({ name }) => name);
    };
    await time.pass(11_000);
    assert.deepEqual(await names(), ["gotify"]);
    for (const wrong of [new Error("no such file"), ["pigeon://token-123456"]]) {
      urls = wrong;
      assert.deepEqual(await names(), ["gotify"]);
      assert.deepEqual(await names(), ["gotify"]);
    }
    assert.equal(warnings.length, 2);
    assert.match(
      warnings.join("; "),
      /^the destinations of messages stay as they were: no such file; .*pigeon/,
    );
    assert.doesNotMatch(warnings.join(), /123456/);
    urls = [url("token1"), url("token2")];
    await names();
    assert.deepEqual(await names(), ["gotify", "gotify-2"]);
  });

  it("refuses what is invalid from the start", async () => {
    const { clock } = createVirtualTime(0);
    const readMore = async () => ["pigeon://token"];
    await assert.rejects(openDestinations({ urls: [], readMore, clock }), /must begin with/);
  });
});
