import type { Command } from './context.ts';
import { IMAGINE_OPTIONS } from './options.ts';
import { POSTED } from './replies.ts';
import { resolveSpec } from './spec.ts';

export const imagine: Command = {
  description: { name: 'imagine', description: 'Draw what you describe', options: IMAGINE_OPTIONS },
  async run(request, context) {
    const spec = resolveSpec(request, context);
    const { id: requestId, user: owner, channel } = request;
    await context.queue.submit({ requestId, owner, channel, task: { kind: 'generate', spec } });
    return POSTED;
  },
};
