/** The wire format of protobuf: fields of a message as numbers with their bytes or integers; no kind here has fractions. */

/** A field as it stands on the wire. Integers are read as signed 64 bits, as Go writes all of them. */
export interface WireField {
  number: number;
  value: number | Buffer;
}

/** What arrives is no protobuf message. */
export class NotProtobuf extends Error {}

export function readFields(message: Buffer): WireField[] {
  const found: WireField[] = [];
  let position = 0;
  while (position < message.length) {
    const tag = readVarint();
    const number = Number(tag >> 3n);
    switch (Number(tag & 7n)) {
      case 0:
        found.push({ number, value: Number(BigInt.asIntN(64, readVarint())) });
        break;
      case 2:
        found.push({ number, value: take(Number(readVarint())) });
        break;
      default:
        throw new NotProtobuf(`wire type of field ${number}`);
    }
  }
  return found;

  function readVarint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = message[position++];
      if (byte === undefined) break;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new NotProtobuf("an integer has no end");
  }

  function take(length: number): Buffer {
    const end = position + length;
    if (end > message.length) throw new NotProtobuf("a field is longer than its message");
    const part = message.subarray(position, end);
    position = end;
    return part;
  }
}

export function writeInteger(number: number, value: number): Buffer {
  return Buffer.concat([varint(BigInt(number) << 3n), varint(BigInt.asUintN(64, BigInt(value)))]);
}

export function writeBytes(number: number, bytes: Buffer): Buffer {
  return Buffer.concat([varint((BigInt(number) << 3n) | 2n), varint(BigInt(bytes.length)), bytes]);
}

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest > 0n ? low | 0x80 : low);
  } while (rest > 0n);
  return Buffer.from(bytes);
}
