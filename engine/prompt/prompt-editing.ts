/**
 * Prompt editing and alternation, as AUTOMATIC1111 reads them (modules/prompt_parser.py, schedule_parser):
 *
 *   [from:to:when]  `from` up to step `when`, then `to`;  [to:when]  nothing before;  [from::when]  nothing after
 *   [a|b|c]         a, b and c in turn, a step each
 *
 * `when` with a point is a share of all steps, else a number of steps. Groups nest, also inside emphasis. A bracket
 * that opens no whole group is text; where `|` stands outside a group, or a backslash ends the prompt, all of it is.
 */

/** The prompt's text up to and with the given step. */
export interface PromptStage {
  /** Counted from 1. */
  readonly endStep: number;
  readonly text: string;
}

type Node =
  | string
  | { readonly kind: 'sequence'; readonly parts: readonly Node[] }
  | { readonly kind: 'edit'; readonly before: Node; readonly after: Node; readonly endStep: number }
  | { readonly kind: 'alternate'; readonly choices: readonly Node[] };

/** Deeper nesting is text: a prompt cannot exhaust the stack. */
const MAX_DEPTH = 64;
const PLAIN = /(?:[^\\[\]():|]|\\[^\n])+/y;
const STRAY = '[]():';
const WHEN = /^\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*$/;

/** At least one stage; the last one's `endStep` is `steps`. Quadratic in the length of `prompt` at worst. */
export function promptStages(prompt: string, steps: number): readonly PromptStage[] {
  const tree = new Parser(prompt, steps).whole();
  if (tree === undefined) return [{ endStep: steps, text: prompt }];
  const ends = new Set([steps]);
  collectEnds(tree, steps, ends);
  return [...ends].sort((a, b) => a - b).map((endStep) => ({ endStep, text: textAt(tree, endStep) }));
}

/** The stage that counts when `done` steps have been made: AUTOMATIC1111 compares them with `endStep` as they stand. */
export function stageAt<Stage extends { readonly endStep: number }>(stages: readonly Stage[], done: number): Stage {
  const stage = stages.find(({ endStep }) => done <= endStep) ?? stages[0];
  if (stage === undefined) throw new RangeError('a prompt has at least one stage');
  return stage;
}

function collectEnds(node: Node, steps: number, ends: Set<number>): void {
  if (typeof node === 'string') return;
  switch (node.kind) {
    case 'sequence':
      for (const part of node.parts) collectEnds(part, steps, ends);
      return;
    case 'edit':
      if (node.endStep >= 1) ends.add(node.endStep);
      collectEnds(node.before, steps, ends);
      collectEnds(node.after, steps, ends);
      return;
    case 'alternate':
      for (let step = 1; step <= steps; step += 1) ends.add(step);
      for (const choice of node.choices) collectEnds(choice, steps, ends);
      return;
  }
}

function textAt(node: Node, step: number): string {
  if (typeof node === 'string') return node;
  switch (node.kind) {
    case 'sequence':
      return node.parts.map((part) => textAt(part, step)).join('');
    case 'edit':
      return textAt(step <= node.endStep ? node.before : node.after, step);
    case 'alternate':
      return textAt(node.choices[(step - 1) % node.choices.length] ?? '', step);
  }
}

class Parser {
  readonly #source: string;
  readonly #steps: number;
  #at = 0;

  constructor(source: string, steps: number) {
    this.#source = source;
    this.#steps = steps;
  }

  /** Undefined when no reading of the prompt is whole. */
  whole(): Node | undefined {
    const parts: Node[] = [];
    while (this.#at < this.#source.length) {
      const part = this.#group(0) ?? this.#plain() ?? this.#stray();
      if (part === undefined) return undefined;
      parts.push(part);
    }
    return { kind: 'sequence', parts };
  }

  #stray(): string | undefined {
    const character = this.#source[this.#at] ?? '';
    if (character === '' || !STRAY.includes(character)) return undefined;
    this.#at += 1;
    return character;
  }

  #plain(): string | undefined {
    PLAIN.lastIndex = this.#at;
    const text = PLAIN.exec(this.#source)?.[0];
    if (text !== undefined) this.#at += text.length;
    return text;
  }

  /** A bracketed group that is whole; otherwise nothing is consumed. */
  #group(depth: number): Node | undefined {
    const start = this.#at;
    const open = this.#source[start];
    if ((open !== '[' && open !== '(') || depth === MAX_DEPTH) return undefined;
    this.#at += 1;
    const group = open === '(' ? this.#round(depth) : this.#square(depth);
    if (group === undefined) this.#at = start;
    return group;
  }

  #round(depth: number): Node | undefined {
    const { segments, close, separators } = this.#segments(depth);
    if (close !== ')' || separators.includes('|') || segments.length > 2) return undefined;
    return sequence('(', ...between(segments, ':'), ')');
  }

  #square(depth: number): Node | undefined {
    const { segments, close, separators, sources } = this.#segments(depth);
    if (close !== ']') return undefined;
    if (segments.length === 1) return sequence('[', ...segments, ']');
    if (!separators.includes(':')) return { kind: 'alternate', choices: segments };
    const when = WHEN.exec(sources.at(-1) ?? '')?.[1];
    if (separators.includes('|') || segments.length > 3 || when === undefined) return undefined;
    const [before = '', after = ''] = segments.length === 2 ? ['', segments[0]] : segments;
    return { kind: 'edit', before, after, endStep: this.#endStep(when) };
  }

  #endStep(when: string): number {
    const value = when.includes('.') ? Number(when) * this.#steps : Number(when);
    return Math.min(this.#steps, Math.trunc(value));
  }

  /** What stands between an opening bracket and the first that closes, at `:` and `|` cut apart. */
  #segments(depth: number) {
    const segments: Node[] = [];
    const sources: string[] = [];
    let separators = '';
    for (;;) {
      const start = this.#at;
      segments.push(this.#inside(depth));
      sources.push(this.#source.slice(start, this.#at));
      const character = this.#source[this.#at] ?? '';
      this.#at += 1;
      if (character !== ':' && character !== '|') return { segments, sources, separators, close: character };
      separators += character;
    }
  }

  #inside(depth: number): Node {
    const parts: Node[] = [];
    for (;;) {
      const part = this.#group(depth + 1) ?? this.#plain();
      if (part === undefined) return sequence(...parts);
      parts.push(part);
    }
  }
}

function sequence(...parts: readonly Node[]): Node {
  return { kind: 'sequence', parts };
}

function between(nodes: readonly Node[], separator: string): Node[] {
  return nodes.flatMap((node, i) => (i === 0 ? [node] : [separator, node]));
}
