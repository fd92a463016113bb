import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ChannelRef } from '../../src/core/channel.ts';
import { openStore } from '../../src/store/store.ts';

const ada = { platform: 'discord', id: '1' } as const;
const room: ChannelRef = { platform: 'discord', channelId: '1' };
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'easel-settings-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = () => openStore(folder, async () => new Uint8Array());

describe('settings on disk', () => {
  it('are empty at first, and outlive a restart', async () => {
    const store = open();
    expect(await store.settings.ofUser(ada)).toEqual({});
    expect(await store.settings.ofChannel(room)).toEqual({});
    await store.settings.setUser(ada, { count: 2, negative: '' });
    await store.settings.setChannel(room, { maxSide: 512, blockedWords: ['gore'] });
    await store.close();
    const next = open();
    expect(await next.settings.ofUser(ada)).toEqual({ count: 2, negative: '' });
    expect(await next.settings.ofChannel(room)).toEqual({ maxSide: 512, blockedWords: ['gore'] });
    await next.close();
  });

  it('are one person’s on one platform, and a channel’s with all its threads', async () => {
    const { settings, close } = open();
    await settings.setUser(ada, { count: 2 });
    await settings.setChannel(room, { spoiler: true });
    expect(await settings.ofUser({ platform: 'slack', id: '1' })).toEqual({});
    expect(await settings.ofUser({ platform: 'discord', id: '11' })).toEqual({});
    expect(await settings.ofChannel({ ...room, threadId: '9' })).toEqual({ spoiler: true });
    expect(await settings.ofChannel({ ...room, platform: 'slack' })).toEqual({});
    await settings.setUser(ada, {});
    expect(await settings.ofUser(ada)).toEqual({});
    await close();
  });
});
