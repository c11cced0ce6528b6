/** ONNX bytes by hand, below any library: what an encoder would refuse to write. */

export const joined = (...parts: readonly Uint8Array[]): Uint8Array => concatenated(parts);

/** Lists may be longer than arguments can be. */
function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

export function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  return Uint8Array.of(...bytes, rest);
}

/** A length-delimited field. */
export const field = (number: number, ...parts: readonly Uint8Array[]): Uint8Array => {
  const body = joined(...parts);
  return joined(varint(number * 8 + 2), varint(body.length), body);
};

export const text = (number: number, value: string): Uint8Array =>
  field(
    number,
    Uint8Array.from(value, (letter) => letter.charCodeAt(0)),
  );

export const whole = (number: number, value: number): Uint8Array => joined(varint(number * 8), varint(value));

/** TensorProto fields: 1 dims, 2 data_type, 8 name, 9 raw_data. */
export const tensorBytes = (
  name: string,
  shape: readonly number[],
  type: number,
  data: Uint8Array,
): Uint8Array =>
  joined(...shape.map((extent) => whole(1, extent)), whole(2, type), text(8, name), field(9, data));

export interface FixtureNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly domain?: string;
  readonly attributes?: readonly Uint8Array[];
}

/** NodeProto fields: 1 input, 2 output, 4 op_type, 5 attribute, 7 domain. */
export const nodeBytes = ({ op, inputs, outputs, domain = '', attributes = [] }: FixtureNode): Uint8Array =>
  joined(
    concatenated(inputs.map((name) => text(1, name))),
    concatenated(outputs.map((name) => text(2, name))),
    text(4, op),
    ...attributes.map((each) => field(5, each)),
    ...(domain === '' ? [] : [text(7, domain)]),
  );

/** AttributeProto: 1 name, 3 i, 20 type (2 INT). */
export const intAttributeBytes = (name: string, value: number): Uint8Array =>
  joined(text(1, name), whole(3, value), whole(20, 2));

/** ModelProto fields: 1 ir_version, 7 graph, 8 opset_import; GraphProto: 1 node, 5 initializer, 11 input, 12 output. */
export const modelBytes = (
  nodes: readonly FixtureNode[],
  initializers: readonly Uint8Array[],
  more: readonly Uint8Array[] = [],
): Uint8Array =>
  joined(
    whole(1, 8),
    field(8, whole(2, 17)),
    field(
      7,
      concatenated(nodes.map((node) => field(1, nodeBytes(node)))),
      concatenated(initializers.map((tensor) => field(5, tensor))),
      field(11, text(1, 'x')),
      field(12, text(1, 'y')),
      ...more,
    ),
  );

export const floats = (values: readonly number[]): Uint8Array =>
  new Uint8Array(Float32Array.from(values).buffer);
