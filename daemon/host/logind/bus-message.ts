/**
 * Messages of D-Bus, as far as calls of a service need them:
 * https://dbus.freedesktop.org/doc/dbus-specification.html#message-protocol The other end may send anything:
 * the time and memory for a message depend on its number of bytes, not on the lengths in it. Pure.
 */

/** A method call, with the names of the specification. */
export interface BusCall {
  destination: string;
  path: string;
  interface: string;
  member: string;
  /** Only of the types `b`, `s` and `t`. */
  signature?: string;
  body?: readonly unknown[];
}

/** Integers are numbers; structs and dictionary entries are arrays; a variant is its value. */
export interface BusMessage {
  /** 1 is a call, 2 a return, 3 an error, 4 a signal. */
  type: number;
  replySerial: number | undefined;
  errorName: string | undefined;
  body: unknown[];
}

/** Length of the part of a message from which its size can be read. */
export const headBytes = 16;

const fieldCodes = {
  path: 1,
  interface: 2,
  member: 3,
  errorName: 4,
  replySerial: 5,
  destination: 6,
  signature: 8,
};

/** The size of the message with this head. Throws if it is not a message. */
export function messageSize(head: Buffer): number {
  const isLittle = isLittleEndian(head);
  const read = (at: number) => (isLittle ? head.readUInt32LE(at) : head.readUInt32BE(at));
  return padded(headBytes + read(12), 8) + read(4);
}

/** Throws unless the bytes are exactly one message. */
export function decodeMessage(bytes: Buffer): BusMessage {
  const cursor: Cursor = { bytes, isLittle: isLittleEndian(bytes), at: 12 };
  const fields = new Map(readValues(cursor, "a(yv)")[0] as [number, unknown][]);
  align(cursor, 8);
  const signature = fields.get(fieldCodes.signature) ?? "";
  const body = readValues(cursor, asText(signature));
  if (cursor.at !== bytes.length) throw new Error("a D-Bus message is longer than its values");
  const replySerial = fields.get(fieldCodes.replySerial);
  const errorName = fields.get(fieldCodes.errorName);
  return {
    type: bytes.readUInt8(1),
    replySerial: typeof replySerial === "number" ? replySerial : undefined,
    errorName: typeof errorName === "string" ? errorName : undefined,
    body,
  };
}

function isLittleEndian(bytes: Buffer): boolean {
  const [order, , , version] = bytes;
  if (version !== 1 || (order !== 0x6c && order !== 0x42)) throw new Error("this is not a D-Bus message");
  return order === 0x6c;
}

function asText(value: unknown): string {
  if (typeof value !== "string") throw new Error("a signature in a D-Bus message is not a string");
  return value;
}

interface Type {
  code: string;
  /** The element of an array; the members of a struct or an entry. */
  parts: Type[];
}

/**
 * The answers of logind nest entries, variants and structs in an array. Deeper nesting would turn a few bytes
 * into many values.
 */
const depthMax = 8;

const basicTypes = "ybnqiuxtdsogh";

/** The types of a signature. Throws if it is invalid or nested too deeply. */
function typesIn(signature: string): Type[] {
  let at = 0;
  const types: Type[] = [];
  while (at < signature.length) types.push(next(0));
  return types;

  function next(depth: number): Type {
    const code = signature.charAt(at);
    at += 1;
    if (depth < depthMax) {
      if (code === "a")
        return { code, parts: [signature.charAt(at) === "{" ? entry(depth) : next(depth + 1)] };
      if (code === "(") return { code, parts: until(")", depth) };
      if (code === "v" || (code !== "" && basicTypes.includes(code))) return { code, parts: [] };
    }
    throw new Error(
      `the D-Bus signature ${JSON.stringify(signature.slice(0, 40))} is invalid, or nested too deeply`,
    );
  }

  function entry(depth: number): Type {
    at += 1;
    return { code: "{", parts: until("}", depth + 1) };
  }

  /**
   * At least one part: an empty struct would have no bytes, so that an array could have any number of them.
   */
  function until(end: string, depth: number): Type[] {
    const parts = [next(depth + 1)];
    while (signature.charAt(at) !== end) parts.push(next(depth + 1));
    at += 1;
    return parts;
  }
}

/** The offset of a value is a multiple of this many bytes. */
function alignmentOf(code: string): number {
  if ("ygv".includes(code)) return 1;
  if ("nq".includes(code)) return 2;
  return "xtd({".includes(code) ? 8 : 4;
}

function padded(length: number, alignment: number): number {
  return Math.ceil(length / alignment) * alignment;
}

/** The bytes of a message, with the position up to which they are read. */
interface Cursor {
  bytes: Buffer;
  isLittle: boolean;
  at: number;
}

/** The start of the next bytes, which count as read from then on. */
function take(cursor: Cursor, length: number): number {
  const from = cursor.at;
  if (from + length > cursor.bytes.length)
    throw new Error("a value in a D-Bus message is longer than the message");
  cursor.at += length;
  return from;
}

function align(cursor: Cursor, alignment: number): void {
  take(cursor, padded(cursor.at, alignment) - cursor.at);
}

function readUint32(cursor: Cursor): number {
  align(cursor, 4);
  const from = take(cursor, 4);
  return cursor.isLittle ? cursor.bytes.readUInt32LE(from) : cursor.bytes.readUInt32BE(from);
}

function readByte(cursor: Cursor): number {
  return cursor.bytes.readUInt8(take(cursor, 1));
}

function readText(cursor: Cursor, length: number): string {
  const from = take(cursor, length + 1);
  return cursor.bytes.toString("utf8", from, from + length);
}

function readValues(cursor: Cursor, signature: string): unknown[] {
  return typesIn(signature).map((type) => readValue(cursor, type, 0));
}

function readValue(cursor: Cursor, { code, parts }: Type, depth: number): unknown {
  align(cursor, alignmentOf(code));
  const { bytes, isLittle } = cursor;
  switch (code) {
    case "y":
      return readByte(cursor);
    case "b":
      return readUint32(cursor) !== 0;
    case "n":
      return isLittle ? bytes.readInt16LE(take(cursor, 2)) : bytes.readInt16BE(take(cursor, 2));
    case "q":
      return isLittle ? bytes.readUInt16LE(take(cursor, 2)) : bytes.readUInt16BE(take(cursor, 2));
    case "i":
      return readUint32(cursor) | 0;
    case "u":
    case "h":
      return readUint32(cursor);
    case "x":
      return Number(isLittle ? bytes.readBigInt64LE(take(cursor, 8)) : bytes.readBigInt64BE(take(cursor, 8)));
    case "t":
      return Number(
        isLittle ? bytes.readBigUInt64LE(take(cursor, 8)) : bytes.readBigUInt64BE(take(cursor, 8)),
      );
    case "d":
      return isLittle ? bytes.readDoubleLE(take(cursor, 8)) : bytes.readDoubleBE(take(cursor, 8));
    case "s":
    case "o":
      return readText(cursor, readUint32(cursor));
    case "g":
      return readText(cursor, readByte(cursor));
    case "a":
      return parts.flatMap((part) => readElements(cursor, part, depth));
    case "v":
      return readVariant(cursor, depth);
    default:
      return parts.map((part) => readValue(cursor, part, depth + 1));
  }
}

function readElements(cursor: Cursor, part: Type, depth: number): unknown[] {
  const length = readUint32(cursor);
  align(cursor, alignmentOf(part.code));
  const end = cursor.at + length;
  if (end > cursor.bytes.length) throw new Error("an array in a D-Bus message is longer than the message");
  const elements: unknown[] = [];
  while (cursor.at < end) elements.push(readValue(cursor, part, depth + 1));
  if (cursor.at > end) throw new Error("a value in a D-Bus message is longer than its array");
  return elements;
}

function readVariant(cursor: Cursor, depth: number): unknown {
  const [type, ...more] = typesIn(readText(cursor, readByte(cursor)));
  if (type === undefined || more.length > 0 || depth >= depthMax)
    throw new Error("a variant in a D-Bus message is not one value, or is nested too deeply");
  return readValue(cursor, type, depth + 1);
}

/** The message of a call; the answer carries the same serial. */
export function encodeCall(call: BusCall, serial: number): Buffer {
  const { signature = "", body = [] } = call;
  const values = createWriter();
  for (const [index, code] of [...signature].entries()) values.write(code, body[index]);
  const fields = createWriter();
  const field = (name: keyof typeof fieldCodes, code: string, value: string) => {
    fields.align(8);
    fields.write("y", fieldCodes[name]);
    fields.write("g", code);
    fields.write(code, value);
  };
  field("path", "o", call.path);
  field("interface", "s", call.interface);
  field("member", "s", call.member);
  field("destination", "s", call.destination);
  if (signature !== "") field("signature", "g", signature);
  const message = createWriter();
  for (const byte of [0x6c, 1, 0, 1]) message.write("y", byte);
  for (const number of [values.bytes.length, serial, fields.bytes.length]) message.write("u", number);
  message.bytes.push(...fields.bytes);
  message.align(8);
  message.bytes.push(...values.bytes);
  return Buffer.from(message.bytes);
}

/** Writes in little-endian order. */
function createWriter() {
  const bytes: number[] = [];
  function align(alignment: number): void {
    while (bytes.length % alignment > 0) bytes.push(0);
  }
  function number(value: number, length: number): void {
    for (let index = 0; index < length; index += 1) bytes.push(Math.floor(value / 256 ** index) % 256);
  }
  function write(code: string, value: unknown): void {
    align(alignmentOf(code));
    const text = Buffer.from(String(value));
    if (code === "y") number(Number(value), 1);
    else if (code === "b" || code === "u") number(Number(value), 4);
    else if (code === "t") number(Number(value), 8);
    else {
      number(text.length, code === "g" ? 1 : 4);
      bytes.push(...text, 0);
    }
  }
  return { bytes, align, write };
}
