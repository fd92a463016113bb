import sharp from 'sharp';
import { encodeButtonId } from '../../../src/core/button.ts';
import type { MessageRef } from '../../../src/core/channel.ts';
import type { Form } from '../../../src/core/form.ts';
import { jobIdOf } from '../../../src/core/job-id.ts';
import { code, mention, type Reply, type ReplyPicture, strong, text } from '../../../src/core/reply.ts';
import type { Request } from '../../../src/core/request.ts';
import type { ChannelHandlers, ChannelPort, DispatchResult } from '../../../src/platforms/port.ts';

/** Drawing a double's picture takes this many edits. */
const STEPS = 4;

export interface FakeHandlers extends ChannelHandlers {
  /** Every request that reached dispatch, in order. */
  readonly requests: readonly Request[];
  /** Resolves when nothing is being drawn any more. */
  settled(): Promise<void>;
}

/**
 * Stands in for commands, queue and engine: /imagine and most buttons post a message that forms in steps and ends as a
 * grid; ✏️ opens a form, /show answers with a picture and a button, and anything else is answered privately in words.
 */
export function createFakeHandlers(port: () => ChannelPort, options: { stepMs?: number } = {}): FakeHandlers {
  const requests: Request[] = [];
  const drawings = new Set<Promise<void>>();

  async function draw(request: Request, prompt: string): Promise<void> {
    const jobId = jobIdOf('web', request.id);
    const title = [strong(prompt), text(' – '), mention(request.user)];
    const spoiler = prompt.includes('--spoiler');
    const parent = request.kind === 'button' ? { parent: request.message } : {};
    const message = await port().post(request.channel, waiting(title), jobId);
    for (let step = 1; step < STEPS; step++) {
      await new Promise((resolve) => setTimeout(resolve, options.stepMs ?? 20));
      const preview = await picture(`preview of ${prompt}`, 32, step);
      const status = text(` (${(step * 100) / STEPS}%)`);
      await port().edit(message, { ...waiting([...title, status]), ...running(step / STEPS, preview) });
    }
    const finished = await done(title, prompt, jobId);
    const pictures = finished.pictures.map((picture) => ({ ...picture, spoiler }));
    await port().edit(message, { ...finished, pictures, ...parent });
  }

  function begin(request: Request, prompt: string): void {
    const drawing = draw(request, prompt).catch(() => {});
    drawings.add(drawing);
    drawing.finally(() => drawings.delete(drawing));
  }

  return {
    requests,
    complete: async ({ option, typed }) =>
      ['ink', 'watercolour']
        .filter((value) => option === 'style' && value.startsWith(typed))
        .map((value) => ({ label: `${value} – a style`, value })),
    async dispatch(request) {
      requests.push(request);
      const answer = await privateAnswer(request);
      if (answer !== undefined) return answer;
      if (request.kind === 'button' && request.buttonId.includes(':delete:')) return remove(port(), request.message);
      begin(request, promptOf(request));
      return { kind: 'posted' };
    },
    async settled() {
      await Promise.all(drawings);
    },
  };
}

async function privateAnswer(request: Request): Promise<DispatchResult | undefined> {
  switch (request.kind) {
    case 'command':
      if (request.command === 'imagine') return undefined;
      return request.command === 'show'
        ? { kind: 'private', reply: await shown() }
        : { kind: 'private', reply: help() };
    case 'button':
      if (request.buttonId.includes(':remix:')) return { kind: 'form', form: REMIX };
      return request.buttonId.includes(':show:') ? { kind: 'private', reply: saying('Nothing is older.') } : undefined;
    case 'form':
      if (/^\d+$/.test(request.values.seed ?? '')) return undefined;
      return { kind: 'private', reply: { ...saying('Seed must be a whole number.'), state: 'error' } };
    case 'message_action': {
      if (request.action === 'vary') return undefined;
      const [picture] = await Promise.all(request.pictures.map((one) => one.fetch(1e6)));
      return { kind: 'private', reply: saying(`A file of ${picture?.length ?? 0} bytes.`) };
    }
    case 'shortcut':
      if (request.shortcut === 'imagine') return { kind: 'form', form: REMIX };
      return { kind: 'private', reply: await shown() };
  }
}

const REMIX: Form = {
  id: 'form:v1:remix:job1:0',
  title: 'Remix',
  submitLabel: 'Draw',
  fields: [
    { name: 'prompt', label: 'Prompt', kind: 'paragraph', value: 'a fox', required: true, maxLength: 200 },
    { name: 'style', label: 'Style', kind: 'choice', value: '', required: false, choices: ['ink', 'oil'] },
    { name: 'seed', label: 'Seed', kind: 'line', value: '7', required: false, placeholder: 'any' },
  ],
};

const saying = (sentence: string): Reply => ({ state: 'info', lines: [[text(sentence)]], pictures: [], buttons: [] });

async function shown(): Promise<Reply> {
  const id = encodeButtonId({ action: 'show', jobId: 'job1', index: 0 });
  const older = { id, label: 'Older ▶', title: 'Show the one before', style: 'normal' } as const;
  return { ...saying('Yours'), pictures: [await picture('kept', 64, 0)], buttons: [[older]] };
}

function promptOf(request: Request): string {
  if (request.kind === 'form') return request.values.prompt ?? '';
  if (request.kind === 'button') return request.buttonId;
  return request.kind === 'command' ? String(request.options.prompt ?? request.text) : request.kind;
}

async function remove(port: ChannelPort, message: MessageRef) {
  await port.delete(message);
  return { kind: 'posted' } as const;
}

function help(): Reply {
  const lines = [[code('/imagine'), text(' – Draw pictures from a prompt')]];
  return { state: 'info', lines, pictures: [], buttons: [] };
}

function waiting(title: Reply['lines'][number]): Reply {
  return { state: 'waiting', lines: [title], pictures: [], buttons: [] };
}

function running(progress: number, preview: ReplyPicture) {
  return { state: 'running', progress, pictures: [preview] } as const;
}

async function done(title: Reply['lines'][number], prompt: string, jobId: string): Promise<Reply> {
  const button = (action: 'upscale' | 'vary' | 'reroll' | 'delete' | 'remix', label: string, said: string, index = 0) =>
    ({ id: encodeButtonId({ action, jobId, index }), label, title: said, style: 'normal' }) as const;
  const each = [0, 1, 2, 3];
  return {
    state: 'done',
    lines: [title, [text('seed 42 · 128×128 · 20 steps · guidance 5 · euler_a')]],
    pictures: [await picture(prompt, 258, 0)],
    buttons: [
      [
        ...each.map((i) => button('upscale', `U${i + 1}`, `Upscale picture ${i + 1}`, i)),
        button('reroll', '🔄', 'Draw the same prompt again with a new seed'),
      ],
      [
        ...each.map((i) => button('vary', `V${i + 1}`, `Vary picture ${i + 1}`, i)),
        button('delete', '🗑', 'Delete this message and its pictures'),
      ],
      [button('remix', '✏️', 'Change the prompt')],
    ],
  };
}

/** Four discs on a ground: small, and different for every prompt. */
async function picture(prompt: string, side: number, step: number): Promise<ReplyPicture> {
  const hue = [...prompt].reduce((sum, letter) => sum + (letter.codePointAt(0) ?? 0) * 7, step * 11) % 360;
  const [ground, disc, gap] = [toRgb(hue, 0.6, 0.45), toRgb(hue + 160, 0.75, 0.6), [0, 0, 0]];
  const cell = side / 2;
  const pixels = Array.from({ length: side * side }, (_, index) => {
    const [x, y] = [(index % side) % (cell + 1), Math.floor(index / side) % (cell + 1)];
    if (x >= cell - 1 || y >= cell - 1) return gap;
    return Math.hypot(x - cell / 2, y - cell / 2) < cell * 0.3 ? disc : ground;
  });
  const raw = { width: side, height: side, channels: 3 } as const;
  const data = await sharp(Uint8Array.from(pixels.flat()), { raw }).png().toBuffer();
  return { name: `easel-${step}.png`, mediaType: 'image/png', data, width: side, height: side, alt: prompt };
}

/** Bytes, of HSL as CSS has it. */
function toRgb(hue: number, saturation: number, lightness: number): number[] {
  const chroma = saturation * Math.min(lightness, 1 - lightness);
  return [0, 8, 4].map((n) => {
    const k = (n + hue / 30) % 12;
    return Math.round(255 * (lightness - chroma * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  });
}
