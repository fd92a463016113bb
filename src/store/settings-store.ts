import type { KeyvStoreAdapter } from 'keyv';
import type { ChannelSettings, UserSettings } from '../core/settings.ts';
import { userKey } from '../core/user.ts';
import { openNamespace } from './namespace.ts';
import type { SettingsStore } from './port.ts';

/**
 * Settings in any Keyv store; nothing is kept of those who have set nothing.
 * @param createAdapter a fresh adapter on the same store for each namespace
 */
export function createSettingsStore(createAdapter: () => KeyvStoreAdapter): SettingsStore {
  const users = openNamespace<UserSettings>('user-settings', createAdapter());
  const channels = openNamespace<ChannelSettings>('channel-settings', createAdapter());

  return {
    ofUser: async (user) => (await users.get(userKey(user))) ?? {},
    ofChannel: async ({ platform, channelId }) => (await channels.get(`${platform}:${channelId}`)) ?? {},
    setUser: async (user, settings) => {
      if (Object.keys(settings).length === 0) await users.delete(userKey(user));
      else await users.set(userKey(user), settings);
    },
    setChannel: async ({ platform, channelId }, settings) => {
      const key = `${platform}:${channelId}`;
      if (Object.keys(settings).length === 0) await channels.delete(key);
      else await channels.set(key, settings);
    },
  };
}
