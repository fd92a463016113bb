import type { State } from '../state.ts';
import { childrenOf, type Node, nameOf, parse } from './markdown.ts';

export function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** A message's text as it is formatted for people. */
export function formatted(content: string, state: State): string {
  return parse(content)
    .map((node) => html(node, state))
    .join('');
}

function html(node: Node, state: State): string {
  const inner = () =>
    childrenOf(node)
      .map((child) => html(child, state))
      .join('');
  const text = () => escapeHtml(String(node.content ?? ''));
  switch (node.type) {
    case 'text':
      return text();
    case 'twemoji':
      return escapeHtml(String(node.name));
    case 'br':
      return '<br>';
    case 'strong':
      return `<strong>${inner()}</strong>`;
    case 'em':
      return `<em>${inner()}</em>`;
    case 'underline':
      return `<u>${inner()}</u>`;
    case 'strikethrough':
      return `<s>${inner()}</s>`;
    case 'inlineCode':
      return `<code>${text()}</code>`;
    case 'codeBlock':
      return `<pre><code>${text()}</code></pre>`;
    case 'blockQuote':
      return `<blockquote>${inner()}</blockquote>`;
    case 'heading':
      return `<h${node.level}>${inner()}</h${node.level}>`;
    case 'subtext':
      return `<small>${inner()}</small>`;
    case 'url':
    case 'autolink':
      return `<a>${inner()}</a>`;
    case 'spoiler':
      return `<span class="spoiler">${inner()}</span>`;
    case 'user':
      return `<span class="mention">@${escapeHtml(nameOf(String(node.id), state))}</span>`;
    case 'everyone':
    case 'here':
      return `<span class="mention">@${node.type}</span>`;
    default:
      return typeof node.content === 'string' ? text() : inner();
  }
}
