import { isEngineError } from '../errors.ts';
import type { Probe } from '../providers/choice.ts';
import { createRuntime, type Runtime } from '../runtime/runtime.ts';
import { activity } from '../session/activity.ts';
import { DEVICE_LOST_EXIT } from './exit-reason.ts';
import { startHeartbeat } from './heartbeat.ts';
import { type ChildMessage, encodeError, type FromChild, type ToChild } from './protocol.ts';

let engine: Runtime | undefined;
const running = new Map<number, AbortController>();

/** Makes this process the engine's own. It ends when its parent does, or kills it. */
export function serve(probe: Probe): void {
  // A terminal's Ctrl+C and a service manager signal the whole group: when the engine is to end is for the parent to
  // say, which would take it for a crash in the middle of the work.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);
  // Whatever the host hears of this process, it has a beat before.
  const begun = startHeartbeat();
  process.on('message', (message: ToChild) => void begun.then(() => receive(message, probe)));
  process.on('disconnect', () => process.exit(0));
  activity.on('loading', (isLoading) => void send({ kind: 'loading', id: 0, isLoading }));
  for (const kind of ['calling', 'called'] as const) activity.on(kind, (call) => void send({ kind, id: 0, call }));
}

function receive(message: ToChild, probe: Probe): void {
  switch (message.kind) {
    case 'open':
      engine = createRuntime(message.options, {
        candidates: message.candidates,
        probe: announced((provider) => probe(provider, message.options.device)),
        passedOver: message.passedOver,
      });
      void send({ kind: 'opened', id: 0 });
      return;
    case 'abort':
      running.get(message.id)?.abort();
      return;
    case 'execution':
      void answer(message.id, async (opened) => {
        return { kind: 'execution', id: message.id, execution: await opened.execution() };
      });
      return;
    case 'int8Gain':
      void answer(message.id, async (opened) => {
        return { kind: 'int8Gain', id: message.id, gain: await opened.measureInt8Gain() };
      });
      return;
    case 'load':
      void answer(message.id, async (opened) => {
        await opened.load(message.modelId, {
          onProgress: (progress) => void send({ kind: 'progress', id: message.id, progress }),
        });
        return { kind: 'loaded', id: message.id };
      });
      return;
    case 'run':
      void answer(message.id, (opened) => run(opened, message));
      return;
  }
}

/** The host knows of it before it begins. The processor is not tried: it is what remains. */
function announced(probe: Probe): Probe {
  return async (provider) => {
    if (provider === 'cpu') return probe(provider);
    await send({ kind: 'probing', id: 0, provider });
    try {
      return await probe(provider);
    } finally {
      await send({ kind: 'probed', id: 0 });
    }
  };
}

async function answer(id: number, work: (opened: Runtime) => Promise<ChildMessage>): Promise<void> {
  try {
    if (engine === undefined) throw new Error('the engine was not opened');
    void send(await work(engine));
  } catch (error) {
    if (isEngineError(error) && error.code === 'device_lost') {
      // Whoever waits learns it from the end of the process, and its work is done again by the next one.
      process.stderr.write(`${error.message}\n`);
      process.exit(DEVICE_LOST_EXIT);
    }
    void send({ kind: 'error', id, error: encodeError(error) });
  }
}

async function run(
  opened: Runtime,
  { id, task, sourceLatents, init }: ToChild & { kind: 'run' },
): Promise<ChildMessage> {
  const controller = new AbortController();
  running.set(id, controller);
  try {
    const result = await opened.run(task, {
      signal: controller.signal,
      onProgress: (progress) => void send({ kind: 'progress', id, progress }),
      ...(sourceLatents && { sourceLatents }),
      ...(init && { init }),
    });
    return { kind: 'result', id, result };
  } finally {
    running.delete(id);
  }
}

/** Resolves when it is on its way. */
function send(said: ChildMessage): Promise<void> {
  const message: FromChild = { ...said, memoryBytes: process.memoryUsage.rss() };
  return new Promise((resolve) => {
    // The parent may be gone and its end not yet noticed here; `disconnect` then ends this process.
    if (process.connected) process.send?.(message, undefined, undefined, () => resolve());
    else resolve();
  });
}
