import { createRuntime, type Runtime } from '../runtime.ts';
import { encodeError, type FromChild, type Said, type ToChild } from './protocol.ts';

/** The engine's own process. It ends when its parent does, or kills it. */

// A terminal's Ctrl+C and a service manager signal the whole group: when the engine is to end is for the parent to say,
// which would take it for a crash in the middle of the work.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);

let engine: Runtime | undefined;
const running = new Map<number, AbortController>();

process.on('message', (message: ToChild) => {
  switch (message.kind) {
    case 'open':
      engine = createRuntime(message.options);
      send({ kind: 'opened', id: 0 });
      return;
    case 'abort':
      running.get(message.id)?.abort();
      return;
    case 'execution':
      void answer(message.id, async (opened) => {
        return { kind: 'execution', id: message.id, execution: await opened.execution() };
      });
      return;
    case 'load':
      void answer(message.id, async (opened) => {
        await opened.load(message.modelId, {
          onProgress: (progress) => send({ kind: 'progress', id: message.id, progress }),
        });
        return { kind: 'loaded', id: message.id };
      });
      return;
    case 'run':
      void answer(message.id, (opened) => run(opened, message));
      return;
  }
});
process.on('disconnect', () => process.exit(0));

async function answer(id: number, work: (opened: Runtime) => Promise<Said>): Promise<void> {
  try {
    if (engine === undefined) throw new Error('the engine was not opened');
    send(await work(engine));
  } catch (error) {
    send({ kind: 'error', id, error: encodeError(error) });
  }
}

async function run(opened: Runtime, { id, task, sourceLatents, init }: ToChild & { kind: 'run' }): Promise<Said> {
  const controller = new AbortController();
  running.set(id, controller);
  try {
    const result = await opened.run(task, {
      signal: controller.signal,
      onProgress: (progress) => send({ kind: 'progress', id, progress }),
      ...(sourceLatents && { sourceLatents }),
      ...(init && { init }),
    });
    return { kind: 'result', id, result };
  } finally {
    running.delete(id);
  }
}

function send(said: Said): void {
  const message: FromChild = { ...said, memoryBytes: process.memoryUsage.rss() };
  // The parent may be gone and its end not yet noticed here; `disconnect` then ends this process.
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}
