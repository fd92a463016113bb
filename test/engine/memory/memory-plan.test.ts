import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { SD1 } from '../../../engine/families/sd1.ts';
import {
  createEngine,
  type EngineTask,
  type GenerationSpec,
  isEngineError,
  type Phase,
} from '../../../engine/index.ts';
import type { Footprint } from '../../../engine/memory/footprint.ts';
import { type MemoryRules, planMemory } from '../../../engine/memory/memory-plan.ts';
import { availableCores, availableMemory, type ReadFile } from '../../../engine/runtime/machine.ts';
import { createRuntime } from '../../../engine/runtime/runtime.ts';
import { tinyModel } from '../goldens.ts';

/** Stable Diffusion 1.4 in single precision. */
const V1_4: Footprint = {
  ...{ textEncoders: [492e6], unet: 3438e6, vaeDecoder: 198e6, vaeEncoder: 137e6, safetyChecker: 0 },
  windows: SD1.latents,
  unetWorkPerLatent: 82e6,
  alwaysEncodes: false,
  ...{ unetPerLatent: 320 * 4 * 42, vaePerPixel: 128 * 4 * 8, vaeFactor: 8, textChunk: 77 * 768 * 4 },
};
const SPEC: GenerationSpec = {
  ...{ prompt: 'a fox', negative: '', width: 512, height: 512, steps: 2, guidance: 7.5, sampler: 'ddim' },
  ...{ model: 'tiny-conv', seed: 3, count: 1, variations: [] },
};
const generate = (changes: Partial<GenerationSpec> = {}): EngineTask => ({
  kind: 'generate',
  spec: { ...SPEC, ...changes },
});
const rules = (gigabytes: number | undefined, offload = false): MemoryRules => ({
  limit: gigabytes === undefined ? undefined : gigabytes * 1e9,
  offload,
  maxRows: 8,
});

function refusalOf(task: EngineTask, rules: MemoryRules, footprint = V1_4): string | undefined {
  try {
    planMemory(task, footprint, rules);
    return undefined;
  } catch (error) {
    if (isEngineError(error) && error.code === 'out_of_memory') return error.message;
    throw error;
  }
}

describe('the memory that a task needs', () => {
  test('is planned in full where there is enough', () => {
    const plan = planMemory(generate(), V1_4, rules(undefined));
    expect(plan).toMatchObject({ maxRows: 8, wholePixels: 1024 * 1024 });
    expect(plan.peak / 1e9).toBeGreaterThan(5);
    expect(plan.peak / 1e9).toBeLessThan(6.5);
  });

  test('is brought below a limit by smaller calls first, then by tiles', () => {
    const large = generate({ width: 1024, height: 1024, count: 4 });
    expect(planMemory(large, V1_4, rules(14)).maxRows).toBeLessThan(8);
    expect(planMemory(large, V1_4, rules(14)).wholePixels).toBe(1024 * 1024);
    expect(planMemory(large, V1_4, rules(7)).wholePixels).toBe(512 * 512);
  });

  test('is a good gigabyte less with one network at a time', () => {
    const { peak } = planMemory(generate(), V1_4, rules(undefined));
    expect(planMemory(generate(), V1_4, rules(undefined, true)).peak).toBeLessThan(peak - 1e9);
  });

  test('is refused where there is not, with the largest size that fits', () => {
    expect(refusalOf(generate({ width: 1024, height: 768 }), rules(5.6))).toMatch(
      /^A picture of 1024×768 would need \d\.\d GB of memory, but only 5\.6 GB are available; the largest size with this aspect ratio that fits is 512×384\.$/,
    );
    expect(refusalOf(generate(), rules(4.2))).toMatch(/no size fits: set EASEL_LOW_MEMORY=yes, or use/);
    expect(refusalOf(generate(), rules(2, true))).toMatch(/no size fits: use a smaller model/);
    const upscaled = (upscaler?: string): EngineTask => ({
      ...{ kind: 'upscale', source: generate(), factor: 2, strength: 0, mode: 'lanczos' },
      ...(upscaler !== undefined && { upscaler }),
    });
    const peakOf = (task: EngineTask) => planMemory(task, V1_4, rules(undefined)).peak;
    expect(peakOf(upscaled('sharp')) - peakOf(upscaled())).toBe(700 * 2 ** 20);
    const large: Footprint = { ...V1_4, inInt8: { textEncoders: [200e6], unet: 832e6 } };
    const advice = (gigabytes: number) => refusalOf(generate(), rules(gigabytes), large);
    expect(advice(4.2)).toMatch(/set EASEL_LOW_MEMORY=yes, or use/);
    expect(advice(2.9)).toMatch(/set EASEL_PRECISION=int8, or use/);
    expect(advice(1.9)).toMatch(/set EASEL_PRECISION=int8 and EASEL_LOW_MEMORY=yes, or use/);
    expect(advice(0.9)).toMatch(/no size fits: use a smaller model/);
  });

  test('counts the LoRAs', () => {
    const withLoras = (bytes: number, gigabytes: number) => () =>
      planMemory(generate({ width: 1024, height: 1024 }), V1_4, rules(gigabytes), { adapters: bytes });
    expect(withLoras(300e6, 20)().peak - withLoras(0, 20)().peak).toBe(300e6);
    expect(withLoras(0, 6.6)).not.toThrow();
    expect(withLoras(1e9, 6.6)).toThrow(/^A picture of 1024×1024 with these LoRAs would need/);
    expect(withLoras(3e9, 6.6)).toThrow(/the request fits without the LoRAs\.$/);
  });

  test('keeps to every limit, and what a refusal names does fit', () => {
    const side = fc.integer({ min: 8, max: 256 }).map((eighths) => eighths * 8);
    const tasks = fc.record({ width: side, height: side, count: fc.integer({ min: 1, max: 4 }) }).map(generate);
    fc.assert(
      fc.property(tasks, fc.double({ min: 1, max: 20, noNaN: true }), fc.boolean(), (task, gigabytes, offload) => {
        const message = refusalOf(task, rules(gigabytes, offload));
        if (message === undefined) {
          expect(planMemory(task, V1_4, rules(gigabytes, offload)).peak).toBeLessThanOrEqual(gigabytes * 1e9);
          return;
        }
        const [, width, height] = /that fits is (\d+)×(\d+)/.exec(message) ?? [];
        if (width === undefined) return;
        const smaller = generate({ width: Number(width), height: Number(height) });
        expect(refusalOf(smaller, rules(gigabytes, offload))).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });
});

describe('what a process may use', () => {
  const machine =
    (files: Readonly<Record<string, string>>): ReadFile =>
    (path) =>
      files[path];

  test('is what is free', () => {
    expect(availableMemory(machine({ '/proc/meminfo': 'MemFree: 1 kB\nMemAvailable:    2048 kB\n' }), 'linux')).toBe(
      2 ** 21,
    );
  });

  test('is a container’s share, in which cached files do not count', () => {
    const files = {
      '/proc/meminfo': 'MemAvailable:  99999999 kB\n',
      '/sys/fs/cgroup/memory.max': '1000000\n',
      '/sys/fs/cgroup/memory.current': '700000\n',
      '/sys/fs/cgroup/memory.stat': 'anon 1\nactive_file 200000\ninactive_file 100000\n',
    };
    expect(availableMemory(machine(files), 'linux')).toBe(600_000);
    const older = {
      '/proc/meminfo': 'MemAvailable:  99999999 kB\n',
      '/sys/fs/cgroup/memory/memory.limit_in_bytes': '1000000\n',
      '/sys/fs/cgroup/memory/memory.usage_in_bytes': '900000\n',
      '/sys/fs/cgroup/memory/memory.stat': 'total_active_file 0\ntotal_inactive_file 50000\n',
    };
    expect(availableMemory(machine(older), 'linux')).toBe(150_000);
    expect(availableMemory(machine({ ...files, '/sys/fs/cgroup/memory.max': 'max\n' }), 'linux')).toBe(99999999 * 1024);
  });

  test('is as many cores as its quota has, and never none', () => {
    expect(availableCores(machine({ '/sys/fs/cgroup/cpu.max': '150000 100000\n' }), 64)).toBe(2);
    expect(availableCores(machine({ '/sys/fs/cgroup/cpu.max': '1000 100000\n' }), 64)).toBe(1);
    expect(availableCores(machine({ '/sys/fs/cgroup/cpu.max': 'max 100000\n' }), 64)).toBe(64);
    expect(availableCores(machine({}))).toBe(availableParallelism());
  });
});

describe('the engine with little memory', () => {
  const small = generate({ width: 64, height: 64, sampler: 'euler_a', count: 2 });
  const plain = createRuntime({ modelSources: [tinyModel('tiny-conv')], threads: 1 });
  const frugal = createRuntime({ modelSources: [tinyModel('tiny-conv')], threads: 1, offload: true });
  afterAll(() => Promise.all([plain.close(), frugal.close()]));

  test('draws the same pictures with one network at a time, several tasks in turn', async () => {
    const expected = (await plain.run(small)).pictures.map(({ rgb }) => rgb);
    const phases: Phase[] = [];
    const both = await Promise.all([
      frugal.run(small, { onProgress: ({ phase }) => phases.push(phase) }),
      frugal.run(small, { onProgress: ({ phase }) => phases.push(phase) }),
    ]);
    for (const { pictures } of both) expect(pictures.map(({ rgb }) => rgb)).toEqual(expected);
    // The second task loads at once and then waits: what is in memory serves one after the other.
    const steps = phases.filter((phase) => phase !== 'loading');
    expect(steps.lastIndexOf('encoding')).toBeGreaterThan(steps.indexOf('decoding'));
    expect((await frugal.describe()).slots).toBe(1);
  });

  test('adds LoRAs to the network that is in memory, and takes them away again', async () => {
    const root = await mkdtemp(join(tmpdir(), 'easel-memory-'));
    await symlink(tinyModel('tiny-conv'), join(root, 'tiny-conv'));
    await symlink(fileURLToPath(new URL('../../fixtures/loras', import.meta.url)), join(root, 'Lora'));
    const engines = [false, true].map((offload) => createRuntime({ modelSources: [root], threads: 1, offload }));
    const drawn = [];
    for (const engine of engines) {
      const rgbs: Uint8Array[] = [];
      for (const prompt of ['a fox', 'a fox<lora:ink:1><lora:wash:0.5>', 'a fox']) {
        const { pictures } = await engine.run(generate({ width: 64, height: 64, prompt }));
        rgbs.push(...pictures.map(({ rgb }) => rgb));
      }
      drawn.push(rgbs);
      await engine.close();
    }
    expect(drawn[1]).toEqual(drawn[0]);
    expect(drawn[1]?.[1]).not.toEqual(drawn[1]?.[0]);
    await rm(root, { recursive: true });
  });

  test('refuses what cannot fit before it loads anything, by the host’s sentence', async () => {
    const engine = createEngine({ modelSources: [tinyModel('tiny-conv')], memoryLimit: 400e6 });
    const phases: Phase[] = [];
    const refused = engine.run(generate({ width: 2048, height: 2048 }), {
      onProgress: ({ phase }) => phases.push(phase),
    });
    await expect(refused).rejects.toMatchObject({
      code: 'out_of_memory',
      message: expect.stringMatching(/^A picture of 2048×2048 would need 0\.\d GB .* that fits is \d+×\d+\.$/),
    });
    expect(phases).toEqual([]);
    expect((await engine.run(small)).pictures).toHaveLength(2);
    await engine.close();
  });

  test('says what a model takes by default', async () => {
    const { models, execution } = await plain.describe();
    expect(models[0]?.memoryBytes).toBeGreaterThan(200e6);
    expect(models[0]?.memoryBytes).toBeLessThan(execution?.memoryLimit ?? 0);
  });
});
