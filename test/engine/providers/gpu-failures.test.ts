import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { EngineError } from '../../../engine/errors.ts';
import { textEncoderGraph } from '../../../engine/graph/text-encoder.ts';
import { unetGraph } from '../../../engine/graph/unet.ts';
import { readModelFolder } from '../../../engine/model/folder.ts';
import { decodeLatents, encodePixels } from '../../../engine/networks/autoencoder.ts';
import { type Networks, openNetworks } from '../../../engine/networks/networks.ts';
import { ModelProtoSchema, TensorProto_DataType } from '../../../engine/onnx/onnx_pb.ts';
import { DEVICE_LOST_EXIT, explainExit } from '../../../engine/process/exit-reason.ts';
import { explainFailure, reasonOf } from '../../../engine/session/failures.ts';
import { missingLibrary } from '../../../engine/session/missing-library.ts';
import { openWeights } from '../../../engine/weights/weight-source.ts';
import { relativeError, tinyModel } from '../goldens.ts';
import { encodeSafetensors, type StoredTensor, storedTensors } from '../model/checkpoint-file.ts';
import { familyModel } from '../model/family-checkpoint.ts';

const thrown = (message: string) => {
  try {
    return explainFailure(new Error(message));
  } catch (error) {
    return error as EngineError;
  }
};

// As ONNX Runtime 1.30 says them.
const ILLEGAL_ACCESS =
  'Non-zero status code returned while running Conv node. /onnxruntime_src/onnxruntime/core/providers/cuda/cuda_call.cc:129 std::conditional_t<THRW, void, onnxruntime::common::Status> onnxruntime::CudaCall(ERRTYPE, const char*, const char*, SUCCTYPE) CUDA failure 700: an illegal memory access was encountered ; GPU=0 ; hostname=box ; file=cuda_stream_handle.cc';
const NO_ROOM =
  'Failed to allocate memory for requested buffer of size 1073741824: CUDA failure 2: out of memory ; GPU=0 ; hostname=box';

describe('a GPU that fails', () => {
  test('at a call is lost for the process, which another one takes the place of', () => {
    const error = thrown(ILLEGAL_ACCESS);
    expect(error.code).toBe('device_lost');
    expect(error.message).toBe('The GPU failed: CUDA failure 700: an illegal memory access was encountered.');
    expect(explainExit(DEVICE_LOST_EXIT, null, undefined)).toEqual({ why: 'its GPU failed', cause: 'ended' });
  });

  test('for lack of memory is not lost', () => {
    expect(thrown(NO_ROOM).code).toBe('out_of_memory');
  });

  test('names the library that is missing, and nothing of the source', () => {
    const message =
      'Failed to load library libonnxruntime_providers_cuda.so with error: libcublasLt.so.13: cannot open shared object file: No such file or directory';
    expect(reasonOf(new Error(message))).toBe(
      'libcublasLt.so.13: cannot open shared object file: No such file or directory.',
    );
    expect(reasonOf(new Error(ILLEGAL_ACCESS))).toBe('CUDA failure 700: an illegal memory access was encountered.');
  });
});

describe('a decode', () => {
  test('that a GPU has no room for goes in tiles', async () => {
    const sides: number[] = [];
    const networks = {
      model: { vaeFactor: 8 },
      decode: async (data: Float32Array, [channels, height, width]: readonly [number, number, number]) => {
        sides.push(Math.max(height, width));
        if (width > 64) throw new EngineError('out_of_memory', 'No room.');
        return {
          data: new Float32Array(3 * height * width * 64).fill(data[0] ?? channels),
          shape: [1, 3, 8 * height, 8 * width],
        };
      },
    } as unknown as Networks;
    const latents = { data: new Float32Array(4 * 96 * 96).fill(0.5), shape: [4, 96, 96] as const };
    const tiles = { wholePixels: 2 ** 20, beforeTile: async () => undefined };
    const decoded = await decodeLatents(networks, latents, tiles);
    expect(decoded.shape).toEqual([3, 768, 768]);
    expect(new Set(decoded.data)).toEqual(new Set([0.5]));
    expect(sides[0]).toBe(96);
    expect(Math.max(...sides.slice(1))).toBe(64);
    // No tile is smaller than that: then there is no room at all.
    const small = { data: new Float32Array(4 * 65), shape: [4, 1, 65] as const };
    await expect(decodeLatents(networks, small, tiles)).rejects.toThrow('No room.');
  });

  test('and so does the encoding of a picture', async () => {
    const sides: number[] = [];
    const networks = {
      model: { vaeFactor: 8 },
      encodeImage: async (_data: Float32Array, [, height, width]: readonly [number, number, number]) => {
        sides.push(Math.max(height, width));
        if (width > 512) throw new EngineError('out_of_memory', 'No room.');
        const moments = { data: new Float32Array((8 * height * width) / 64).fill(0.5) };
        return { ...moments, shape: [1, 8, height / 8, width / 8] };
      },
    } as unknown as Networks;
    const tiles = { wholePixels: 2 ** 20, beforeTile: async () => undefined };
    const picture = { data: new Float32Array(3 * 768 * 768), shape: [3, 768, 768] as const };
    const encoded = await encodePixels(networks, picture, tiles);
    expect(encoded.shape).toEqual([8, 96, 96]);
    expect(new Set(encoded.data)).toEqual(new Set([0.5]));
    expect([sides[0], Math.max(...sides.slice(1))]).toEqual([768, 512]);
  });

  test('whose numbers leave the range of halves is done again in float32, from then on', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'easel-overflow-'));
    await cp(tinyModel('tiny-half'), folder, { recursive: true });
    const file = join(folder, 'vae/diffusion_pytorch_model.fp16.safetensors');
    // What goes into a normalisation may be of any size, but halves end at 65504.
    const loud = ['decoder.conv_in.weight', 'decoder.conv_in.bias'];
    const changed = [...(await storedTensors(file))].map(([name, tensor]): [string, StoredTensor] => {
      return [name, loud.includes(name) ? scaled(tensor, 2 ** 17) : tensor];
    });
    await writeFile(file, encodeSafetensors(new Map(changed)));
    const model = await readModelFolder(folder);
    const exact = await openNetworks(model, { provider: 'cpu', threads: 1 });
    const halves = await openNetworks(model, {
      ...{ provider: 'cpu', threads: 1, capabilities: { attention: 'fused', float16: true } },
    });
    const latents = Float32Array.from({ length: 4 * 64 }, (_, i) => Math.sin(i * i * 0.7));
    const expected = (await exact.decode(latents, [4, 8, 8])).data;
    expect(expected.every(Number.isFinite)).toBe(true);
    for (let time = 0; time < 2; time += 1) {
      expect(relativeError((await halves.decode(latents, [4, 8, 8])).data, expected)).toBeLessThan(1e-6);
    }
    await Promise.all([exact.close(), halves.close()]);
    await rm(folder, { recursive: true });
  });
});

test('What the text encoder adds to its scores has a plane for each head, without which DirectML refuses it.', async () => {
  const model = await readModelFolder(tinyModel('tiny-linear'));
  const [{ config, network, weights }] = model.textEncoders;
  const form = { isNormalised: true, pools: false };
  const bytes = textEncoderGraph(config, await openWeights(network, weights), form);
  const { graph } = fromBinary(ModelProtoSchema, bytes);
  const biases = (graph?.node ?? [])
    .filter(({ opType }) => opType === 'MultiHeadAttention')
    .map(({ input }) => input[5]);
  expect(biases).toHaveLength(config.num_hidden_layers);
  const { num_attention_heads: heads, max_position_embeddings: positions } = config;
  for (const bias of biases) {
    const { dims } = graph?.initializer.find(({ name }) => name === bias) ?? {};
    expect(dims?.map(Number)).toEqual([1, heads, positions, positions]);
  }
});

describe('the scores of attention', () => {
  // On a processor they leave no range: ONNX Runtime computes halves there in float32, from one node to the next.
  test('are float32 in halves, too, where the model asks for it', async () => {
    const model = await readModelFolder(familyModel('tiny-v2'));
    const weights = await openWeights('unet', model.weights.unet);
    const target = { precision: 'float16', attention: 'fused' } as const;
    const widened = (upcast: boolean) => {
      const { graph } = fromBinary(
        ModelProtoSchema,
        unetGraph({ ...model.unet, upcast_attention: upcast }, weights, target),
      );
      const nodes = graph?.node ?? [];
      const wide = new Set(
        nodes
          .filter(
            ({ opType, attribute }) => opType === 'Cast' && attribute[0]?.i === BigInt(TensorProto_DataType.FLOAT),
          )
          .flatMap(({ output }) => output),
      );
      const attentions = nodes.filter(({ opType }) => opType === 'MultiHeadAttention');
      return attentions.map(({ input }) => input.slice(0, 3).every((name) => wide.has(name)));
    };
    expect(model.unet.upcast_attention).toBe(true);
    expect(widened(true).length).toBeGreaterThan(5);
    expect(new Set(widened(true))).toEqual(new Set([true]));
    expect(new Set(widened(false))).toEqual(new Set([false]));
  });
});

/** Half-precision numbers times a power of two, by their exponents. */
function scaled(tensor: StoredTensor, factor: number): StoredTensor {
  const step = Math.log2(factor) << 10;
  const halves = new Uint16Array(new Uint8Array(tensor.bytes).buffer).map((bits) => {
    const exponent = bits & 0x7c00;
    return exponent === 0 ? bits : (bits & 0x83ff) | Math.min(exponent + step, 0x7800);
  });
  return { ...tensor, bytes: new Uint8Array(halves.buffer) };
}

describe('a library of the GPU', () => {
  test('that is not there is named', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'easel-library-'));
    expect(missingLibrary(join(folder, 'libabsent.so.3'))).toBe('libabsent.so.3: cannot open shared object file');
    expect(missingLibrary(process.execPath)).toBeUndefined();
    await rm(folder, { recursive: true });
  });
});
