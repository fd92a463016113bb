import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/*
 * Easel and its peers on one model of real size, each in a process of its own, one after the other:
 *
 *     python -m venv .venv && .venv/bin/pip install -r tools/bench/peers/requirements.txt
 *     python tools/golden/full_size.py --tokenizer models/sketch/tokenizer --out /tmp/easel-full-size
 *     npx tsx tools/bench/peers/run.ts --model /tmp/easel-full-size/v1-4 --python .venv/bin/python
 *
 * A row: seconds to load, for a guided step at 512×512 (the mean of all), for a decode, and for a picture of 25 steps,
 * which is 25 of those steps and a decode; and the most memory. Leave the machine alone meanwhile.
 */

const { values: flags } = parseArgs({
  options: {
    model: { type: 'string', default: '' },
    python: { type: 'string', default: 'python3' },
    steps: { type: 'string', default: '10' },
    only: { type: 'string', multiple: true },
  },
});

interface Row {
  readonly peer: string;
  readonly load: number;
  readonly step: number;
  readonly decode: number;
  readonly peakGB: number;
}

const PICTURE_STEPS = 25;
const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const easel = (precision: string, speed: string) => () =>
  run(process.execPath, [
    ...['--import', 'tsx', here('easel.ts'), '--model', flags.model],
    ...['--precision', precision, '--speed', speed, '--steps', flags.steps],
  ]);
const peer = (name: string) => () =>
  run(flags.python, [here('peer.py'), '--model', flags.model, '--peer', name, '--steps', '5']);

const ways: Readonly<Record<string, () => Row>> = {
  'Easel, float32': easel('float32', 'exact'),
  'Easel, int8': easel('int8', 'exact'),
  'Easel, int8, balanced': easel('int8', 'balanced'),
  'Easel, int8, fast': easel('int8', 'fast'),
  'torch, float32': peer('torch-float32'),
  'torch, bfloat16': peer('torch-bfloat16'),
  'OpenVINO, float32': peer('openvino-float32'),
  'OpenVINO, bfloat16': peer('openvino-bfloat16'),
};

function run(command: string, args: readonly string[]): Row {
  const output = execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return JSON.parse(output.trim().split('\n').at(-1) ?? '') as Row;
}

process.stdout.write(`${cpus().length} × ${cpus()[0]?.model}\n\n`);
process.stdout.write(
  '| | load | guided step | decode | picture of 25 steps | memory |\n| --- | ---: | ---: | ---: | ---: | ---: |\n',
);
for (const [name, measure] of Object.entries(ways)) {
  if (flags.only !== undefined && !flags.only.includes(name)) continue;
  const { load, step, decode, peakGB } = measure();
  const picture = PICTURE_STEPS * step + decode;
  const cells = [`${load.toFixed(1)} s`, `${step.toFixed(2)} s`, `${decode.toFixed(1)} s`, `${picture.toFixed(0)} s`];
  process.stdout.write(`| ${name} | ${[...cells, `${peakGB.toFixed(1)} GB`].join(' | ')} |\n`);
}
