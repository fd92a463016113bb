import type { MessagePage } from '../../src/platforms/web/wire.ts';
import type { Crowd, Sight } from './crowd.ts';

const PAGE = 100;

/** People at the web channel's HTTP API. */
export function createWebCrowd(people: number): Crowd {
  let url = '';
  let requests = 0;

  async function page(before: string | undefined): Promise<MessagePage> {
    const query = before === undefined ? '' : `&before=${before}`;
    const answer = await fetch(`${url}/api/messages?limit=${PAGE}${query}`);
    return (await answer.json()) as MessagePage;
  }

  return {
    platform: 'web',
    people,
    env: {},
    begin: async (at) => {
      url = at;
    },
    ask: async (person, line) => {
      requests += 1;
      const body = JSON.stringify({ name: `Person ${person}`, requestId: `soak-${requests}`, line });
      const begun = performance.now();
      const answer = await fetch(`${url}/api/messages`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body,
      });
      await answer.text();
      return answer.ok ? performance.now() - begun : undefined;
    },
    look: async () => {
      const seen: Sight[] = [];
      for (let before: string | undefined; ; ) {
        const { messages, hasMore } = await page(before);
        for (const message of messages) {
          if (message.kind !== 'reply') continue;
          const text = message.reply.lines.flat().map((span) => ('text' in span ? span.text : ''));
          seen.push({ text: text.join(''), hasPicture: message.reply.pictures.length > 0 });
        }
        before = messages[0]?.id;
        if (!hasMore || before === undefined) return seen;
      }
    },
    end: async () => {},
  };
}
