import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { GenerationSpec } from '../../../engine/generation-spec.ts';
import { openLoras } from '../../../engine/lora/open-loras.ts';
import { readModelFolder } from '../../../engine/model/folder.ts';
import { type Networks, openNetworks } from '../../../engine/networks/networks.ts';
import type { UnetCall } from '../../../engine/networks/unet-call.ts';
import { Batcher } from '../../../engine/pipeline/batcher.ts';
import { startPicture } from '../../../engine/pipeline/start-denoising.ts';
import { encodePrompts } from '../../../engine/pipeline/text.ts';
import { EXACT, SPEED_PLANS, type SpeedPlan, workShare } from '../../../engine/spec/speed-plan.ts';
import { golden, goldenTensors, relativeError, TINY_MODELS, tinyModel } from '../goldens.ts';

const CPU = { provider: 'cpu', threads: 1 } as const;
const wave = (length: number) => Float32Array.from({ length }, (_, i) => Math.sin(i * i * 0.7));

interface StrideCase {
  readonly model: string;
  readonly timesteps: readonly number[];
  readonly latents: string;
  readonly context: string;
  readonly output: string;
}

describe.each(TINY_MODELS)('%s', (name) => {
  let networks: Networks;
  beforeAll(async () => {
    networks = await openNetworks(await readModelFolder(tinyModel(name)), CPU);
  });
  afterAll(() => networks.close());

  test('self-attention with fewer keys agrees with torch', async () => {
    const { cases, keyStride } = golden<{ cases: StrideCase[]; keyStride: number }>('unet-key-stride');
    const tensor = await goldenTensors('unet-key-stride');
    const own = cases.filter(({ model }) => model === name);
    expect(own).toHaveLength(2);
    for (const { latents, timesteps, context, output } of own) {
      const { shape, floats } = tensor(latents);
      const [batch = 0, channels = 0, height = 0, width = 0] = shape;
      const call: UnetCall = {
        ...{ batch, sample: floats, shape: [channels, height, width], context: tensor(context).floats },
        timesteps: Float32Array.from(timesteps),
      };
      expect(relativeError(await networks.predict({ ...call, keyStride }), tensor(output).floats)).toBeLessThan(1e-4);
      expect(relativeError(await networks.predict(call), tensor(output).floats)).toBeGreaterThan(1e-3);
    }
  });

  test("the outermost layers on a call's own features give what the whole call gives", async () => {
    for (const keyStride of [1, 2]) await expectSameFromFeatures(networks, { ...(await callOf(networks)), keyStride });
  });
});

test.each(['ink', 'wash'])('the outermost layers know the LoRA %s', async (lora) => {
  const networks = await openNetworks(await readModelFolder(tinyModel('tiny-conv')), CPU);
  const file = fileURLToPath(new URL(`../../fixtures/loras/${lora}.safetensors`, import.meta.url));
  const places = { loras: new Map([[lora, file]]), loraPaths: new Map<string, string>() };
  const loras = await openLoras([{ name: lora, strengths: { textEncoder: 1, unet: 1 } }], places, {
    layersPerBlock: 2,
  });
  const changed = await networks.withLoras(loras);
  const call = await callOf(networks);
  await expectSameFromFeatures(changed, call);
  const { deep } = await changed.predictAndKeep(call);
  expect(relativeError(await networks.predictFrom(deep, call), await changed.predict(call))).toBeGreaterThan(1e-3);
  await networks.close();
});

test('the outermost layers run in int8', async () => {
  const options = { ...CPU, precision: 'int8' } as const;
  const networks = await openNetworks(await readModelFolder(tinyModel('tiny-conv')), options);
  await expectSameFromFeatures(networks, await callOf(networks));
  await networks.close();
});

async function callOf(networks: Networks): Promise<UnetCall> {
  const text = await networks.encodeText('a red fox', { syntax: 'plain', clipSkip: 1 });
  return {
    ...{ batch: 2, sample: wave(2 * 4 * 9 * 8), shape: [4, 9, 8], timesteps: Float32Array.of(981, 20) },
    context: Float32Array.of(...text, ...text),
  };
}

async function expectSameFromFeatures(networks: Networks, call: UnetCall): Promise<void> {
  const { prediction, deep } = await networks.predictAndKeep(call);
  expect(relativeError(prediction, await networks.predict(call))).toBe(0);
  expect(relativeError(await networks.predictFrom(deep, call), prediction)).toBeLessThan(1e-5);
}

describe('pictures of several speeds drawn together', () => {
  const SPEC: GenerationSpec = {
    ...{ prompt: 'a fox', negative: '', width: 64, height: 64, steps: 10, guidance: 5, model: 'tiny-conv' },
    ...{ sampler: 'ddim', seed: 1, count: 1, variations: [] },
  };
  const plans = {
    ...SPEED_PLANS,
    'half of the calls': { ...EXACT, wholeEvery: 2 },
    'half of the guidance': { ...EXACT, guidedShare: 0.5 },
  };
  const prompts = ['a fox', 'a [fox:hen:0.5]', 'a fox AND a hen'];
  let networks: Networks;
  /** Of each UNet call: its kind and its rows. */
  let calls: string[] = [];
  beforeAll(async () => {
    const own = await openNetworks(await readModelFolder(tinyModel('tiny-conv')), CPU);
    const noted = <T>(kind: string, call: UnetCall, result: Promise<T>) => {
      calls.push(`${kind} ${call.batch}`);
      return result;
    };
    networks = {
      ...own,
      predict: (call) => noted('whole', call, own.predict(call)),
      predictAndKeep: (call) => noted('whole', call, own.predictAndKeep(call)),
      predictFrom: (deep, call) => noted('outer', call, own.predictFrom(deep, call)),
    };
  });
  afterAll(() => networks.close());

  const shape = [4, 8, 8] as const;
  const start = async (prompt: string, plan: SpeedPlan) => {
    const spec = { ...SPEC, prompt };
    const text = await encodePrompts(networks, spec, async () => {});
    return startPicture(networks.model, spec, shape, text, { init: undefined, surroundings: undefined }, plan);
  };
  const draw = async (denoisers: readonly Awaited<ReturnType<typeof start>>[]) => {
    calls = [];
    await new Batcher().denoise({
      ...{ networks, denoisers, shape, maxRows: 40 },
      beforeStep: async () => {},
      refuseCancelled: () => {},
      afterStep: () => {},
    });
    return denoisers.map(({ sample }) => sample);
  };

  test('are those that each would be alone', async () => {
    const wanted = prompts.flatMap((prompt) => Object.values(plans).map((plan) => [prompt, plan] as const));
    const together = await draw(await Promise.all(wanted.map(([prompt, plan]) => start(prompt, plan))));
    const callsTogether = calls.length;
    let callsAlone = 0;
    for (const [i, [prompt, plan]] of wanted.entries()) {
      const [alone = []] = await draw([await start(prompt, plan)]);
      callsAlone += calls.length;
      expect(relativeError(together[i] ?? [], alone), `${prompt} ${JSON.stringify(plan)}`).toBeLessThan(1e-4);
    }
    expect(callsTogether).toBeLessThan(callsAlone / 3);
  });

  test('call the whole UNet as often as the plan says, and without the negative prompt at the end', async () => {
    await draw([await start('a fox', { exactShare: 0.2, wholeEvery: 3, guidedShare: 0.5, keyStride: 2 })]);
    expect(calls).toEqual([
      ...['whole 2', 'whole 2', 'outer 2', 'whole 2', 'outer 2'],
      ...['outer 1', 'whole 1', 'outer 1', 'outer 1', 'whole 1'],
    ]);
  });

  test('call the whole UNet when the prompt becomes another', async () => {
    await draw([await start('a [fox:hen:0.4]', { ...EXACT, wholeEvery: 10 })]);
    expect(calls.map((call) => call.split(' ')[0]).join(' ')).toBe(
      'whole outer outer outer outer whole outer outer outer outer',
    );
  });
});

test('the work of a picture is what its plan leaves of it', () => {
  const spec = (speed?: GenerationSpec['speed']) => ({ ...(speed && { speed }) }) as GenerationSpec;
  expect(workShare(spec(), 2)).toBe(1);
  expect(workShare(spec('exact'), 3)).toBe(1);
  expect(workShare(spec('balanced'), 2)).toBeLessThan(workShare(spec('balanced'), 1));
  expect(workShare(spec('fast'), 2)).toBeLessThan(workShare(spec('balanced'), 2));
});
