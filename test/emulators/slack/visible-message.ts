import type { SlackEmulator } from './server.ts';
import { ADA, type Block, type Message, type Person } from './workspace.ts';

/** What a person sees of a message. */
export interface VisibleMessage {
  /** Bold in `**`, code in backticks, people as `@Name`, links as `[label](address)`; a line a section. */
  readonly text: string;
  /** Alternative texts. */
  readonly pictures: readonly string[];
  /** Labels, a row each. */
  readonly buttons: readonly string[];
}

/** Messages in a channel as this person sees them, oldest first. */
export function messagesVisibleTo(
  slack: SlackEmulator,
  { channel = 'CART', thread, person = ADA }: { channel?: string; thread?: string; person?: Person } = {},
): Message[] {
  return slack.workspace.messages.filter(
    (message) =>
      message.channel === channel &&
      message.threadTs === thread &&
      (message.onlyFor === undefined || message.onlyFor === person.id),
  );
}

export function visibleMessage(slack: SlackEmulator, { blocks }: Pick<Message, 'blocks'>): VisibleMessage {
  return {
    text: blocks
      .flatMap((block) =>
        (block.type === 'context' ? [contextOf(block)] : []).concat(wordsOf(block), linesOf(slack, block)),
      )
      .join('\n'),
    pictures: blocks
      .flatMap((block) => [block, accessoryOf(block)])
      .filter(({ type }) => type === 'image')
      .map(({ alt_text }) => String(alt_text)),
    buttons: blocks.flatMap((block) => {
      if (block.type === 'actions') return [labelsOf(block)];
      const beside = accessoryOf(block);
      return beside.type === 'button' ? [labelsOf({ type: 'actions', elements: [beside] })] : [];
    }),
  };
}

const NOTHING: Block = { type: 'nothing' };

/** What stands beside a section's text. */
function accessoryOf({ type, accessory }: Block): Block {
  return type === 'section' && accessory !== undefined ? (accessory as Block) : NOTHING;
}

function wordsOf({ type, text }: Block): string[] {
  const words = (text as { readonly text: string } | undefined)?.text ?? '';
  if (type === 'header') return [`# ${words}`];
  return type === 'section' ? [words] : [];
}

function contextOf({ elements }: Block): string {
  return (elements as readonly Block[])
    .map(({ text }) =>
      String(text)
        .replaceAll(/<([^|>]+)\|([^>]+)>/g, '[$2]($1)')
        .replaceAll('&amp;', '&'),
    )
    .join(' ');
}

function linesOf(slack: SlackEmulator, { type, elements }: Block): string[] {
  if (type !== 'rich_text') return [];
  return (elements as readonly Block[]).map((section) =>
    (section.elements as readonly Block[]).map((element) => showElement(slack, element)).join(''),
  );
}

function showElement(slack: SlackEmulator, { type, text, style, user_id }: Block): string {
  if (type === 'user') return `@${slack.workspace.people.get(String(user_id))?.displayName}`;
  const { bold, code } = (style ?? {}) as { readonly bold?: boolean; readonly code?: boolean };
  if (code === true) return `\`${String(text)}\``;
  return bold === true ? `**${String(text)}**` : String(text);
}

function labelsOf({ elements }: Block): string {
  return (elements as readonly { readonly text: { readonly text: string } }[]).map(({ text }) => text.text).join(' ');
}
