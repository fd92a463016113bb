import { create, toBinary } from '@bufbuild/protobuf';
import type { TensorDtype, TensorRef } from '../weights/safetensors.ts';
import { CPU_TARGET, type GraphTarget, type Precision } from './graph-target.ts';
import {
  type AttributeProto,
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProto_DataLocation,
  TensorProto_DataType,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from './onnx_pb.ts';

/** A tensor inside the graph, by name. */
export type Value = string & { readonly __value: unique symbol };

/** Types of inputs and outputs. */
export type ElementType = 'float32' | 'int64';
/** An operator's attribute: whole numbers, strings and lists as they are, floats marked as such. */
export type Attribute = number | string | readonly number[] | { readonly float: number };
/** A fixed side, or the name of one that each call may choose. */
export type Dimension = number | string;

/** ONNX operator set; 17 has LayerNormalization. Contributed operators live in `com.microsoft`. */
const OPSET = 17;
const IR_VERSION = 8n;
const STORED_TYPES: Partial<Record<TensorDtype, TensorProto_DataType>> = {
  F16: TensorProto_DataType.FLOAT16,
  BF16: TensorProto_DataType.BFLOAT16,
};
const COMPUTED_TYPES: Readonly<Record<Precision, TensorProto_DataType>> = {
  float32: TensorProto_DataType.FLOAT,
  float16: TensorProto_DataType.FLOAT16,
};
/** Domain of ONNX Runtime's own operators. */
export const CONTRIB = 'com.microsoft';

/**
 * Writes one ONNX graph. Weights stay where they are: initializers point into the safetensors file. Its values are of
 * the dialect's precision, but for what `widen` made float32.
 */
export class GraphBuilder {
  readonly target: GraphTarget;
  readonly #name: string;
  readonly #nodes: NodeProto[] = [];
  readonly #initializers: TensorProto[] = [];
  readonly #inputs: ValueInfoProto[] = [];
  readonly #outputs: ValueInfoProto[] = [];
  readonly #known = new Map<string, Value>();
  #counter = 0;

  constructor(name: string, target: GraphTarget = CPU_TARGET) {
    this.#name = name;
    this.target = target;
  }

  /** As the caller gives it: `narrow` brings floats to the precision of the graph. */
  input(name: string, type: ElementType, dims: readonly Dimension[]): Value {
    this.#inputs.push(valueInfo(name, type, dims));
    return name as Value;
  }

  /** Numbers that the caller gives, in the precision of the graph. */
  floatInput(name: string, dims: readonly Dimension[]): Value {
    return this.narrow(this.input(name, 'float32', dims));
  }

  output(name: string, value: Value, dims: readonly Dimension[]): void {
    const wide = this.widen(value);
    this.#nodes.push(create(NodeProtoSchema, { opType: 'Identity', input: [wide], output: [name] }));
    this.#outputs.push(valueInfo(name, 'float32', dims));
  }

  /** float32 → the precision of the graph. */
  narrow(value: Value): Value {
    return this.target.precision === 'float32' ? value : this.#cast(value, COMPUTED_TYPES[this.target.precision]);
  }

  /** The precision of the graph → float32. */
  widen(value: Value): Value {
    return this.target.precision === 'float32' ? value : this.#cast(value, TensorProto_DataType.FLOAT);
  }

  /** One operator with one result. `null` leaves an optional input out. */
  node(
    opType: string,
    inputs: readonly (Value | null)[],
    attributes: Readonly<Record<string, Attribute>> = {},
    domain = '',
  ): Value {
    return this.nodes(opType, inputs, 1, attributes, domain)[0] as Value;
  }

  /** One operator with several results. */
  nodes(
    opType: string,
    inputs: readonly (Value | null)[],
    outputCount: number,
    attributes: Readonly<Record<string, Attribute>> = {},
    domain = '',
  ): readonly Value[] {
    this.#counter += 1;
    const outputs = Array.from({ length: outputCount }, (_, i) => `${opType}_${this.#counter}_${i}` as Value);
    this.#nodes.push(
      create(NodeProtoSchema, {
        opType,
        domain,
        name: `${opType}_${this.#counter}`,
        input: inputs.map((value) => value ?? ''),
        output: [...outputs],
        attribute: Object.entries(attributes).map(([name, value]) => attribute(name, value)),
      }),
    );
    return outputs;
  }

  /**
   * A weight, read from its file when the session is made.
   * @param dims how the graph sees the bytes; defaults to the stored shape. Weights of another precision than the
   * graph's are converted by an explicit Cast, which ONNX Runtime folds at load.
   */
  weight(ref: TensorRef, dims: readonly number[] = ref.shape): Value {
    const dataType = STORED_TYPES[ref.dtype] ?? TensorProto_DataType.FLOAT;
    const computed = COMPUTED_TYPES[this.target.precision];
    const stored = this.#external(ref, dims, dataType);
    return dataType === computed ? stored : this.#cast(stored, computed);
  }

  /** A weight in the type that its file has, never converted: float32 or int8. */
  stored(ref: TensorRef): Value {
    return this.#external(ref, ref.shape, ref.dtype === 'I8' ? TensorProto_DataType.INT8 : TensorProto_DataType.FLOAT);
  }

  /** int8 zeros: what the weights' zero points are where they are quantised symmetrically. */
  int8Zeros(count: number): Value {
    return this.#constant(TensorProto_DataType.INT8, new Uint8Array(count), [count]);
  }

  /** A constant written into the graph, in its precision. */
  floats(values: ArrayLike<number>, dims: readonly number[]): Value {
    return this.narrow(this.wideFloats(values, dims));
  }

  /** A float32 constant, whatever the precision of the graph. */
  wideFloats(values: ArrayLike<number>, dims: readonly number[]): Value {
    const data = Float32Array.from(values);
    return this.#constant(TensorProto_DataType.FLOAT, new Uint8Array(data.buffer), dims);
  }

  /** An int64 vector written into the graph: shapes and indices. */
  ints(values: readonly number[]): Value {
    const data = BigInt64Array.from(values.map(BigInt));
    return this.#constant(TensorProto_DataType.INT64, new Uint8Array(data.buffer), [values.length]);
  }

  build(): Uint8Array {
    const model = create(ModelProtoSchema, {
      irVersion: IR_VERSION,
      producerName: 'easel',
      opsetImport: [
        { domain: '', version: BigInt(OPSET) },
        { domain: CONTRIB, version: 1n },
      ],
      graph: create(GraphProtoSchema, {
        name: this.#name,
        node: this.#nodes,
        initializer: this.#initializers,
        input: this.#inputs,
        output: this.#outputs,
      }),
    });
    return toBinary(ModelProtoSchema, model);
  }

  #external(ref: TensorRef, dims: readonly number[], dataType: TensorProto_DataType): Value {
    const key = `${ref.name}[${dims}]`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    this.#initializers.push(
      create(TensorProtoSchema, {
        name: key,
        dims: dims.map(BigInt),
        dataType,
        dataLocation: TensorProto_DataLocation.EXTERNAL,
        externalData: [
          { key: 'location', value: externalLocation(ref.file) },
          { key: 'offset', value: String(ref.offset) },
          { key: 'length', value: String(ref.length) },
        ],
      }),
    );
    this.#known.set(key, key as Value);
    return key as Value;
  }

  #cast(value: Value, to: TensorProto_DataType): Value {
    const key = `cast:${to}:${value}`;
    const known = this.#known.get(key) ?? this.node('Cast', [value], { to });
    this.#known.set(key, known);
    return known;
  }

  #constant(dataType: TensorProto_DataType, rawData: Uint8Array, dims: readonly number[]): Value {
    const key = `const:${dataType}:${dims}:${Buffer.from(rawData).toString('base64')}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    this.#counter += 1;
    const name = `const_${this.#counter}` as Value;
    this.#initializers.push(create(TensorProtoSchema, { name, dims: dims.map(BigInt), dataType, rawData }));
    this.#known.set(key, name);
    return name;
  }
}

/**
 * ONNX Runtime resolves external data below a base folder and refuses absolute locations; sessions set the base to
 * the file system's root, so a location is the absolute path without its leading separator.
 */
function externalLocation(file: string): string {
  return file.replace(/^[/\\]+/, '');
}

function valueInfo(name: string, type: ElementType, dims: readonly Dimension[]): ValueInfoProto {
  return create(ValueInfoProtoSchema, {
    name,
    type: {
      value: {
        case: 'tensorType',
        value: {
          elemType: type === 'float32' ? TensorProto_DataType.FLOAT : TensorProto_DataType.INT64,
          shape: {
            dim: dims.map((side) => ({
              value:
                typeof side === 'number'
                  ? { case: 'dimValue' as const, value: BigInt(side) }
                  : { case: 'dimParam' as const, value: side },
            })),
          },
        },
      },
    },
  });
}

function attribute(name: string, value: Attribute): AttributeProto {
  if (typeof value === 'string') {
    return create(AttributeProtoSchema, {
      name,
      type: AttributeProto_AttributeType.STRING,
      s: new TextEncoder().encode(value),
    });
  }
  if (typeof value === 'number') {
    return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.INT, i: BigInt(value) });
  }
  if ('float' in value) {
    return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.FLOAT, f: value.float });
  }
  return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.INTS, ints: value.map(BigInt) });
}
