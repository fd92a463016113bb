import { candidatesFor } from '../providers/providers.ts';
import { DEFAULT_PROVIDER, type ExecutionOptions } from '../runtime/catalog.ts';
import { type EngineHost, type EngineHostOptions, forkEngine, type HostParts } from './client.ts';
import { DeviceEngines } from './device-engines.ts';

/**
 * The engine in a process of its own, or in one for each of several devices.
 * @param parts what a test composes differently
 */
export function createEngine(
  { devices = [], ...options }: EngineHostOptions & Pick<ExecutionOptions, 'devices'>,
  parts: HostParts = {},
): EngineHost {
  const [first] = devices;
  if (first === undefined) return forkEngine(options, parts);
  if (devices.length === 1) return forkEngine({ ...options, device: first }, parts);
  // A device that was named is to be used, or said not to work: the CPU does not stand in for it.
  const [provider] = parts.candidates ?? candidatesFor(options.provider ?? DEFAULT_PROVIDER, options.precision);
  const engines = devices.map((device) => ({
    device,
    engine: forkEngine({ ...options, device, processes: devices.length }, { ...parts, candidates: [provider] }),
  }));
  return new DeviceEngines(engines);
}
