import assert from "node:assert/strict";
import { parseDestinations } from "../../daemon/notify/destination.ts";
import { messageKindNames } from "../../daemon/notify/message.ts";

const one = (url: string) => parseDestinations([url])[0] ?? assert.fail("no destination");

describe("The URL of a destination", () => {
  it("selects all kinds of messages, or those of rebootd.on", () => {
    assert.deepEqual([...one("gotify://host.example/token1").kinds], messageKindNames);
    const some = one("gotify://host.example/token1?rebootd.on=failed,done&rebootd.on=halted");
    assert.deepEqual([...some.kinds].sort(), ["done", "failed", "halted"]);
  });

  it("may stand in quotes, as templates leave them", () => {
    for (const url of ['"gotify://host.example/token1"', " 'gotify://host.example/token1'\n"]) {
      assert.equal(one(url).name, "gotify");
    }
  });

  it("counts once, and has a name of its own beside others of its service", () => {
    const urls = [
      "gotify://host.example/token1",
      "gotify://host.example/token2",
      "gotify://host.example/token1",
    ];
    assert.deepEqual(
      parseDestinations(urls).map(({ name, service }) => [name, service]),
      [
        ["gotify", "gotify"],
        ["gotify-2", "gotify"],
      ],
    );
  });

  it("has its secrets found in every form", () => {
    const { secrets } = one("gotify://host.example/pa%2Fth-token?title=a-title");
    for (const secret of ["pa%2Fth-token", "pa/th-token", "a-title"]) assert.ok(secrets.includes(secret));
    assert.ok(!secrets.includes("host.example"));
  });

  const refused: [url: string, rule: RegExp][] = [
    ["", /must be a URL, for example /],
    ["hooks.slack.com/services/A/B/C", /must be a URL/],
    ["carrierpigeon://token-123456", /must begin with .*gotify:\/\/.*, but begins with carrierpigeon:\/\//],
    ["https://chat.example.com/token-123456", /begin with generic\+https:\/\/ for any other one/],
    ["gotify://host.example/token1?rebootd.on=failed,often", /only started, rebooting, .*, but has "often"/],
    ["gotify://host.example/%E0%A4%A", /must have each % written as %25/],
  ];
  for (const [url, rule] of refused) {
    it(`is refused as ${url === "" ? "an empty text" : url}, without its secrets`, () => {
      assert.throws(
        () => parseDestinations([url]),
        (error: Error) => {
          assert.match(error.message, rule);
          assert.doesNotMatch(error.message, /token-123456|token1/);
          return true;
        },
      );
    });
  }

  it("is named by its place among several", () => {
    assert.throws(() => parseDestinations(["gotify://host.example/token1", "gotify://h"]), /\(URL 2 of 2\)$/);
  });
});
