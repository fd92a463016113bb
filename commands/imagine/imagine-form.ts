import { encodeFormId, type Form, type FormField } from '../../src/core/form.ts';
import type { Request } from '../../src/core/request.ts';
import type { CommandContext, FormHandler, Shortcut } from '../context.ts';
import { choiceField } from '../form-fields.ts';
import { MAX_PROMPT_LENGTH } from '../parsing/limits.ts';
import type { NamedOption } from '../parsing/option-set.ts';
import { allowedModels } from './channel-rules.ts';
import { imagineWith } from './imagine.ts';
import { IMAGINE, IMAGINE_FORM, type ImagineOptionName } from './imagine-options.ts';
import { NO_STYLE } from './style-names.ts';

/** Character limit of fields other than prompts. */
const MAX_VALUE_LENGTH = 500;
/** The size field replaces these. */
const LEFT_OUT: readonly ImagineOptionName[] = ['width', 'height'];

/** Labels that differ from the option's name. */
const LABELS: Partial<Record<ImagineOptionName, string>> = { ar: 'Aspect ratio', init: 'Init image', lora: 'LoRA' };

/** Every option of /imagine in one form: more fields than Discord shows, so only Slack and the web open it. */
export const imagineShortcut: Shortcut = {
  shortcut: IMAGINE_FORM,
  async run(request, context) {
    return { kind: 'form', form: await formOf(request, context) };
  },
};

/** Opens that form, filled in beforehand, and does what /imagine does with what comes back. */
export const imagineForm: FormHandler = {
  form: IMAGINE_FORM,
  async open(request, _picture, context) {
    return { kind: 'form', form: await formOf(request, context) };
  },
  async run(request, _picture, context) {
    const filled = Object.entries(request.values).filter(([, value]) => value.trim() !== '');
    return imagineWith(request, { text: '', options: Object.fromEntries(filled) }, [], context);
  },
};

async function formOf(request: Request, context: CommandContext): Promise<Form> {
  const models = allowedModels(context.engine, await context.settings.ofChannel(request.channel));
  const choices = { model: models, style: [NO_STYLE, ...context.styles.map(({ name }) => name)] };
  const fields = IMAGINE.options.filter(({ name }) => !LEFT_OUT.includes(name));
  return {
    id: encodeFormId({ form: IMAGINE_FORM }),
    title: 'Imagine',
    submitLabel: 'Draw',
    fields: fields.map((option) => fieldOf(option, choices)),
  };
}

function fieldOf(option: NamedOption<ImagineOptionName>, open: Readonly<Record<string, readonly string[]>>): FormField {
  const { name, description, required, type } = option;
  const label = LABELS[name] ?? `${name.charAt(0).toUpperCase()}${name.slice(1).replaceAll('-', ' ')}`;
  const field = { name, label, value: '', required, placeholder: description };
  const choices = open[name] ?? option.choices ?? (type === 'boolean' ? ['on', 'off'] : undefined);
  if (choices !== undefined) return choiceField(field, choices);
  const isWords = name === 'prompt' || name === 'negative';
  return isWords
    ? { ...field, kind: 'paragraph', maxLength: MAX_PROMPT_LENGTH }
    : { ...field, kind: 'line', maxLength: MAX_VALUE_LENGTH };
}
