// @ts-check

/**
 * @typedef {import('../../../core/command.ts').CommandDescription} CommandDescription
 * @typedef {import('../../../core/command.ts').OptionDescription} OptionDescription
 * @typedef {{ label: string, insert: string, detail: string, description: string }} CompletionItem
 *   `insert` replaces the text between `from` and `to`
 * @typedef {{ command: string, option: string, typed: string }} Typing
 * @typedef {{ from: number, to: number, items: readonly CompletionItem[], hint: string, ask?: Typing, isOffer?: boolean }} Completion
 *   `ask`: what the server may know more of; `isOffer`: what is typed may also be sent as it stands
 */

/** @type {Completion} */
const NOTHING = { from: 0, to: 0, items: [], hint: '' };

/**
 * What could stand at the caret: commands after `/`, options after `--`, an option's values after it.
 * @param {string} text
 * @param {number} caret
 * @param {readonly CommandDescription[]} commands
 * @returns {Completion}
 */
export function complete(text, caret, commands) {
  const before = text.slice(0, caret);
  const typed = /^\/(\S*)$/.exec(before);
  if (typed !== null) return completeCommand(typed[1] ?? '', text, commands);
  const name = /^\/(\S+)\s/.exec(before)?.[1]?.toLowerCase();
  const command = commands.find((one) => one.name === name);
  if (command === undefined) return NOTHING;
  const flag = /(?:^|\s)--([a-z0-9-]*)$/i.exec(before);
  if (flag !== null) return completeFlag(flag[1] ?? '', text, caret, command);
  const value = /(?:^|\s)--([a-z0-9-]+)[\s=]+(\S*)$/i.exec(before);
  if (value !== null) return completeValue(value[1] ?? '', value[2] ?? '', text, caret, command);
  return completeText(text, before, command);
}

/**
 * The free text of a command, where a value of its list may stand.
 * @param {string} text
 * @param {string} before
 * @param {CommandDescription} command
 * @returns {Completion}
 */
function completeText(text, before, command) {
  const hint = usageOf(command, before);
  const free = command.options.find((option) => option.freeText);
  if (free?.completes !== true) return { ...NOTHING, hint };
  const typed = before.replace(/^\/\S+\s+/, '');
  const from = before.length - typed.length;
  const ask = { command: command.name, option: free.name, typed };
  return { from, to: text.length, items: [], hint, ask, isOffer: true };
}

/**
 * @param {string} typed
 * @param {string} text
 * @param {readonly CommandDescription[]} commands
 * @returns {Completion}
 */
function completeCommand(typed, text, commands) {
  const items = commands
    .filter((command) => command.name.startsWith(typed.toLowerCase()))
    .map((command) => ({
      label: `/${command.name}`,
      insert: command.options.length > 0 ? `/${command.name} ` : `/${command.name}`,
      detail: command.options
        .filter((option) => option.required)
        .map((option) => option.name)
        .join(' '),
      description: command.description,
    }));
  return { from: 0, to: wordEnd(text, typed.length + 1), items, hint: '' };
}

/**
 * @param {string} typed
 * @param {string} text
 * @param {number} caret
 * @param {CommandDescription} command
 * @returns {Completion}
 */
function completeFlag(typed, text, caret, command) {
  const from = caret - typed.length - 2;
  const used = new Set(
    [...(text.slice(0, from) + text.slice(caret)).matchAll(/--([a-z0-9-]+)/gi)].map((use) => use[1]),
  );
  const items = command.options.flatMap((option) => {
    if (option.freeText || namesOf(option).some((name) => used.has(name))) return [];
    const name = namesOf(option).find((one) => one.startsWith(typed.toLowerCase()));
    if (name === undefined) return [];
    return { label: `--${name}`, insert: `--${name} `, detail: rangeOf(option), description: option.description };
  });
  return { from, to: wordEnd(text, caret), items, hint: '' };
}

/**
 * @param {string} name
 * @param {string} typed
 * @param {string} text
 * @param {number} caret
 * @param {CommandDescription} command
 * @returns {Completion}
 */
function completeValue(name, typed, text, caret, command) {
  const option = command.options.find((one) => namesOf(one).includes(name.toLowerCase()));
  if (option === undefined) return NOTHING;
  const range = rangeOf(option);
  const hint = `--${name}${range === '' ? '' : ` ${range}`}: ${option.description}`;
  const items = (option.choices ?? [])
    .filter((choice) => choice.startsWith(typed.toLowerCase()))
    .map((choice) => ({ label: choice, insert: choice, detail: '', description: '' }));
  const ask = { command: command.name, option: option.name, typed };
  const at = { from: caret - typed.length, to: wordEnd(text, caret), hint };
  return option.completes === true ? { ...at, items: [], ask } : { ...at, items };
}

/**
 * @param {import('../../port.ts').Suggestion} suggestion
 * @returns {CompletionItem}
 */
export function itemOf({ label, value }) {
  // A label that begins with its value says the rest behind it.
  const rest = label.startsWith(`${value} – `) ? label.slice(value.length + 3) : '';
  const insert = /\s/.test(value) ? `"${value}"` : value;
  return { label: rest === '' ? label : value, insert: `${insert} `, detail: '', description: rest };
}

/**
 * Shown until the free text begins.
 * @param {CommandDescription} command
 * @param {string} before
 */
function usageOf(command, before) {
  if (/^\/\S+\s+\S/.test(before)) return '';
  const free = command.options.find((option) => option.freeText);
  const others = command.options.some((option) => !option.freeText) ? ' Type -- for options.' : '';
  return free === undefined ? others.trim() : `${free.description}, such as “${free.example}”.${others}`;
}

/** @param {OptionDescription} option */
function namesOf(option) {
  return [option.name, ...option.aliases];
}

/** @param {OptionDescription} option */
function rangeOf(option) {
  if (option.choices !== undefined) return option.choices.length > 4 ? option.example : option.choices.join(' | ');
  if (option.min !== undefined && option.max !== undefined) return `${option.min}–${option.max}`;
  return option.type === 'string' ? option.example : '';
}

/**
 * @param {string} text
 * @param {number} from
 */
function wordEnd(text, from) {
  const rest = /^\S*\s?/.exec(text.slice(from));
  return from + (rest?.[0].length ?? 0);
}

/**
 * The text and caret after an item was taken.
 * @param {string} text
 * @param {Completion} completion
 * @param {CompletionItem} item
 */
export function accept(text, completion, item) {
  const before = text.slice(0, completion.from) + item.insert;
  const after = text.slice(completion.to);
  const gap = after !== '' && !/\s$/.test(item.insert) ? ' ' : '';
  return { text: before + gap + after, caret: before.length + gap.length };
}
