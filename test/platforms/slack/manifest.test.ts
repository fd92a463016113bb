import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commands, messageActions, shortcuts } from '../../../commands/index.ts';
import { METHODS, missingScopes } from '../../../src/platforms/slack/methods.ts';
import { readManifest } from '../../emulators/slack/manifest.ts';

const ROOM = join(import.meta.dirname, '../../../src/platforms/slack');
const sources = readdirSync(ROOM).map((file) => readFileSync(join(ROOM, file), 'utf8'));
const found = (pattern: RegExp) =>
  new Set(sources.flatMap((source) => [...source.matchAll(pattern)].map(([, one]) => one)));

/** What an event, or a way of being asked, needs beside the methods. */
const EVENT_SCOPES: Readonly<Record<string, readonly string[]>> = {
  app_mention: ['app_mentions:read'],
  'message.im': ['im:history'],
  app_home_opened: [],
};

describe('slack-manifest.yaml', () => {
  const { features, oauth_config, settings } = readManifest();
  const scopes = oauth_config.scopes.bot;

  it('asks for the scopes that the methods in use need, and for no others', () => {
    expect(missingScopes(scopes)).toEqual([]);
    const needed = Object.values(METHODS).flatMap((method) => [...method.scopes]);
    const ofEvents = settings.event_subscriptions.bot_events.flatMap(
      (event) => EVENT_SCOPES[event] ?? ['unknown event'],
    );
    const unused = new Set([...scopes, ...ofEvents]);
    for (const scope of [...needed, ...ofEvents, 'commands', 'chat:write.public']) unused.delete(scope);
    expect([...unused]).toEqual([]);
    for (const scope of ofEvents) expect(scopes).toContain(scope);
  });

  it('knows every method that is called, and none that is not', () => {
    expect(found(/client\s*\.((?:auth|chat|conversations|files|usergroups|users|views)\.\w+)\(/g)).toEqual(
      new Set(Object.keys(METHODS)),
    );
    expect(found(/'((?:auth|chat|conversations|files|usergroups|users|views)\.\w+)',\s*\(client\)/g)).toEqual(
      new Set(Object.keys(METHODS)),
    );
  });

  it('subscribes to the events that are listened to', () => {
    const listened = [...found(/app\.event\('(\w+)'/g)].map((event) => (event === 'message' ? 'message.im' : event));
    expect(new Set(settings.event_subscriptions.bot_events)).toEqual(new Set(listened));
  });

  it('offers the shortcuts and commands that there are', () => {
    const ofType = (type: string) => features.shortcuts.filter((shortcut) => shortcut.type === type);
    expect(ofType('message').map(({ callback_id, name }) => ({ action: callback_id, title: name }))).toEqual(
      messageActions.map(({ description }) => description),
    );
    const known = shortcuts.map(({ shortcut }) => shortcut);
    for (const { callback_id } of ofType('global')) expect(known).toContain(callback_id);
    expect(features.slash_commands.map(({ command }) => command)).toEqual(['/imagine', '/easel']);
    const hint = features.slash_commands[1]?.usage_hint.split(' | ');
    expect(new Set(hint)).toEqual(
      new Set(commands.map(({ description }) => description.name).filter((name) => name !== 'imagine')),
    );
  });
});
