import { basename, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { GenerationSpec, Speed } from '../../../engine/generation-spec.ts';
import { createRuntime } from '../../../engine/runtime/runtime.ts';

/** One way of Easel's to draw one picture, as a line of JSON: see run.ts. */

const { values: flags } = parseArgs({
  options: {
    model: { type: 'string', default: '' },
    precision: { type: 'string', default: 'float32' },
    speed: { type: 'string', default: 'exact' },
    steps: { type: 'string', default: '10' },
  },
});

const precision = flags.precision === 'int8' ? 'int8' : 'float32';
const engine = createRuntime({ modelSources: [resolve(flags.model)], precision, previewEvery: 0 });
const spec: GenerationSpec = {
  ...{ prompt: 'a photo of an astronaut', negative: '', width: 512, height: 512, guidance: 7.5, sampler: 'ddim' },
  ...{ steps: Number(flags.steps), seed: 1, model: basename(flags.model), count: 1, variations: [] },
  speed: flags.speed as Speed,
};
const { timings, peakBytes = 0 } = await engine.run({ kind: 'generate', spec });
// The first decode prepares what the next one finds.
const again = await engine.run({ kind: 'generate', spec: { ...spec, steps: 1 } });
await engine.close();
const step = timings.stepMs.reduce((sum, ms) => sum + ms, 0) / timings.stepMs.length / 1000;
const seconds = { load: timings.loadMs / 1000, step, decode: again.timings.decodeMs / 1000 };
process.stdout.write(
  `${JSON.stringify({ peer: `easel-${precision}-${flags.speed}`, ...seconds, peakGB: peakBytes / 1e9 })}\n`,
);
