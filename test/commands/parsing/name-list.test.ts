import { describe, expect, it } from 'vitest';
import { complete } from '../../../commands/complete.ts';
import { readLoras } from '../../../commands/imagine/loras.ts';
import { splitNames } from '../../../commands/parsing/name-list.ts';
import { ada, createCommandFixture, lobby } from '../command-fixture.ts';

const DECOMPOSED = 'cafe\u0301, dark';
const COMPOSED = DECOMPOSED.normalize('NFC');
const KNOWN = ['te', 'te,st1', 'te,st1,x', 'ink', 'ink wash', COMPOSED];

describe('a list of names', () => {
  it.each([
    ['ink, te', ['ink', 'te']],
    ['te,st1', ['te,st1']],
    ['te,st1:0.5, ink:-1', ['te,st1:0.5', 'ink:-1']],
    ['TE,ST1,X,ink', ['TE,ST1,X', 'ink']],
    ['te,st12', ['te', 'st12']],
    ['ink washes,ink wash', ['ink washes', 'ink wash']],
    [`${DECOMPOSED}:2,te`, [`${COMPOSED}:2`, 'te']],
    [' , ,ink,, ', ['ink']],
    ['', []],
  ])('"%s" is read as %j, the longest known name first', (typed, entries) => {
    expect(splitNames(typed, KNOWN)).toEqual(entries);
  });

  it('with weights gives LoRAs, whose names may have commas', () => {
    expect(readLoras('te,st1:0.5, other, ink', KNOWN)).toEqual([
      { name: 'te,st1', strengths: { textEncoder: 0.5, unet: 0.5 } },
      { name: 'other', strengths: { textEncoder: 1, unet: 1 } },
      { name: 'ink', strengths: { textEncoder: 1, unet: 1 } },
    ]);
  });

  it('is completed after a name with a comma, which is not offered again', async () => {
    const fixture = createCommandFixture();
    const engine = { ...fixture.context.engine, loras: ['te,st1', 'ink', 'inkwash'] };
    const typing = { user: ada, channel: lobby, command: 'imagine', option: 'lora', options: {} };
    const offer = async (typed: string) => {
      const offered = await complete({ ...typing, typed }, { ...fixture.context, engine });
      return offered.map(({ value }) => value);
    };
    expect(await offer('te,st1:0.5, ')).toEqual(['te,st1:0.5, ink', 'te,st1:0.5, inkwash']);
    expect(await offer('te,st1, inkw')).toEqual(['te,st1, inkwash']);
  });
});
