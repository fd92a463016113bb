import { setTimeout as sleep } from 'node:timers/promises';
import type { MessagePage, PostResult, WireUpload } from '../../../src/platforms/web/wire.ts';
import type { Crowd } from '../crowd.ts';
import type { Dice } from './dice.ts';
import { type Bomb, type Heard, type People, pressable } from './people.ts';

const RETRY_MS = 100;
const PATIENCE_MS = 120_000;
const ACTIONS = ['vary', 'recipe'];

/** People of the web channel: what did not get through they send again under the same request id, as the page does. */
export function createWebPeople(crowd: Crowd, bot: { readonly url: string; isUp(): boolean }, dice: Dice): People {
  let requests = 0;

  async function post(path: string, body: object): Promise<Heard & { readonly result: PostResult | undefined }> {
    requests += 1;
    const text = JSON.stringify({ ...body, requestId: `chaos-${requests}` });
    const headers = { 'Content-Type': 'application/json' };
    const from = performance.now();
    for (;;) {
      const sentAt = performance.now();
      try {
        const answer = await fetch(bot.url + path, { method: 'POST', headers, body: text });
        const read: unknown = await answer.json();
        const to = performance.now();
        const result = answer.ok ? (read as PostResult) : undefined;
        const isTaken = result?.kind === 'posted';
        return {
          from,
          to,
          ackMs: to - sentAt,
          isTaken,
          result,
          told: () => (isTaken ? undefined : JSON.stringify(read)),
        };
      } catch (error) {
        const to = performance.now();
        if (to - from > PATIENCE_MS) {
          return { from, to, ackMs: undefined, result: undefined, told: () => String(error) };
        }
        await sleep(RETRY_MS);
      }
    }
  }

  const command = (name: string, line: string, attachments: readonly string[] = []) =>
    post('/api/messages', { name, line, attachments });

  async function upload(name: string, { data, contentType }: Bomb): Promise<string | undefined> {
    const address = `${bot.url}/api/uploads?name=${encodeURIComponent(name)}`;
    const headers = { 'Content-Type': contentType };
    const answer = await fetch(address, { method: 'POST', headers, body: new Uint8Array(data) });
    const read: unknown = await answer.json();
    return answer.ok ? (read as WireUpload).upload : undefined;
  }

  return {
    crowd,
    isConnected: () => bot.isUp(),
    say: (person, line) => command(`Person ${person}`, line),
    press: async (person, marker) => {
      const answer = await fetch(`${bot.url}/api/messages?limit=100`).catch(() => undefined);
      const page = (await answer?.json().catch(() => undefined)) as MessagePage | undefined;
      const buttons = (page?.messages ?? []).flatMap((message) => {
        if (message.kind !== 'reply' || !JSON.stringify(message.reply.lines).includes(marker)) return [];
        return message.reply.buttons.flat().map(({ id }) => ({ id, messageId: message.id }));
      });
      const allowed = buttons.filter(({ id }) => pressable(id) !== undefined);
      if (allowed.length === 0) return undefined;
      const { id, messageId } = dice.pick(allowed);
      const heard = await post(`/api/messages/${messageId}/buttons`, { name: `Person ${person}`, button: id });
      return { action: pressable(id) ?? '', heard };
    },
    throwBomb: async (person, bomb, line) => {
      const name = `Person ${person}`;
      const id = await upload(name, bomb);
      if (id === undefined) return;
      const { result } = await command(name, line, [id]);
      if (result?.kind !== 'posted' || result.message === undefined) return;
      const path = `/api/messages/${result.message.id}/actions`;
      await Promise.all(ACTIONS.map((action) => post(path, { name, action })));
    },
  };
}
