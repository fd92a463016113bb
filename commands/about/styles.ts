import { listNames } from '../../engine/index.ts';
import { code, type RichText, strong, text } from '../../src/core/reply.ts';
import type { Style } from '../../src/core/style.ts';
import type { Command } from '../context.ts';
import { shorten } from '../parsing/limits.ts';
import { readChoice } from '../parsing/values.ts';
import { privateReply } from '../replies.ts';

/** Longer lists are names alone: a line each would be longer than a message may be. */
const MAX_LISTED = 20;
const MAX_NAMES = 120;
const MAX_NAMES_LENGTH = 1500;
const MAX_SHOWN = 600;

export const styles: Command = {
  description: {
    name: 'styles',
    description: 'List the styles, or show one of them',
    options: [
      {
        name: 'style',
        aliases: [],
        description: 'The style to show; leave out for a list',
        type: 'string',
        required: false,
        freeText: true,
        completes: true,
        example: 'watercolour',
      },
    ],
  },
  async run(request, context) {
    const all = context.styles;
    const typed = String(request.options.style ?? request.text).trim();
    if (typed === '') return privateReply(list(all));
    const names = all.map(({ name }) => name);
    const chosen = readChoice('style', typed, names);
    return privateReply(all.filter(({ name }) => name === chosen).flatMap(describe));
  },
};

function list(all: readonly Style[]): RichText[] {
  const head: RichText = [
    text('Add '),
    code('--style NAME'),
    text(' after your prompt, or set one with '),
    code('/settings'),
  ];
  if (all.length <= MAX_LISTED) {
    return [head, ...all.map(({ name, about }): RichText => [code(name), text(about === '' ? '' : ` ${about}`)])];
  }
  return [
    head,
    [
      text(
        listNames(
          all.map(({ name }) => name),
          MAX_NAMES,
          MAX_NAMES_LENGTH,
        ),
      ),
    ],
    [text('All of them are suggested while you type.')],
  ];
}

function describe({ name, about, prompt, negative }: Style): RichText[] {
  return [
    [strong(name), text(about === '' ? '' : ` – ${about}`)],
    [text('Prompt: '), code(shorten(prompt, MAX_SHOWN))],
    ...(negative === '' ? [] : [[text('Negative prompt: '), code(shorten(negative, MAX_SHOWN))]]),
  ];
}
