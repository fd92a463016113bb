import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readConfig } from '../../src/app/config.ts';

const HERE = resolve('/somewhere');

describe('the configuration', () => {
  it('needs nothing', () => {
    const config = readConfig({}, HERE);
    expect(config).toMatchObject({ port: 3000, host: '127.0.0.1', count: 4, maxWaitingPerUser: 10, maxWaiting: 200 });
    expect(config.dataFolder).toBe(resolve(HERE, 'data'));
    expect(config.modelSources).toEqual([resolve(import.meta.dirname, '../../models/sketch')]);
    expect(config.execution).toEqual({ offload: false, int8Folder: join(HERE, 'data', 'cache', 'int8') });
  });

  it('takes 0 for what it is', () => {
    expect(readConfig({ PORT: '0' }, HERE).port).toBe(0);
    expect(() => readConfig({ EASEL_COUNT: '0' }, HERE)).toThrow(
      'EASEL_COUNT must be a whole number from 1 to 4, not 0.',
    );
  });

  it('hands the engine what is said of how it draws', () => {
    const env = { EASEL_PROVIDER: 'cuda', EASEL_PRECISION: 'float16', EASEL_THREADS: '3', EASEL_LOW_MEMORY: 'yes' };
    const expected = { provider: 'cuda', precision: 'float16', threads: 3, offload: true };
    expect(readConfig({ EASEL_MEMORY_LIMIT: '6000' }, HERE).execution.memoryLimit).toBe(6e9);
    expect(readConfig(env, HERE).execution).toMatchObject(expected);
    expect(() => readConfig({ EASEL_PROVIDER: 'gpu' }, HERE)).toThrow('EASEL_PROVIDER must be one of auto, cpu, cuda,');
    expect(() => readConfig({ EASEL_LOW_MEMORY: '1' }, HERE)).toThrow('EASEL_LOW_MEMORY must be yes or no.');
  });

  it('takes a speed for the requests that give none', () => {
    expect(readConfig({}, HERE)).not.toHaveProperty('speed');
    expect(readConfig({ EASEL_SPEED: 'balanced' }, HERE).speed).toBe('balanced');
    expect(() => readConfig({ EASEL_SPEED: 'quick' }, HERE)).toThrow(
      'EASEL_SPEED must be one of exact, balanced, fast.',
    );
  });

  it('takes int8 on a CPU, and refuses it on a GPU', () => {
    const int8 = { EASEL_PRECISION: 'int8' };
    for (const chosen of [{}, { EASEL_PROVIDER: 'cpu' }, { EASEL_PROVIDER: 'auto' }]) {
      expect(readConfig({ ...int8, ...chosen }, HERE).execution.precision).toBe('int8');
    }
    for (const EASEL_PROVIDER of ['cuda', 'webgpu', 'dml', 'coreml']) {
      expect(() => readConfig({ ...int8, EASEL_PROVIDER }, HERE)).toThrow(
        `EASEL_PRECISION=int8 runs on a CPU only. Set EASEL_PROVIDER=cpu, or EASEL_PRECISION to float16 or float32 for ${EASEL_PROVIDER}.`,
      );
    }
    expect(() => readConfig({ EASEL_PRECISION: 'int4' }, HERE)).toThrow(
      'EASEL_PRECISION must be one of auto, float32, float16, int8.',
    );
  });

  it('reads what roles weigh, and takes everyone for equal without it', () => {
    expect([...readConfig({ EASEL_ROLE_WEIGHTS: 'discord:1=2' }, HERE).roleWeights]).toEqual([['discord:1', 2]]);
    expect(readConfig({}, HERE).roleWeights.size).toBe(0);
  });

  it('leaves limits and slots open that are not set', () => {
    const open = readConfig({}, HERE);
    expect(open).toMatchObject({ hour: {}, day: {} });
    for (const name of ['concurrency', 'maxRunningPerUser']) expect(open).not.toHaveProperty(name);
    const env = { EASEL_CONCURRENCY: '3', EASEL_MAX_RUNNING_PER_USER: '2', EASEL_REQUESTS_PER_HOUR: '20' };
    expect(readConfig({ ...env, EASEL_PICTURES_PER_DAY: '400' }, HERE)).toMatchObject({
      ...{ concurrency: 3, maxRunningPerUser: 2, hour: { requests: 20 }, day: { pictures: 400 } },
    });
    expect(() => readConfig({ EASEL_REQUESTS_PER_DAY: '0' }, HERE)).toThrow(
      'EASEL_REQUESTS_PER_DAY must be a whole number from 1 to 1000, not 0.',
    );
  });

  it('reads the devices in the order given', () => {
    expect(readConfig({ EASEL_DEVICES: ' 2, 0' }, HERE).execution.devices).toEqual([2, 0]);
    expect(readConfig({}, HERE).execution).not.toHaveProperty('devices');
  });

  it('reads several models by path and by name on the Hub, the first as the default', () => {
    const EASEL_MODEL = `./models/a, ${resolve('/b')},CompVis/stable-diffusion-v1-4@v2:fp16,`;
    expect(readConfig({ EASEL_MODEL }, HERE).modelSources).toEqual([
      resolve(HERE, 'models/a'),
      resolve('/b'),
      'CompVis/stable-diffusion-v1-4@v2:fp16',
    ]);
  });

  it.each([
    [{ PORT: '' }, 'PORT must be a whole number from 0 to 65535, not "".'],
    [{ PORT: '70000' }, 'PORT must be a whole number from 0 to 65535, not 70000.'],
    [{ PORT: '3e3' }, 'PORT must be a whole number from 0 to 65535, not "3e3".'],
    [{ EASEL_DEVICES: '' }, 'EASEL_DEVICES is empty; set it to device numbers such as 0,1, or unset it.'],
    [{ EASEL_DEVICES: '0,' }, 'EASEL_DEVICES must be device numbers from 0 to 255 such as 0,1, not "0,".'],
    [{ EASEL_DEVICES: 'gpu0' }, 'EASEL_DEVICES must be device numbers from 0 to 255 such as 0,1, not "gpu0".'],
    [{ EASEL_DEVICES: '1,0,1' }, 'EASEL_DEVICES names device 1 twice.'],
    [
      { EASEL_DEVICES: '0,1', EASEL_PROVIDER: 'webgpu' },
      'EASEL_DEVICES does not work with EASEL_PROVIDER=webgpu, which has no device numbers.',
    ],
    [{ EASEL_COUNT: '1.5' }, 'EASEL_COUNT must be a whole number from 1 to 4, not "1.5".'],
    [{ EASEL_MAX_WAITING: 'NaN' }, 'EASEL_MAX_WAITING must be a whole number from 1 to 10000, not "NaN".'],
    [{ EASEL_DATA: '' }, 'EASEL_DATA is empty; set it to a folder, or unset it.'],
    [
      { EASEL_MODEL: ' ' },
      'EASEL_MODEL is empty; set it to one or more models: folders, .safetensors files, or Hugging Face Hub names, or unset it.',
    ],
    [{ EASEL_ROLE_WEIGHTS: 'discord:1=many' }, 'EASEL_ROLE_WEIGHTS must be roles as discord:123456789=2 or'],
    [{ DISCORD_SHARDS: 'many' }, 'DISCORD_SHARDS must be auto, or a whole number from 1 to 10000.'],
    [{ DISCORD_TOKEN: '' }, 'DISCORD_TOKEN is empty; set it to a bot token, or unset it.'],
    [{ DISCORD_API_URL: 'here' }, 'DISCORD_API_URL must be an address such as http'],
    [{ EASEL_LOG_LEVEL: 'loud' }, 'EASEL_LOG_LEVEL must be one of fatal, error,'],
  ])('answers %j with a sentence', (env, sentence) => {
    expect(() => readConfig(env, HERE)).toThrow(sentence);
  });

  it('tells of everything that is wrong at once', () => {
    expect(() => readConfig({ PORT: 'x', HOST: '' }, HERE)).toThrow(/^PORT .*\.\nHOST .*\.$/);
  });
});
