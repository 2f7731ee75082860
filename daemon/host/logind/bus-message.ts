/**
 * Messages of D-Bus, as far as questions to a service need them: https://dbus.freedesktop.org/doc/dbus-specification.html#message-protocol
 * Whoever has the bus may write anything, so reading takes time and memory in step with the bytes that are there, whatever they say. Pure.
 */

/** A method call, as the specification names its parts. */
export interface BusCall {
  destination: string;
  path: string;
  interface: string;
  member: string;
  /** Of these types alone: `b`, `s`, `t`. */
  signature?: string;
  body?: readonly unknown[];
}

/** Integers are numbers, structs and entries of dictionaries are arrays, a variant is its value. */
export interface BusMessage {
  /** 1 is a call, 2 a return, 3 an error, 4 a signal. */
  type: number;
  replySerial: number | undefined;
  errorName: string | undefined;
  body: unknown[];
}

/** As long as the part of a message is that says how long the message is. */
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

/** The size of the message that begins so; throws where that is no message. */
export function messageSize(head: Buffer): number {
  const isLittle = endianOf(head);
  const read = (at: number) => (isLittle ? head.readUInt32LE(at) : head.readUInt32BE(at));
  return padded(headBytes + read(12), 8) + read(4);
}

/** Throws where the bytes are not a whole message, and nothing else. */
export function decodeMessage(bytes: Buffer): BusMessage {
  const reader = createReader(bytes, endianOf(bytes));
  reader.skip(12);
  const fields = new Map(reader.values("a(yv)")[0] as [number, unknown][]);
  reader.align(8);
  const signature = fields.get(fieldCodes.signature) ?? "";
  const body = reader.values(asText(signature));
  if (!reader.isAtEnd()) throw new Error("a D-Bus message is longer than its values");
  const replySerial = fields.get(fieldCodes.replySerial);
  const errorName = fields.get(fieldCodes.errorName);
  return {
    type: bytes.readUInt8(1),
    replySerial: typeof replySerial === "number" ? replySerial : undefined,
    errorName: typeof errorName === "string" ? errorName : undefined,
    body,
  };
}

function endianOf(bytes: Buffer): boolean {
  const [order, , , version] = bytes;
  if (version !== 1 || (order !== 0x6c && order !== 0x42)) throw new Error("this is no D-Bus message");
  return order === 0x6c;
}

function asText(value: unknown): string {
  if (typeof value !== "string") throw new Error("a signature in a D-Bus message is no text");
  return value;
}

interface Type {
  code: string;
  /** Of an array the element, of a struct or an entry the members. */
  parts: Type[];
}

/** Of anything that is asked for: entries, variants and structs in an array. More of them would multiply a few bytes. */
const depthMax = 8;

const basicTypes = "ybnqiuxtdsogh";

/** What a signature stands for; throws where it is none. */
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
    throw new Error(`the D-Bus signature ${JSON.stringify(signature.slice(0, 40))} is none, or too deep`);
  }

  function entry(depth: number): Type {
    at += 1;
    return { code: "{", parts: until("}", depth + 1) };
  }

  /** At least one: what is nothing has no bytes, and there would be any number of it in an array. */
  function until(end: string, depth: number): Type[] {
    const parts = [next(depth + 1)];
    while (signature.charAt(at) !== end) parts.push(next(depth + 1));
    at += 1;
    return parts;
  }
}

/** Bytes to whose multiples a value is moved. */
function alignmentOf(code: string): number {
  if ("ygv".includes(code)) return 1;
  if ("nq".includes(code)) return 2;
  return "xtd({".includes(code) ? 8 : 4;
}

function padded(length: number, alignment: number): number {
  return Math.ceil(length / alignment) * alignment;
}

function createReader(bytes: Buffer, isLittle: boolean) {
  let at = 0;

  /** The place of so many bytes, which are behind us then. */
  function skip(length: number): number {
    const from = at;
    if (from + length > bytes.length)
      throw new Error("a value in a D-Bus message is longer than the message");
    at += length;
    return from;
  }

  function align(alignment: number): void {
    skip(padded(at, alignment) - at);
  }

  function uint32(): number {
    align(4);
    const from = skip(4);
    return isLittle ? bytes.readUInt32LE(from) : bytes.readUInt32BE(from);
  }

  function text(length: number): string {
    const from = skip(length + 1);
    return bytes.toString("utf8", from, from + length);
  }

  function value({ code, parts }: Type, depth: number): unknown {
    align(alignmentOf(code));
    switch (code) {
      case "y":
        return bytes.readUInt8(skip(1));
      case "b":
        return uint32() !== 0;
      case "n":
        return isLittle ? bytes.readInt16LE(skip(2)) : bytes.readInt16BE(skip(2));
      case "q":
        return isLittle ? bytes.readUInt16LE(skip(2)) : bytes.readUInt16BE(skip(2));
      case "i":
        return uint32() | 0;
      case "u":
      case "h":
        return uint32();
      case "x":
        return Number(isLittle ? bytes.readBigInt64LE(skip(8)) : bytes.readBigInt64BE(skip(8)));
      case "t":
        return Number(isLittle ? bytes.readBigUInt64LE(skip(8)) : bytes.readBigUInt64BE(skip(8)));
      case "d":
        return isLittle ? bytes.readDoubleLE(skip(8)) : bytes.readDoubleBE(skip(8));
      case "s":
      case "o":
        return text(uint32());
      case "g":
        return text(bytes.readUInt8(skip(1)));
      case "a":
        return parts.flatMap((part) => elements(part, depth));
      case "v":
        return variant(depth);
      default:
        return parts.map((part) => value(part, depth + 1));
    }
  }

  function elements(part: Type, depth: number): unknown[] {
    const length = uint32();
    align(alignmentOf(part.code));
    const end = at + length;
    if (end > bytes.length) throw new Error("an array in a D-Bus message is longer than the message");
    const found: unknown[] = [];
    while (at < end) found.push(value(part, depth + 1));
    if (at > end) throw new Error("a value in a D-Bus message is longer than its array");
    return found;
  }

  function variant(depth: number): unknown {
    const [type, ...more] = typesIn(text(bytes.readUInt8(skip(1))));
    if (type === undefined || more.length > 0 || depth >= depthMax)
      throw new Error("a variant in a D-Bus message is not one value, or too deep");
    return value(type, depth + 1);
  }

  return {
    skip,
    align,
    values: (signature: string) => typesIn(signature).map((type) => value(type, 0)),
    isAtEnd: () => at === bytes.length,
  };
}

/** The message that asks for it; the serial tells its answer from others. */
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

/** In the order of little endians. */
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
