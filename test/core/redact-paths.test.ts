import { describe, expect, it } from 'vitest';
import { redactPaths } from '../../src/core/redact-paths.ts';

describe('a sentence for people', () => {
  it.each([
    [
      'The weights file /srv/models/x.safetensors is damaged: it ends early.',
      'The weights file x.safetensors is damaged: it ends early.',
    ],
    ['The model in /srv/models/old cannot be run.', 'The model in old cannot be run.'],
    ['Look into /srv/models/old.', 'Look into old.'],
    ["ENOENT: no such file, open '/srv/My Models/x.json'", "ENOENT: no such file, open 'x.json'"],
    ['"/srv/a b/x.json" is not JSON', '"x.json" is not JSON'],
    ['C:\\Users\\ada\\models\\x.safetensors lacks a tensor', 'x.safetensors lacks a tensor'],
    ['~/models/x.safetensors lacks a tensor', 'x.safetensors lacks a tensor'],
    ['see file:///srv/easel/engine/child.ts:1', 'see child.ts:1'],
    ['(/usr/lib/libcuda.so.1)', '(libcuda.so.1)'],
    ['Hub at https://huggingface.co/a/b answered', 'Hub at https://huggingface.co/a/b answered'],
    ['at http://127.0.0.1:3000/x/y now', 'at http://127.0.0.1:3000/x/y now'],
    ['`/imagine a red/blue fox/owl` or /help imagine', '`/imagine a red/blue fox/owl` or /help imagine'],
    ['owner/name, image/png, and/or 1/2', 'owner/name, image/png, and/or 1/2'],
  ])('names no place on this machine: %s', (sentence, shown) => {
    expect(redactPaths(sentence)).toBe(shown);
  });

  it('knows the folders that may have spaces in their names', () => {
    const known = ['/srv/My Models', '/data', '/', ''];
    expect(redactPaths('/srv/My Models/a b/x.json is not JSON, /srv/My Models neither, nor /data.', known)).toBe(
      'a b/x.json is not JSON, My Models neither, nor data.',
    );
  });
});
