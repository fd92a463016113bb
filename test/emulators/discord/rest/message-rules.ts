import {
  type APIActionRowComponent,
  type APIButtonComponent,
  ButtonStyle,
  ComponentType,
  MessageFlags,
} from 'discord.js';
import { refuse } from '../discord-error.ts';

/** What bots may write; the schema allows the 4000 of people who pay. */
const MAX_CONTENT = 2000;
const MAX_EMBED_TOTAL = 6000;
const MAX_ROWS = 5;
const MAX_BUTTONS = 5;

export interface MessageFields {
  readonly content?: string | null;
  readonly embeds?: readonly EmbedFields[] | null;
  readonly components?: readonly { readonly type: number; readonly components?: readonly PartFields[] }[] | null;
  readonly attachments?:
    | readonly { readonly id: string; readonly filename?: string; readonly description?: string }[]
    | null;
  readonly flags?: number | null;
  readonly allowed_mentions?: AllowedMentions | null;
  readonly message_reference?: { readonly message_id: string; readonly fail_if_not_exists?: boolean } | null;
  readonly nonce?: string | number | null;
  readonly enforce_nonce?: boolean | null;
  readonly poll?: unknown;
  readonly sticker_ids?: readonly string[] | null;
}
export interface AllowedMentions {
  readonly parse?: readonly string[] | null;
  readonly users?: readonly string[] | null;
  readonly roles?: readonly string[] | null;
}
interface EmbedFields {
  readonly title?: string | null;
  readonly description?: string | null;
  readonly footer?: { readonly text?: string | null } | null;
  readonly author?: { readonly name?: string | null } | null;
  readonly fields?: readonly { readonly name: string; readonly value: string }[] | null;
}
interface PartFields {
  readonly type: number;
  readonly custom_id?: string;
  readonly url?: string;
  readonly style?: number;
  readonly label?: string;
  readonly emoji?: unknown;
}

/** What Discord enforces and its schema does not say. @throws DiscordError 50035 */
export function checkMessageRules(fields: MessageFields): void {
  const problems = [...contentProblems(fields), ...embedProblems(fields), ...componentProblems(fields)];
  if (problems.length > 0) throw refuse.invalidBody(problems);
}

function contentProblems({ content, embeds, flags }: MessageFields): string[] {
  const problems: string[] = [];
  // Discord counts code points.
  if ([...(content ?? '')].length > MAX_CONTENT) problems.push(`content: Must be ${MAX_CONTENT} or fewer in length.`);
  const isV2 = ((flags ?? 0) & MessageFlags.IsComponentsV2) !== 0;
  if (isV2 && (content ?? '') !== '') problems.push('content: cannot be used with MessageFlags.IS_COMPONENTS_V2');
  if (isV2 && (embeds ?? []).length > 0) problems.push('embeds: cannot be used with MessageFlags.IS_COMPONENTS_V2');
  return problems;
}

function embedProblems({ embeds }: MessageFields): string[] {
  const total = (embeds ?? []).flatMap((embed) => [
    embed.title,
    embed.description,
    embed.footer?.text,
    embed.author?.name,
    ...(embed.fields ?? []).flatMap(({ name, value }) => [name, value]),
  ]);
  const length = total.reduce((sum, text) => sum + (text ?? '').length, 0);
  return length > MAX_EMBED_TOTAL ? [`embeds: Embed size exceeds maximum size of ${MAX_EMBED_TOTAL}`] : [];
}

function componentProblems({ components, flags }: MessageFields): string[] {
  const isV2 = ((flags ?? 0) & MessageFlags.IsComponentsV2) !== 0;
  const rows = components ?? [];
  const problems: string[] = [];
  if (!isV2 && rows.length > MAX_ROWS) problems.push(`components: Must be ${MAX_ROWS} or fewer in length.`);
  if (!isV2 && rows.some(({ type }) => type !== ComponentType.ActionRow)) {
    problems.push('components: only action rows without MessageFlags.IS_COMPONENTS_V2');
  }
  const parts = rows.flatMap((row) => row.components ?? []);
  const ids = parts.flatMap(({ custom_id }) => custom_id ?? []);
  const twice = ids.filter((id, index) => ids.indexOf(id) !== index);
  if (twice.length > 0) problems.push(`components: Component custom id cannot be duplicated (${twice.join(', ')})`);
  return [...problems, ...rows.flatMap((row, index) => rowProblems(row.components ?? [], `components.${index}`))];
}

function rowProblems(parts: readonly PartFields[], place: string): string[] {
  const buttons = parts.filter(({ type }) => type === ComponentType.Button);
  const problems: string[] = [];
  if (buttons.length > MAX_BUTTONS) problems.push(`${place}: at most ${MAX_BUTTONS} buttons`);
  if (buttons.length > 0 && buttons.length < parts.length)
    problems.push(`${place}: buttons and menus do not share a row`);
  if (buttons.length === 0 && parts.length > 1) problems.push(`${place}: one menu a row`);
  for (const button of buttons) {
    const isLink = button.style === ButtonStyle.Link;
    if (isLink && button.custom_id !== undefined) problems.push(`${place}: a link button has no custom id`);
    if (isLink && button.url === undefined) problems.push(`${place}: a link button needs a url`);
    if (!isLink && button.url !== undefined) problems.push(`${place}: only a link button has a url`);
    if (!isLink && button.custom_id === undefined) problems.push(`${place}: a button needs a custom id`);
    if (button.label === undefined && button.emoji === undefined)
      problems.push(`${place}: a button needs a label or an emoji`);
  }
  return problems;
}

/** Rows of buttons, as people see them. */
export function rowsOf(fields: MessageFields): readonly APIActionRowComponent<APIButtonComponent>[] {
  return (fields.components ?? []) as unknown as readonly APIActionRowComponent<APIButtonComponent>[];
}
