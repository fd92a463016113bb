import { dirname } from 'node:path';

const ENGINE = 'engine/index.ts';
const PORTS = ['src/platforms', 'src/queue/port.ts', 'src/store/port.ts'];

/**
 * Every folder of the product, and what its files may import, types included. A folder may always import itself; a
 * folder that is named does not stand for its subfolders. A file that is named is not part of its folder: such are the
 * files through which a room is entered. The list is written from the bottom up: a row may name only rows above it.
 */
export const FOLDERS: Readonly<Record<string, readonly string[]>> = {
  // The engine. Its files at the root are words that all of it shares: types, errors, names.
  engine: [],
  'engine/rng': [],
  'engine/families': ['engine'],
  'engine/weights': ['engine', 'engine/families'],
  'engine/session': ['engine'],
  'engine/latents': ['engine'],
  'engine/onnx': ['engine/weights'],
  'engine/int8': ['engine', 'engine/onnx', 'engine/weights'],
  'engine/schedulers': ['engine', 'engine/rng'],
  'engine/tokenizer': ['engine', 'engine/weights'],
  'engine/model': ['engine', 'engine/families', 'engine/schedulers', 'engine/tokenizer', 'engine/weights'],
  'engine/hub': ['engine', 'engine/model', 'engine/tokenizer', 'engine/weights'],
  'engine/graph': ['engine', 'engine/model', 'engine/onnx', 'engine/weights'],
  'engine/providers': ['engine', 'engine/graph', 'engine/onnx', 'engine/session', 'engine/weights'],
  'engine/lora': ['engine', 'engine/families', 'engine/graph', 'engine/session', 'engine/weights'],
  'engine/prompt': ['engine', 'engine/lora', 'engine/tokenizer'],
  'engine/spec': ['engine', 'engine/model', 'engine/prompt', 'engine/schedulers'],
  'engine/safety': [
    'engine',
    'engine/graph',
    'engine/latents',
    'engine/model',
    'engine/providers',
    'engine/session',
    'engine/weights',
  ],
  'engine/networks': [
    'engine',
    'engine/graph',
    'engine/int8',
    'engine/latents',
    'engine/lora',
    'engine/model',
    'engine/onnx',
    'engine/prompt',
    'engine/providers',
    'engine/safety',
    'engine/session',
    'engine/spec',
    'engine/tokenizer',
    'engine/weights',
  ],
  'engine/upscalers': [
    'engine',
    'engine/graph',
    'engine/latents',
    'engine/onnx',
    'engine/providers',
    'engine/session',
    'engine/weights',
  ],
  'engine/memory': [
    'engine',
    'engine/latents',
    'engine/model',
    'engine/networks',
    'engine/prompt',
    'engine/spec',
    'engine/weights',
  ],
  'engine/pipeline': [
    'engine',
    'engine/families',
    'engine/latents',
    'engine/lora',
    'engine/memory',
    'engine/model',
    'engine/networks',
    'engine/prompt',
    'engine/rng',
    'engine/schedulers',
    'engine/spec',
  ],
  'engine/runtime': [
    'engine',
    'engine/hub',
    'engine/lora',
    'engine/memory',
    'engine/model',
    'engine/networks',
    'engine/pipeline',
    'engine/prompt',
    'engine/providers',
    'engine/session',
    'engine/spec',
    'engine/tokenizer',
    'engine/upscalers',
    'engine/weights',
  ],
  'engine/process': ['engine', 'engine/providers', 'engine/runtime', 'engine/session', 'engine/spec'],
  [ENGINE]: [
    'engine',
    'engine/hub',
    'engine/lora',
    'engine/process',
    'engine/prompt',
    'engine/providers',
    'engine/runtime',
    'engine/session',
    'engine/spec',
  ],

  // The rooms of the bot.
  'src/core': [ENGINE],
  'src/lib': ['src/core'],
  'src/image': [ENGINE],
  'src/inputs': [ENGINE, 'src/core', 'src/image', 'src/lib'],
  'src/store/port.ts': [ENGINE, 'src/core'],
  'src/queue/port.ts': [ENGINE, 'src/core'],
  'src/platforms': ['src/core'],
  'src/store': [ENGINE, 'src/core', 'src/lib', 'src/store/port.ts'],
  'src/queue': [ENGINE, 'src/core', 'src/lib', 'src/queue/port.ts', 'src/store/port.ts'],
  'src/deliver': [ENGINE, 'src/core', 'src/lib', ...PORTS],
  'src/requests': [ENGINE, 'src/core', 'src/lib', ...PORTS],
  'src/platforms/shared': ['src/core', 'src/lib', 'src/platforms'],
  'src/platforms/discord': ['src/core', 'src/lib', 'src/store/port.ts', 'src/platforms', 'src/platforms/shared'],
  'src/platforms/slack': ['src/core', 'src/lib', 'src/store/port.ts', 'src/platforms', 'src/platforms/shared'],
  'src/platforms/web': [
    'src/core',
    'src/lib',
    'src/image',
    'src/inputs',
    'src/store/port.ts',
    'src/platforms',
    'src/platforms/shared',
  ],
  // In the browser: it knows the types of what the server sends.
  'src/platforms/web/page': ['src/core', 'src/platforms', 'src/platforms/web'],

  // The commands: ports and core, never a platform, a database or a queue.
  commands: [ENGINE, 'src/core', ...PORTS],
  'commands/localisations': ['src/core'],
  'commands/parsing': [ENGINE, 'src/core'],
  'commands/imagine': [ENGINE, 'src/core', ...PORTS, 'commands', 'commands/parsing'],
  'commands/jobs': [ENGINE, 'src/core', ...PORTS, 'commands', 'commands/parsing'],
  'commands/recipes': [ENGINE, 'src/core', 'commands', 'commands/imagine', 'commands/jobs', 'commands/parsing'],
  'commands/settings': [ENGINE, 'src/core', ...PORTS, 'commands', 'commands/imagine', 'commands/parsing'],
  'commands/variations': [
    ENGINE,
    'src/core',
    ...PORTS,
    'commands',
    'commands/imagine',
    'commands/jobs',
    'commands/parsing',
    'commands/recipes',
  ],
  'commands/about': [
    ENGINE,
    'src/core',
    ...PORTS,
    'commands',
    'commands/imagine',
    'commands/jobs',
    'commands/parsing',
    'commands/recipes',
    'commands/settings',
  ],
  'commands/complete.ts': [
    ENGINE,
    'src/core',
    ...PORTS,
    'commands',
    'commands/imagine',
    'commands/jobs',
    'commands/parsing',
  ],
  'commands/index.ts': [
    'src/core',
    'commands',
    'commands/about',
    'commands/imagine',
    'commands/jobs',
    'commands/localisations',
    'commands/recipes',
    'commands/settings',
    'commands/variations',
  ],

  // What puts it all together.
  'src/app': [
    ENGINE,
    'src/core',
    'src/lib',
    'src/image',
    'src/inputs',
    ...PORTS,
    'src/store',
    'src/queue',
    'src/deliver',
    'src/requests',
    'src/platforms/discord',
    'src/platforms/slack',
    'src/platforms/web',
    'commands',
    'commands/complete.ts',
    'commands/index.ts',
  ],
  'src/cli': [ENGINE, 'src/core', 'src/lib', 'src/image', 'src/inputs', 'commands/imagine', 'src/app'],
  src: ['src/app'],
};

/** Packages that one place alone may import, types included: a folder, or one file of it. */
export const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  'onnxruntime-node': ['engine/session'],
  '@bufbuild/protobuf': ['engine/onnx'],
  '@huggingface/hub': ['engine/hub'],
  '@huggingface/tokenizers': ['engine/tokenizer'],
  sharp: ['src/image/sharp.ts'],
  'ipaddr.js': ['src/inputs'],
  keyv: ['src/store'],
  libsql: ['src/lib', 'src/store'],
  commander: ['src/cli'],
  'discord.js': ['src/platforms/discord'],
  '@slack/bolt': ['src/platforms/slack'],
  hono: ['src/platforms/web'],
  '@hono/node-server': ['src/platforms/web'],
};

/** The row of `FOLDERS` that a file belongs to. */
export function folderOf(file: string): string {
  return file in FOLDERS ? file : dirname(file);
}

/** `hono` of `hono/body-limit`, `@slack/bolt` of itself; undefined for a path or one of Node's modules. */
export function packageOf(target: string): string | undefined {
  if (target.startsWith('node:') || ['engine/', 'src/', 'commands/'].some((root) => target.startsWith(root))) return;
  const [first = '', second = ''] = target.split('/');
  return first.startsWith('@') ? `${first}/${second}` : first;
}
