import { withSymbols } from '../discord/page/symbols.ts';
import { STYLE } from './page-style.ts';
import type { SlackEmulator } from './server.ts';
import { messagesVisibleTo } from './visible-message.ts';
import { ADA, type Block, BOT, type Message, type Person } from './workspace.ts';

/** The channel as this person sees it, as a page that needs nothing from elsewhere. */
export function renderChannel(
  slack: SlackEmulator,
  { channel = 'CART', person = ADA }: { channel?: string; person?: Person } = {},
): string {
  const { workspace } = slack;
  const name = workspace.channels.get(channel)?.name ?? channel;
  const messages = messagesVisibleTo(slack, { channel, person }).map((message) => messageOf(slack, message));
  return pageOf(`# ${name}`, messages.join(''));
}

function pageOf(title: string, content: string): string {
  const name = escapeHtml(title);
  const body = `<header>${name}<small>emulated: not Slack's own page</small></header><main>${content}</main>`;
  return `<!DOCTYPE html><meta charset="utf-8"><title>${name}</title><style>${STYLE}</style>${withSymbols(body)}`;
}

function messageOf(slack: SlackEmulator, message: Message): string {
  const author = slack.workspace.people.get(message.user);
  const isBot = message.user === BOT.id;
  const name = escapeHtml(author?.displayName ?? 'somebody');
  const badge = isBot ? '<span class="badge">APP</span>' : '';
  const eyes = message.onlyFor === undefined ? '' : '<p class="private">Only visible to you</p>';
  const content = message.blocks.length > 0 ? message.blocks.map((block) => blockOf(slack, block)).join('') : '';
  const text = message.blocks.length > 0 ? content : `<p>${mentionsIn(slack, message.text)}</p>`;
  return `<article class="${isBot ? 'bot' : ''}"><i class="face">${name.charAt(0)}</i><div>${eyes}<b class="author">${name}</b>${badge}${text}</div></article>`;
}

/** What people type; only mentions are markup in what the tests have them say. */
function mentionsIn(slack: SlackEmulator, text: string): string {
  return text.replaceAll(/<@(\w+)>/g, (_, id: string) => mention(slack, id));
}

function blockOf(slack: SlackEmulator, block: Block): string {
  const elements = (block.elements ?? []) as readonly Block[];
  switch (block.type) {
    case 'rich_text':
      return elements.map((section) => `<p>${sectionOf(slack, section)}</p>`).join('');
    case 'context':
      return `<p class="context">${elements.map(({ text }) => linksIn(String(text))).join(' ')}</p>`;
    case 'header':
      return `<h2>${wordsOf(block)}</h2>`;
    case 'section':
      return `<div class="section"><p>${wordsOf(block)}</p>${accessoryOf(slack, block)}</div>`;
    case 'image':
      return imageOf(slack, block);
    case 'actions':
      return `<div class="row">${elements.map(buttonOf).join('')}</div>`;
    default:
      throw new Error(`this page has no way to show ${block.type}`);
  }
}

function wordsOf({ text }: Block): string {
  return escapeHtml((text as { readonly text: string }).text);
}

function accessoryOf(slack: SlackEmulator, { accessory }: Block): string {
  if (accessory === undefined) return '';
  const beside = accessory as Block;
  return beside.type === 'image' ? imageOf(slack, beside) : buttonOf(beside);
}

/** Markup as Easel writes it: links alone, all else escaped. */
function linksIn(text: string): string {
  return text.replaceAll(/<([^|<>"]+)\|([^|<>]+)>/g, '<a href="$1">$2</a>');
}

function sectionOf(slack: SlackEmulator, { elements }: Block): string {
  return (elements as readonly Block[])
    .map(({ type, text, style, user_id }) => {
      if (type === 'user') return mention(slack, String(user_id));
      const { bold, code } = (style ?? {}) as { readonly bold?: boolean; readonly code?: boolean };
      const shown = escapeHtml(String(text));
      if (code === true) return `<code>${shown}</code>`;
      return bold === true ? `<b>${shown}</b>` : shown;
    })
    .join('');
}

function mention({ workspace }: SlackEmulator, id: string): string {
  return `<span class="mention">@${escapeHtml(workspace.people.get(id)?.displayName ?? id)}</span>`;
}

function imageOf({ workspace }: SlackEmulator, { slack_file, alt_text }: Block): string {
  const file = workspace.files.get((slack_file as { readonly id: string }).id);
  const data = Buffer.from(file?.data ?? new Uint8Array()).toString('base64');
  return `<img src="data:${file?.mimetype};base64,${data}" alt="${escapeHtml(String(alt_text))}">`;
}

function buttonOf({ text, style }: Block): string {
  const label = (text as { readonly text: string }).text;
  return `<button class="${escapeHtml(String(style ?? ''))}">${escapeHtml(label)}</button>`;
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
