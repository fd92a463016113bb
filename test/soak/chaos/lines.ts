import type { Dice } from './dice.ts';

const SMALL = '--width 64 --height 64 --count 1';

/** What a channel in which `gore` and `dead body` are blocked must refuse, in whatever way it is written. */
export const BLOCKED = ['gore', 'dead body'];
const EVASIONS = [
  'g()ore',
  'g(ore:1)',
  'go\\re',
  '[g:g:0.5]ore',
  '[gor:0]e',
  'dead [x:body:0]',
  'g<lora:x:1>ore',
  '[a cat:[a dog|gore]:0.9]',
  'dead BREAK body',
  'DE\u0336AD body',
];
/** In a prompt of these nothing may ever be drawn. */
export const EVADES = 'chaosevade';

/** Numbers out of all bounds, and texts that are too long. */
const HUGE = [
  '--steps 99999999',
  '--width 999999 --height 999999',
  '--seed 99999999999999999999999999',
  '--count 100000',
  '--guidance 1e309',
  '--strength -5',
  '--hires-fix 1e99',
  `--style ${'x'.repeat(3000)}`,
  `--model ${'../'.repeat(500)}`,
];

/** A request of a person who means well. */
export function honestLine(dice: Dice, marker: string): string {
  return `/imagine ${marker} a red circle --steps ${2 + dice.below(3)} ${SMALL}`;
}

/** What people ask beside pictures. */
export function smallTalk(dice: Dice): string {
  const settings = `/settings --count ${1 + dice.below(2)}`;
  return dice.pick(['/queue', '/help', settings, '/settings', '/cancel', '/styles', '/models']);
}

export type HostileKind = 'load' | 'evasion' | 'huge' | 'tiny';

/** A request of a person who means ill. @param marker stands in its prompt */
export function hostileLine(dice: Dice, kind: HostileKind, marker: string): string {
  switch (kind) {
    case 'load':
      return `/imagine ${marker} ${alternations(1500)} --steps 2 ${SMALL}`;
    case 'evasion':
      return `/imagine ${EVADES} ${marker} ${dice.pick(EVASIONS)} --steps 1 ${SMALL}`;
    case 'huge':
      return `/imagine ${marker} ${dice.pick(HUGE)}`;
    case 'tiny':
      return `/imagine ${marker} --steps 1 ${SMALL}`;
  }
}

/** Each step has a text of its own, in as many chunks as fit. */
function alternations(length: number): string {
  let text = '';
  for (let count = 0; text.length < length; count += 1) text += `[a${count}|b${count}|c${count}] BREAK `;
  return text.slice(0, length);
}
