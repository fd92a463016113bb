import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { commands } from '../../commands/index.ts';
import { BUTTON_ACTIONS, encodeButtonId, needsWriteAccess, opensForm } from '../../src/core/button.ts';
import { type CommandRole, commandNamed } from '../../src/core/command.ts';
import { encodeFormId } from '../../src/core/form.ts';

const ROOM = join(import.meta.dirname, '../../src/platforms');
/** The command line is no channel: it has commands of its own. The API's schemas show examples of a body. */
const EXCEPT = /^cli\/|^web\/schemas\.ts$/;
/** Words that platforms use for something else: a channel, a log level, deleting a message, a tab. */
const OTHER_MEANINGS = ['channel', 'info', 'delete', 'show', 'home'];

const descriptions = commands.map(({ description }) => description);
const names = [...new Set([...descriptions.map(({ name }) => name), ...BUTTON_ACTIONS])];

function sources(): { readonly file: string; readonly text: string }[] {
  return readdirSync(ROOM, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(?:ts|js|html)$/.test(file) && !EXCEPT.test(file))
    .map((file) => ({ file, text: withoutComments(readFileSync(join(ROOM, file), 'utf8')) }));
}

const withoutComments = (text: string) => text.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$|<!--[\s\S]*?-->/gm, '');

/** `'queue'`, or `/queue` where a person would type it. */
function namesIn(text: string): string[] {
  return names.filter((name) => {
    const quoted = !OTHER_MEANINGS.includes(name) && new RegExp(`(['"\`])${name}\\1`).test(text);
    const typed = new RegExp(`(?:(?<=[\\s\`"(;])/|/easel )${name}\\b(?![\\w/.-])`).test(text);
    return quoted || typed;
  });
}

describe('platforms know no command by name', () => {
  it('finds a name where one stands', () => {
    expect(namesIn("const STANDALONE = 'imagine';")).toEqual(['imagine']);
    expect(namesIn('`Type /show there, or `/easel queue`.')).toEqual(['queue', 'show']);
    expect(namesIn("decodeButtonId(id)?.action === 'remix'")).toEqual(['remix']);
    expect(namesIn("import x from './imagine/queue.ts'; api.get('/channel', send)")).toEqual([]);
  });

  it('in any file', () => {
    const found = sources().flatMap(({ file, text }) => namesIn(text).map((name) => `${file}: ${name}`));
    expect(found).toEqual([]);
    expect(sources().length).toBeGreaterThan(100);
  });

  test.each<readonly [CommandRole, string]>([
    ['isDefault', 'imagine'],
    ['isHelp', 'help'],
    ['showsQueue', 'queue'],
    ['showsPictures', 'show'],
  ])('what %s is said by one command: %s', (role, name) => {
    expect(descriptions.filter((description) => description[role] === true)).toHaveLength(1);
    expect(commandNamed(descriptions, role)).toBe(name);
  });

  it('what a press may be answered with, and whether it writes, is said of the button', () => {
    const idOf = (action: (typeof BUTTON_ACTIONS)[number]) => encodeButtonId({ action, jobId: 'a', index: 0 });
    expect(BUTTON_ACTIONS.filter((action) => opensForm(idOf(action)))).toEqual(['remix']);
    expect(opensForm(encodeFormId({ form: 'settings' }))).toBe(true);
    expect(BUTTON_ACTIONS.filter((action) => !needsWriteAccess(idOf(action)))).toEqual(['cancel', 'delete']);
    expect(needsWriteAccess('unknown')).toBe(true);
  });
});
