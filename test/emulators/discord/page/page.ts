import { readFileSync } from 'node:fs';
import { type APIButtonComponent, ButtonStyle } from 'discord.js';
import { LOADING, type StoredAttachment, type StoredMessage } from '../messages.ts';
import type { State } from '../state.ts';
import { isVisibleTo, labelOf } from '../visible-message.ts';
import type { Channel, Person } from '../world.ts';
import { escapeHtml, formatted } from './html.ts';
import { nameOf } from './markdown.ts';
import { withSymbols } from './symbols.ts';

const STYLE = readFileSync(new URL('style.css', import.meta.url), 'utf8');

/** The channel as one person sees it, as a page that needs nothing else. Styled in its own way, not as Discord's client. */
export function renderChannel(channel: Channel, viewer: Person, state: State): string {
  const messages = state.messages.in(channel).filter((message) => isVisibleTo(message, viewer));
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${escapeHtml(channel.name)}</title>
<style>${STYLE}</style>
<header><span class="hash">#</span> ${escapeHtml(channel.name)}<span class="label">emulated channel</span></header>
<main>${messages.map((message) => renderMessage(message, state)).join('\n')}</main></html>`;
}

function renderMessage(message: StoredMessage, state: State): string {
  const { authorId, flags, origin, replyTo, privateTo, rows } = message;
  const isBot = authorId === state.bot.id;
  const name = nameOf(authorId, state);
  const header = `<span class="who">${escapeHtml(name)}</span>${isBot ? '<span class="tag">APP</span>' : ''}<time>${clockTime(message.at)}</time>`;
  return `<article class="${privateTo === undefined ? '' : 'private'}">
${renderLead(origin, replyTo, state)}
<span class="avatar ${isBot ? 'bot' : ''}">${escapeHtml(name.slice(0, 1))}</span>
<div class="body"><div class="head">${header}</div>
${(flags & LOADING) !== 0 ? `<p class="thinking">${escapeHtml(state.bot.name)} is thinking…</p>` : ''}
<div class="text">${withSymbols(formatted(message.content, state))}</div>
${message.attachments.map(renderAttachment).join('')}
${rows.map((row) => `<div class="row">${row.components.map(renderButton).join('')}</div>`).join('')}
${privateTo === undefined ? '' : '<p class="note">Only you can see this</p>'}
</div></article>`;
}

/** What stands above a message: the command that it answers, or the message that it replies to. */
function renderLead(origin: StoredMessage['origin'], replyTo: string | undefined, state: State): string {
  if (replyTo !== undefined) {
    const parent = state.messages.find(replyTo);
    const words = parent === undefined ? 'Original message was deleted' : excerpt(parent, state);
    return `<div class="lead">↱ ${words}</div>`;
  }
  if (origin?.command === undefined) return '';
  return `<div class="lead">↱ <b>${escapeHtml(nameOf(origin.personId, state))}</b> used <span class="mention">${escapeHtml(origin.command)}</span></div>`;
}

function excerpt({ authorId, content }: StoredMessage, state: State): string {
  const [first = ''] = content.split('\n');
  return `<b>${escapeHtml(nameOf(authorId, state))}</b> ${formatted(first, state)}`;
}

function renderAttachment({ filename, contentType, description = '', data }: StoredAttachment): string {
  const isSpoiler = filename.startsWith('SPOILER_');
  const source = `data:${contentType};base64,${Buffer.from(data).toString('base64')}`;
  const image = `<img src="${source}" alt="${escapeHtml(description)}">`;
  return `<figure class="${isSpoiler ? 'spoiler' : ''}">${image}${isSpoiler ? '<figcaption>SPOILER</figcaption>' : ''}</figure>`;
}

function renderButton(button: APIButtonComponent): string {
  const classes: Partial<Record<ButtonStyle, string>> = {
    [ButtonStyle.Primary]: 'primary',
    [ButtonStyle.Danger]: 'danger',
    [ButtonStyle.Success]: 'success',
  };
  const disabled = button.disabled === true ? ' disabled' : '';
  return `<button class="${classes[button.style] ?? ''}"${disabled}>${withSymbols(escapeHtml(labelOf(button)))}</button>`;
}

function clockTime(at: number): string {
  return new Date(at).toISOString().slice(11, 16);
}
