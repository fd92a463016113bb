import { SAMPLER_NAMES, SPEC_LIMITS } from '../../engine/index.ts';
import { encodeFormId, type Form, type FormField } from '../../src/core/form.ts';
import type { UserSettings } from '../../src/core/settings.ts';
import type { CommandContext, FormHandler } from '../context.ts';
import { choiceField } from '../form-fields.ts';
import { NO_STYLE } from '../imagine/style-names.ts';
import { MAX_PROMPT_LENGTH } from '../parsing/limits.ts';
import { change, SETTINGS_FORM, saveUserSettings } from './settings.ts';

/** A person's settings as five fields; what is emptied goes back to the bot's own. */
export const settingsForm: FormHandler = {
  form: SETTINGS_FORM,
  async open(request, _picture, context) {
    return { kind: 'form', form: formOf(await context.settings.ofUser(request.user), context) };
  },
  async run(request, _picture, context) {
    const filled = Object.entries(request.values).filter(([, value]) => value.trim() !== '');
    const before = await context.settings.ofUser(request.user);
    const changed = change({}, { text: '', options: Object.fromEntries(filled) }, context) ?? {};
    // An empty field cannot say whether nothing at all is to be avoided, so it leaves that as it was.
    const avoidsNothing = before.negative === '' && changed.negative === undefined;
    return saveUserSettings(request, avoidsNothing ? { ...changed, negative: '' } : changed, context);
  },
};

function formOf({ size, count, sampler, style, negative }: UserSettings, { styles }: CommandContext): Form {
  const counts = Array.from({ length: SPEC_LIMITS.maxCount }, (_, index) => `${index + 1}`);
  return {
    id: encodeFormId({ form: SETTINGS_FORM }),
    title: 'Your pictures',
    submitLabel: 'Save',
    fields: [
      {
        ...line('size', 'Size', size === undefined ? '' : `${size.width}x${size.height}`),
        maxLength: 16,
        placeholder: "the model's default",
      },
      choice('count', 'Number of pictures', count === undefined ? '' : `${count}`, counts),
      choice('sampler', 'Sampler', sampler ?? '', SAMPLER_NAMES),
      choice('style', 'Style', style ?? '', [NO_STYLE, ...styles.map(({ name }) => name)]),
      {
        ...line('negative', 'Negative prompt', negative ?? ''),
        kind: 'paragraph',
        maxLength: MAX_PROMPT_LENGTH,
        placeholder: 'text, frame',
      },
    ],
  };
}

function line(name: string, label: string, value: string): FormField {
  return { name, label, kind: 'line', value, required: false };
}

function choice(name: string, label: string, value: string, choices: readonly string[]): FormField {
  return choiceField({ name, label, value, required: false }, choices);
}
