import { type APIInteraction, ChannelType, PermissionFlagsBits } from 'discord.js';
import { errorReply, type Reply } from '../../core/reply.ts';

/** Who may manage messages moderates; Discord hides from others what only moderators may use. */
export const MODERATOR_PERMISSION = PermissionFlagsBits.ManageMessages;

/** What Easel needs in a channel, by the names in Discord's settings. */
export const NEEDED: readonly {
  readonly name: string;
  readonly bit: bigint;
  readonly where: 'all' | 'channel' | 'thread';
}[] = [
  { name: 'View Channel', bit: PermissionFlagsBits.ViewChannel, where: 'all' },
  { name: 'Send Messages', bit: PermissionFlagsBits.SendMessages, where: 'channel' },
  { name: 'Send Messages in Threads', bit: PermissionFlagsBits.SendMessagesInThreads, where: 'thread' },
  { name: 'Attach Files', bit: PermissionFlagsBits.AttachFiles, where: 'all' },
  { name: 'Read Message History', bit: PermissionFlagsBits.ReadMessageHistory, where: 'all' },
];

/** What of it the bot does not have where the interaction comes from. */
export function missingPermissions(interaction: APIInteraction): string[] {
  if (interaction.guild_id === undefined) return [];
  const granted = BigInt(interaction.app_permissions);
  if ((granted & PermissionFlagsBits.Administrator) !== 0n) return [];
  const here = isThread(interaction.channel?.type) ? 'thread' : 'channel';
  return NEEDED.filter(({ bit, where }) => (where === 'all' || where === here) && (granted & bit) === 0n).map(
    ({ name }) => name,
  );
}

export function explainMissing(permissions: readonly string[]): Reply {
  const names = permissions.map((name) => `\`${name}\``).join(', ');
  const words = `Easel cannot put pictures here, because it lacks ${names}. Someone who manages this server can grant it in the channel's settings under Permissions, or in Server Settings under Roles.`;
  return errorReply(words);
}

/** Where a person adds the bot to a server, with the scopes and permissions that it needs. */
export function inviteLink(applicationId: string): string {
  const permissions = NEEDED.reduce((bits, { bit }) => bits | bit, 0n);
  const query = new URLSearchParams({
    client_id: applicationId,
    scope: 'bot applications.commands',
    permissions: `${permissions}`,
  });
  return `https://discord.com/oauth2/authorize?${query}`;
}

/** Whether a channel of this type is a thread. */
export function isThread(type: ChannelType | undefined): boolean {
  return (
    type === ChannelType.PublicThread || type === ChannelType.PrivateThread || type === ChannelType.AnnouncementThread
  );
}
