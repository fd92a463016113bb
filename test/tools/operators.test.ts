import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { listOperators } from '../../tools/onnx/operators.ts';

test('docs/gpu.md says of every operator of the graphs whether DirectML and CoreML have it.', async () => {
  const table = readFileSync(new URL('../../docs/gpu.md', import.meta.url), 'utf8')
    .split('## DirectML and CoreML')
    .at(-1);
  const operators = (await listOperators()).map(({ name }) => name);
  expect(operators.length).toBeGreaterThan(30);
  expect(operators.filter((name) => table?.includes(`\`${name}\``) !== true)).toEqual([]);
});
