import type { DeviceStatus, Engine, EngineLoss, RunResult } from '../engine.ts';
import { EngineError, isEngineError } from '../errors.ts';
import { specOf } from '../spec/recipe.ts';
import type { EngineHost } from './client.ts';
import { FirstUse } from './first-use.ts';

interface Device {
  readonly device: number;
  readonly engine: EngineHost;
  model: string | undefined;
  running: number;
}

/** Several engines as one, each on a device of its own: whoever gives a task says on which it runs. */
export class DeviceEngines implements EngineHost {
  readonly #devices: readonly [Device, ...Device[]];
  /** Two processes must not fetch the same files from the Hub. */
  readonly #firstUse = new FirstUse();

  /** @param engines at least one, all of the same models and provider */
  constructor(engines: readonly { readonly device: number; readonly engine: EngineHost }[]) {
    const [first, ...others] = engines.map((given) => ({ ...given, model: undefined, running: 0 }));
    if (first === undefined) throw new RangeError('an engine needs a device');
    this.#devices = [first, ...others];
    this.onLost(({ device }) => {
      for (const lost of this.#devices) if (lost.device === device) lost.model = undefined;
    });
  }

  get devices(): readonly DeviceStatus[] {
    return this.#devices.map(({ device, engine, model, running }) => ({
      ...{ device, running },
      ...(model !== undefined && { model }),
      ...(engine.memoryBytes !== undefined && { memoryBytes: engine.memoryBytes }),
    }));
  }

  get memoryBytes(): number | undefined {
    const known = this.#devices.flatMap(({ engine }) => engine.memoryBytes ?? []);
    return known.length === 0 ? undefined : known.reduce((sum, bytes) => sum + bytes, 0);
  }

  get pid(): number | undefined {
    return this.pids[0];
  }

  get pids(): readonly (number | undefined)[] {
    return this.#devices.map(({ engine }) => engine.pid);
  }

  onLost(listener: (loss: EngineLoss) => void): void {
    for (const { device, engine } of this.#devices) engine.onLost?.((loss) => listener({ ...loss, device }));
  }

  /** @throws EngineError of the first device that does not work, naming it */
  async describe() {
    const described = await Promise.allSettled(this.#devices.map(({ engine }) => engine.describe()));
    const failed = described.findIndex(({ status }) => status === 'rejected');
    const [first] = failed < 0 ? described : described.slice(failed);
    if (first?.status !== 'fulfilled') throw naming(this.#devices[failed]?.device, first?.reason);
    return { ...first.value, devices: this.#devices.length };
  }

  /** All devices are bound by the same rules. */
  check(...[task]: Parameters<Engine['check']>): Promise<void> {
    return this.#devices[0].engine.check(task);
  }

  /** On every device, one after the other: the first fetches what is on the Hub. */
  async load(...[modelId, options]: Parameters<Engine['load']>): Promise<void> {
    for (const device of this.#devices) {
      await this.#firstUse.begin(modelId, () => device.engine.load(modelId, options));
      device.model = modelId;
    }
  }

  async measureInt8Gain(): Promise<number> {
    return (await this.#devices[0].engine.measureInt8Gain?.()) ?? 1;
  }

  async run(...[task, { device: index, ...options } = {}]: Parameters<Engine['run']>): Promise<RunResult> {
    const chosen = index === undefined ? this.#leastBusy() : this.#devices[index];
    if (chosen === undefined) throw new EngineError('internal', `There is no device at index ${index}.`);
    const { model } = specOf(task);
    chosen.running += 1;
    try {
      const draw = (downloaded: () => void) =>
        chosen.engine.run(task, {
          ...options,
          onProgress: (progress) => {
            if (progress.phase !== 'downloading') {
              downloaded();
              chosen.model = model;
            }
            options.onProgress?.(progress);
          },
        });
      return await this.#firstUse.begin(model, draw, options.signal);
    } finally {
      chosen.running -= 1;
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#devices.map(({ engine }) => engine.close()));
  }

  #leastBusy(): Device {
    return this.#devices.reduce((least, device) => (device.running < least.running ? device : least));
  }
}

function naming(device: number | undefined, error: unknown): unknown {
  if (!isEngineError(error) || error.code !== 'provider_failed') return error;
  return new EngineError(error.code, `Device ${device} cannot be used. ${error.message}`, error.facts, error);
}
