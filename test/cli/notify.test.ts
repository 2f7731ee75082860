import assert from "node:assert/strict";
import { runProgram } from "../../daemon/cli/program.ts";
import { noTerminal } from "../../daemon/cli/terminal.ts";
import { openDestinations } from "../../daemon/notify/source.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import { type Receiver, startReceiver } from "../notify/receiver.ts";

describe("rebootd notify", () => {
  let receiver: Receiver;
  beforeEach(async () => {
    receiver = await startReceiver();
  });
  afterEach(() => receiver.close());

  async function run(args: readonly string[], environment = {}) {
    const said: Record<"out" | "err", string[]> = { out: [], err: [] };
    const io = {
      environment,
      version: "1.2.3",
      terminal: noTerminal,
      out: (text: string) => void said.out.push(text),
      err: (text: string) => void said.err.push(text),
      clock: systemClock,
      random: () => 0,
      connect: () => assert.fail("no cluster is asked"),
      openMessages: async ({ urls }: { urls: readonly string[] }) => ({
        destinations: await openDestinations({ urls, readMore: undefined, clock: systemClock }),
        net: receiver.net,
      }),
    };
    const code = await runProgram(["notify", ...args], io, () => assert.fail(), new AbortController().signal);
    return { code, out: said.out.join(""), err: said.err.join("") };
  }

  const [one, other] = ["gotify://push.example/token-123456", "gotify://push.example/token-654321"];

  it("sends a test message to every destination of the options, whatever its filter is", async () => {
    const { code, out } = await run(["--test", "--cluster-name=prod"], {
      REBOOTD_NOTIFY_URL: `${one}?rebootd.on=halted\n${other}`,
    });
    assert.equal(code, 0);
    assert.equal(out, "gotify: the test message has arrived\ngotify-2: the test message has arrived\n");
    assert.deepEqual(
      receiver.requests.map(({ body }) => JSON.parse(body).title),
      ["prod: a test message", "prod: a test message"],
    );
  });

  it("sends it to the destinations that are named alone", async () => {
    const { out } = await run(["--test", other], { REBOOTD_NOTIFY_URL: one });
    assert.equal(out, "gotify: the test message has arrived\n");
    assert.equal(receiver.requests[0]?.headers["x-gotify-key"], "token-654321");
  });

  it("says why it did not arrive, without a secret, and ends with exit code 1", async () => {
    receiver.answers.push({ status: 401, body: "the token-123456 is unknown" });
    const { code, out, err } = await run(["--test", one]);
    assert.equal(code, 1);
    assert.equal(out, "gotify: failed: answered 401: the *** is unknown\n");
    assert.equal(err, "rebootd: 1 test message did not arrive\n");
  });

  const refused: [args: string[], says: RegExp][] = [
    [[one], /^rebootd: notify requires --test\n$/],
    [["--test"], /^rebootd: there is no destination; name one, or set --notify-url or --notify-url-file\n$/],
    [
      ["--test", "pigeon://token-123456"],
      /^rebootd: invalid value for --notify-url: must begin with [^\n]*\n$/,
    ],
  ];
  for (const [args, says] of refused) {
    it(`is refused as notify ${args.join(" ")}`, async () => {
      const { code, err } = await run(args);
      assert.equal(code, 2);
      assert.match(err, says);
      assert.doesNotMatch(err, /123456/);
      assert.equal(receiver.requests.length, 0);
    });
  }
});
