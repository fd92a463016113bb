import { type APIApplicationCommand, ApplicationCommandOptionType } from 'discord.js';
import { attachmentPayload } from './payloads.ts';
import type { State } from './state.ts';
import type { Person } from './world.ts';

export type OptionValues = Readonly<Record<string, string | number | boolean | Upload>>;
/** A picture that a person gives with a command. */
export interface Upload {
  readonly filename: string;
  readonly contentType: string;
  readonly data: Uint8Array;
}

/** A command's options as its interaction carries them. What Discord's client would not let a person fill in throws. */
export function fillOptions(command: APIApplicationCommand, values: OptionValues, person: Person, state: State) {
  const attachments: Record<string, object> = {};
  const options = Object.entries(values).map(([name, value]) => {
    const option = command.options?.find((one) => one.name === name);
    if (option === undefined) throw new Error(`/${command.name} has no option ${name}`);
    if (typeof value !== 'object') {
      checkValue(option as unknown as CheckedOption, value);
      return { name, type: option.type, value };
    }
    const id = state.nextId();
    attachments[id] = upload(id, value, person, state);
    return { name, type: option.type, value: id };
  });
  const missing = command.options?.filter((one) => 'required' in one && one.required && !(one.name in values)) ?? [];
  if (missing.length > 0) throw new Error(`/${command.name} needs ${missing.map(({ name }) => name).join(', ')}`);
  return { options, ...(Object.keys(attachments).length > 0 && { resolved: { attachments } }) };
}

/** Attachments of commands hang on no message; they are kept on one that nobody sees. */
function upload(id: string, { filename, contentType, data }: Upload, person: Person, state: State): object {
  const stored = { id, filename, contentType, description: undefined, data };
  const gallery = state.world.group([]);
  state.messages.add({
    ...{ content: '', attachments: [stored], rows: [], flags: 0, channel: gallery, authorId: person.id, pinged: [] },
    ...{ origin: undefined, replyTo: undefined, privateTo: undefined, nonce: undefined },
  });
  return attachmentPayload(stored, state);
}

interface CheckedOption {
  readonly name: string;
  readonly type: ApplicationCommandOptionType;
  readonly min_value?: number;
  readonly max_value?: number;
  readonly choices?: readonly { readonly value: string | number }[];
}

/** Discord's client holds people to types, bounds and closed lists. */
function checkValue(
  { name, type, min_value, max_value, choices }: CheckedOption,
  value: string | number | boolean,
): void {
  const kinds: Partial<Record<ApplicationCommandOptionType, string>> = {
    [ApplicationCommandOptionType.String]: 'string',
    [ApplicationCommandOptionType.Integer]: 'number',
    [ApplicationCommandOptionType.Number]: 'number',
    [ApplicationCommandOptionType.Boolean]: 'boolean',
  };
  if (typeof value !== kinds[type]) throw new Error(`${name} is no ${typeof value}`);
  if (type === ApplicationCommandOptionType.Integer && !Number.isInteger(value)) throw new Error(`${name} is whole`);
  if (typeof value === 'number' && (value < (min_value ?? -Infinity) || value > (max_value ?? Infinity))) {
    throw new Error(`${name} is out of bounds`);
  }
  if (choices !== undefined && !choices.some((choice) => choice.value === value))
    throw new Error(`${name} has no choice ${value}`);
}
