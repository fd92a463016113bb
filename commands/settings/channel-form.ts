import { encodeFormId, type Form, type FormField } from '../../src/core/form.ts';
import type { ChannelSettings } from '../../src/core/settings.ts';
import type { FormHandler } from '../context.ts';
import { CHANNEL_FORM, changeChannel, requireModerator, saveChannel } from './channel.ts';

/** Two switches in one field, because Discord's forms have at most five fields. */
const SHOWN = [
  { choice: 'shown', nsfw: 'off', spoiler: 'off' },
  { choice: 'hidden as spoilers', nsfw: 'off', spoiler: 'on' },
  { choice: 'adult content allowed, shown', nsfw: 'on', spoiler: 'off' },
  { choice: 'adult content allowed, hidden as spoilers', nsfw: 'on', spoiler: 'on' },
] as const;

/** A channel's settings as five fields; what is emptied is not restricted any more. */
export const channelForm: FormHandler = {
  form: CHANNEL_FORM,
  async open(request, _picture, context) {
    requireModerator(request);
    return { kind: 'form', form: formOf(await context.settings.ofChannel(request.channel)) };
  },
  async run(request, _picture, context) {
    requireModerator(request);
    const { pictures, ...values } = request.values;
    const filled = Object.entries(values).filter(([, value]) => value.trim() !== '');
    const { nsfw, spoiler } = SHOWN.find(({ choice }) => choice === pictures) ?? SHOWN[0];
    const input = { text: '', options: { ...Object.fromEntries(filled), nsfw, spoiler } };
    return saveChannel(request, changeChannel({}, input, context) ?? {}, context);
  },
};

function formOf({ models, maxSide, maxSteps, nsfw, spoiler, blockedWords }: ChannelSettings): Form {
  const flag = (value: boolean | undefined) => (value === true ? 'on' : 'off');
  const shown = SHOWN.find((one) => one.nsfw === flag(nsfw) && one.spoiler === flag(spoiler)) ?? SHOWN[0];
  return {
    id: encodeFormId({ form: CHANNEL_FORM }),
    title: 'This channel',
    submitLabel: 'Save',
    fields: [
      {
        ...line('models', 'Models, the default first', models?.join(', ')),
        maxLength: 1000,
        placeholder: 'all models',
      },
      { ...line('max-size', 'Longest side in pixels', maxSide), maxLength: 4, placeholder: 'no limit' },
      { ...line('max-steps', 'Most steps', maxSteps), maxLength: 3, placeholder: 'no limit' },
      {
        ...line('pictures', 'Finished pictures', shown.choice),
        kind: 'choice',
        required: true,
        choices: SHOWN.map(({ choice }) => choice),
      },
      {
        ...line('block', 'Blocked words and phrases', blockedWords?.join(', ')),
        kind: 'paragraph',
        maxLength: 3000,
        placeholder: 'gore, dead body',
      },
    ],
  };
}

function line(name: string, label: string, value: string | number | undefined): FormField {
  return { name, label, kind: 'line', value: value === undefined ? '' : `${value}`, required: false };
}
