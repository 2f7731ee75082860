import assert from "node:assert/strict";
import { createRequire } from "node:module";
import fc from "fast-check";
import {
  type BusCall,
  decodeMessage,
  encodeCall,
  messageSize,
} from "../../../daemon/host/logind/bus-message.ts";
import { everyRow } from "../../rows.ts";

/** Another implementation of D-Bus. */
const { marshall, unmarshall } = createRequire(import.meta.url)("@homebridge/dbus-native/lib/message.js") as {
  marshall(message: object): Buffer;
  unmarshall(bytes: Buffer): Record<string, unknown>;
};

function reply(signature: string, body: unknown[]): Buffer {
  return marshall({ type: 2, serial: 7, replySerial: 3, sender: ":1.9", signature, body });
}

const reboot: BusCall = {
  destination: "org.freedesktop.login1",
  path: "/org/freedesktop/login1",
  interface: "org.freedesktop.login1.Manager",
  member: "Reboot",
};

/** A return of one unsigned number, in big-endian order. */
function bigEndian(value: number): Buffer {
  const bytes = Buffer.alloc(16 + 16 + 4);
  bytes.set([0x42, 2, 0, 1]);
  for (const [index, number] of [4, 7, 15].entries()) bytes.writeUInt32BE(number, 4 + 4 * index);
  bytes.set([5, 1, 0x75, 0, 0, 0, 0, 3], 16);
  bytes.set([8, 1, 0x67, 0, 1, 0x75, 0], 24);
  bytes.writeUInt32BE(value, 32);
  return bytes;
}

describe("A message of D-Bus", () => {
  const values: [signature: string, body: unknown[], read?: unknown[]][] = [
    ["s", ["naïve 漢字"]],
    ["ybnqiu", [255, true, -2, 65_535, -7, 4_000_000_000]],
    ["xtd", [-5, 1_764_000_000_000_000, 0.5]],
    ["og", ["/a/b", "a{sv}"]],
    ["a(ssssuu)", [[["shutdown", "w", "y", "block", 0, 42]]]],
    ["asas", [["a", "bc"], []]],
    [
      "a{sv}",
      [
        [
          ["Class", ["s", "user"]],
          ["User", ["(uo)", [1000, "/u"]]],
        ],
      ],
      [
        [
          ["Class", "user"],
          ["User", [1000, "/u"]],
        ],
      ],
    ],
    ["v", [["b", false]], [false]],
  ];
  it("is decoded with values of each type", () =>
    everyRow(
      values.map((row) => [row[0], row] as const),
      ([signature, body, read = body]) => {
        const bytes = reply(signature, body);
        assert.equal(messageSize(bytes), bytes.length);
        assert.deepEqual(decodeMessage(bytes), { type: 2, replySerial: 3, errorName: undefined, body: read });
      },
    ));

  it("is decoded in big-endian order, too", () => {
    const bytes = bigEndian(0x01020304);
    assert.equal(messageSize(bytes), bytes.length);
    assert.deepEqual(decodeMessage(bytes), {
      type: 2,
      replySerial: 3,
      errorName: undefined,
      body: [0x01020304],
    });
  });

  it("has a name if it is an error", () => {
    const bytes = marshall({
      type: 3,
      serial: 7,
      replySerial: 3,
      errorName: "a.b",
      signature: "s",
      body: ["no"],
    });
    assert.deepEqual(decodeMessage(bytes), { type: 3, replySerial: 3, errorName: "a.b", body: ["no"] });
  });

  it("is encoded so that another implementation decodes it", () =>
    everyRow(
      [
        ["b", [false]],
        ["t", [2 ** 40 + 16]],
        ["ss", ["é", "Prepared"]],
      ].map(([signature, body]) => [signature, signature, body] as [string, string, unknown[]]),
      (signature, body) => {
        const call = unmarshall(encodeCall({ ...reboot, signature, body }, 9));
        const { destination, path, interface: of, member, ...rest } = call;
        assert.deepEqual({ destination, path, interface: of, member }, reboot);
        assert.deepEqual([rest["serial"], rest["type"], rest["body"]], [9, 1, body]);
      },
    ));

  it("of any bytes is decoded or rejected, in time and memory in proportion to its length", () => {
    const valid = values.map(([signature, body]) => reply(signature, body));
    const change = fc.tuple(
      fc.nat(300),
      fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from("a({v})s\0\xff", "latin1"))),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...valid),
        fc.array(change, { minLength: 1, maxLength: 6 }),
        (bytes, changes) => {
          const changed = Buffer.from(bytes);
          for (const [at, byte] of changes) changed[at % changed.length] = byte;
          const begin = performance.now();
          try {
            messageSize(changed);
            decodeMessage(changed);
          } catch (error) {
            assert.ok(error instanceof Error && !(error instanceof assert.AssertionError));
          }
          assert.ok(performance.now() - begin < 1000);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
