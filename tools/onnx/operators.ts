import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fromBinary } from '@bufbuild/protobuf';
import { AdapterSlots } from '../../engine/graph/adapter-slots.ts';
import { clipVisionGraph } from '../../engine/graph/clip-vision.ts';
import { shallowUnetGraph } from '../../engine/graph/shallow-unet.ts';
import { taesdDecoderGraph } from '../../engine/graph/taesd.ts';
import { textEncoderGraph } from '../../engine/graph/text-encoder.ts';
import { unetGraph } from '../../engine/graph/unet.ts';
import { vaeDecoderGraph, vaeEncoderGraph } from '../../engine/graph/vae.ts';
import { readConfig } from '../../engine/model/config-file.ts';
import { readModelFolder } from '../../engine/model/folder.ts';
import { safetyConfigSchema } from '../../engine/model/safety-config.ts';
import type { GraphTarget } from '../../engine/onnx/graph-target.ts';
import { type AttributeProto, ModelProtoSchema } from '../../engine/onnx/onnx_pb.ts';
import { readUpscaler } from '../../engine/upscalers/upscaler-file.ts';
import { readSafetensors } from '../../engine/weights/safetensors.ts';
import { WeightSet } from '../../engine/weights/weight-set.ts';
import { openWeights } from '../../engine/weights/weight-source.ts';

/** What an execution provider must have to run Easel's networks on anything but a CPU. */
export interface Operator {
  /** With its domain, where that is not ONNX's own. */
  readonly name: string;
  /** Each form of its attributes that occurs. */
  readonly attributes: readonly string[];
  /** The networks that it occurs in. */
  readonly networks: readonly string[];
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FIXTURES = join(ROOT, 'test/fixtures');
const SAFETY = join(FIXTURES, 'safety-checker');
const TARGETS: readonly GraphTarget[] = [
  { precision: 'float32', attention: 'fused' },
  { precision: 'float16', attention: 'fused' },
  { precision: 'float16', attention: 'plain' },
];

/** The operators of all graphs that are written for a GPU, of the embedded model and of every model of the tests. */
export async function listOperators(): Promise<readonly Operator[]> {
  const found = new Map<string, { attributes: Set<string>; networks: Set<string> }>();
  const add = (network: string, bytes: Uint8Array) => {
    for (const { opType, domain, attribute } of fromBinary(ModelProtoSchema, bytes).graph?.node ?? []) {
      const name = domain === '' ? opType : `${domain}.${opType}`;
      const entry = found.get(name) ?? { attributes: new Set(), networks: new Set() };
      entry.attributes.add(attribute.map(describe).join(' '));
      entry.networks.add(network);
      found.set(name, entry);
    }
  };
  for (const target of TARGETS) {
    for (const folder of await modelFolders()) await addModel(folder, target, add);
    for (const file of await filesIn('upscalers')) add('upscaler', (await readUpscaler(file)).graph(target));
    for (const file of await filesIn('taesd')) {
      const weights = new WeightSet(await readSafetensors(file), file);
      add('taesd', taesdDecoderGraph(weights, file, target));
    }
    const { vision_config, projection_dim } = await readConfig(join(SAFETY, 'config.json'), safetyConfigSchema);
    const file = join(SAFETY, 'model.safetensors');
    const weights = new WeightSet(await readSafetensors(file), file);
    add('safety checker', clipVisionGraph(vision_config, projection_dim, weights, target));
  }
  return [...found]
    .map(([name, { attributes, networks }]) => ({ name, attributes: [...attributes].sort(), networks: [...networks] }))
    .sort((a, b) => a.name.localeCompare(b.name, 'en'));
}

async function addModel(folder: string, target: GraphTarget, add: (network: string, bytes: Uint8Array) => void) {
  const model = await readModelFolder(folder);
  const slots = () => new AdapterSlots('all');
  for (const files of model.textEncoders) {
    const { network, weights, config } = files;
    const pools = model.unet.addition !== undefined && files === model.textEncoders.at(-1);
    const form = { isNormalised: model.family.text.isNormalised, pools };
    add('text encoder', textEncoderGraph(config, await openWeights(network, weights), form, target, slots()));
  }
  const unet = await openWeights('unet', model.weights.unet);
  add('UNet', unetGraph(model.unet, unet, target, slots()));
  add('UNet', shallowUnetGraph(model.unet, unet, target, slots()));
  const vae = await openWeights('vae', model.weights.vae);
  add('VAE', vaeDecoderGraph(model.vae, vae, target));
  add('VAE', vaeEncoderGraph(model.vae, vae, target));
}

async function modelFolders(): Promise<string[]> {
  const kinds = [join(FIXTURES, 'models'), join(FIXTURES, 'families')];
  const found = await Promise.all(
    kinds.map(async (kind) => (await readdir(kind)).sort().map((name) => join(kind, name))),
  );
  return [join(ROOT, 'models/sketch'), ...found.flat()];
}

async function filesIn(folder: string): Promise<string[]> {
  const names = await readdir(join(FIXTURES, folder), { recursive: true });
  return names
    .filter((name) => name.endsWith('.safetensors'))
    .sort()
    .map((name) => join(FIXTURES, folder, name));
}

function describe({ name, i, f, s, ints }: AttributeProto): string {
  const text = s.length > 0 ? new TextDecoder().decode(s) : undefined;
  const value = ints.length > 0 ? `[${ints.join(',')}]` : (text ?? (f === 0 ? i : Number(f.toPrecision(3))));
  return `${name}=${value}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const { name, attributes, networks } of await listOperators()) {
    process.stdout.write(`${name}: ${networks.join(', ')}\n`);
    for (const form of attributes) if (form !== '') process.stdout.write(`    ${form}\n`);
  }
}
