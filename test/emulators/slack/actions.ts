import type { Delivered, Delivery, EnvelopeType, Payload } from './delivery.ts';
import { fill } from './fill-form.ts';
import type { Manifest } from './manifest.ts';
import { received } from './methods/chat.ts';
import { describeFile } from './methods/files.ts';
import type { Responses } from './responses.ts';
import { ADA, BOT, type Channel, type Message, type Person, type Workspace } from './workspace.ts';

/** What people do in the workspace. Each settles when the app has acknowledged it. */
export interface Actions {
  /** Types `/command text`. */
  command(line: string, where?: Where): Promise<Delivered>;
  /** Says something, also to the bot: `@Easel` is its mention. @param options.files what is attached, by name */
  say(text: string, where?: Where & { readonly files?: readonly Uint8Array[] }): Promise<Message>;
  /** Presses the button of that label on a message that they see. */
  press(message: Message, label: string, person?: Person): Promise<Delivered>;
  /** Presses a button on the app's own page. */
  pressAtHome(label: string, person?: Person): Promise<Delivered>;
  /** Chooses a global shortcut by its name. */
  shortcut(name: string, person?: Person): Promise<Delivered>;
  /** Chooses an action in a message's menu by its name. */
  messageShortcut(name: string, message: Message, person?: Person): Promise<Delivered>;
  /** Slack delivers what was done last once more, as it came. */
  redeliver(): Promise<Delivered>;
  openHome(person?: Person): Promise<Delivered>;
  /** Fills in the form that was opened last, and sends it. @param values by label; a channel by its id under "Where" */
  submit(values: Readonly<Record<string, string>>, person?: Person): Promise<Delivered>;
  /** Opens a form for 3 s after it was given out. */
  useTrigger(triggerId: string): string | undefined;
  /** Lets 30 minutes pass for all response URLs. */
  expireResponses(): void;
  /** Milliseconds that a trigger lives; Slack's 3 s unless a test has no time. */
  triggerLifetimeMs: number;
}

export interface Where {
  readonly channel?: string;
  readonly thread?: string;
  readonly person?: Person;
}

export interface ActionsOptions {
  readonly workspace: Workspace;
  readonly delivery: Delivery;
  readonly manifest: Manifest;
  readonly responses: Responses;
  readonly url: () => string;
}

const VERIFICATION_TOKEN = 'emulatedverificationtoken';

export function createActions(options: ActionsOptions): Actions {
  const { workspace, delivery, manifest, responses, url } = options;
  const triggers = new Map<string, { readonly user: string; readonly at: number }>();
  const team = { id: workspace.team.id, domain: workspace.team.domain };
  const base = { token: VERIFICATION_TOKEN, api_app_id: 'AEASEL', is_enterprise_install: false };

  function giveTrigger({ id }: Person): string {
    const trigger = workspace.nextId('trigger.');
    triggers.set(trigger, { user: id, at: performance.now() });
    return trigger;
  }

  const channelOf = (id: string): Channel => {
    const channel = workspace.channels.get(id);
    if (channel === undefined) throw new Error(`there is no channel ${id}`);
    return channel;
  };

  const userOf = ({ id, name }: Person) => ({ id, name, username: name, team_id: team.id });
  const interactive = (payload: Payload) => send('interactive', { ...base, team, ...payload });
  let last: readonly [EnvelopeType, Payload] | undefined;
  const send = (type: EnvelopeType, payload: Payload) => {
    last = [type, payload];
    return delivery.send(type, payload);
  };

  function event(eventBody: Payload): Promise<Delivered> | undefined {
    const type = eventBody.type === 'message' ? `message.${String(eventBody.channel_type)}` : String(eventBody.type);
    if (!manifest.settings.event_subscriptions.bot_events.includes(type)) return undefined;
    return send('events_api', {
      ...base,
      team_id: team.id,
      event: eventBody,
      type: 'event_callback',
      event_id: workspace.nextId('Ev'),
      event_time: 1_764_000_000,
      authorizations: [{ team_id: team.id, user_id: BOT.id, is_bot: true, is_enterprise_install: false }],
    });
  }

  async function command(line: string, { channel = 'CART', person = ADA }: Where = {}): Promise<Delivered> {
    const [, name = '', text = ''] = /^(\/\S+)\s*([\s\S]*)$/.exec(line) ?? [];
    if (!manifest.features.slash_commands.some((known) => known.command === name)) {
      throw new Error(`${name} is not a valid command`);
    }
    const { kind, name: channelName } = channelOf(channel);
    return send('slash_commands', {
      ...base,
      is_enterprise_install: 'false',
      command: name,
      text: escapeEntities(text),
      response_url: responses.give(channel, person.id),
      trigger_id: giveTrigger(person),
      user_id: person.id,
      user_name: person.name,
      team_id: team.id,
      team_domain: team.domain,
      channel_id: channel,
      channel_name: kind === 'im' ? 'directmessage' : channelName,
    });
  }

  function attach(files: readonly Uint8Array[], person: Person): string[] {
    return files.map((data, index) => {
      const id = workspace.nextId('F');
      const file = { id, name: `upload-${index}.png`, byteLength: data.length, owner: person.id, data };
      workspace.files.set(id, { ...file, mimetype: 'image/png', isCompleted: true });
      return id;
    });
  }

  function withFiles(message: Message): Payload {
    const described = (message.files ?? []).flatMap((id) => {
      const stored = workspace.files.get(id);
      return stored === undefined ? [] : [describeFile(stored, url())];
    });
    return { ...received(message), ...(described.length > 0 && { files: described }) };
  }

  const say: Actions['say'] = async (text, { channel = 'CART', thread, person = ADA, files = [] } = {}) => {
    const { id, kind, members } = channelOf(channel);
    const message: Message = {
      channel: id,
      ts: workspace.nextTs(),
      user: person.id,
      text: escapeTyped(text).replaceAll('@Easel', `<@${BOT.id}>`),
      blocks: [],
      files: attach(files, person),
      isEdited: false,
      ...(thread !== undefined && { threadTs: thread }),
    };
    workspace.messages.push(message);
    const said = { ...withFiles(message), channel: id, event_ts: message.ts };
    const isMentioned = members.has(BOT.id) && message.text.includes(`<@${BOT.id}>`);
    const shared = files.length > 0 ? { subtype: 'file_share' } : {};
    if (kind === 'im') await event({ ...said, ...shared, channel_type: 'im' });
    else if (isMentioned) await event({ ...said, type: 'app_mention' });
    return message;
  };

  function pressButton(holder: readonly unknown[], label: string) {
    const button = buttonsIn(holder).find(({ text }) => text.text === label);
    if (button === undefined) throw new Error(`there is no button ${label}`);
    return [{ ...button, block_id: 'b', action_ts: workspace.nextTs() }];
  }

  const press: Actions['press'] = async (message, label, person = ADA) => {
    const { channel, ts, threadTs, onlyFor, blocks } = message;
    const thread = threadTs === undefined ? {} : { thread_ts: threadTs };
    return interactive({
      type: 'block_actions',
      user: userOf(person),
      actions: pressButton(blocks, label),
      trigger_id: giveTrigger(person),
      response_url: responses.give(channel, person.id),
      channel: { id: channel, name: channelOf(channel).name },
      container: {
        type: 'message',
        message_ts: ts,
        channel_id: channel,
        is_ephemeral: onlyFor !== undefined,
        ...thread,
      },
      // Slack sends nothing of a message that only one person sees.
      ...(onlyFor === undefined && { message: withFiles(message) }),
    });
  };

  const shortcutNamed = (name: string, type: 'global' | 'message') => {
    const found = manifest.features.shortcuts.find((known) => known.name === name && known.type === type);
    if (found === undefined) throw new Error(`there is no ${type} shortcut ${name}`);
    return found.callback_id;
  };

  const submit: Actions['submit'] = async (values, person = ADA) => {
    const opened = workspace.views.at(-1);
    if (opened === undefined) throw new Error('no form is open');
    const delivered = await interactive({
      type: 'view_submission',
      user: userOf(person),
      trigger_id: giveTrigger(person),
      view: { id: opened.id, hash: workspace.nextId('hash.'), ...opened.view, state: { values: fill(opened, values) } },
    });
    const { response } = delivered;
    const stays = typeof response === 'object' && response !== null && 'response_action' in response;
    if (!stays) workspace.views.pop();
    return delivered;
  };

  const actions: Actions = {
    command,
    say,
    press,
    submit,
    triggerLifetimeMs: 3000,
    useTrigger: (triggerId) => {
      const trigger = triggers.get(triggerId);
      triggers.delete(triggerId);
      if (trigger === undefined || performance.now() - trigger.at > actions.triggerLifetimeMs) return undefined;
      return trigger.user;
    },
    expireResponses: () => responses.expireAll(),
    pressAtHome: async (label, person = ADA) => {
      const home = workspace.homes.get(person.id);
      if (home === undefined) throw new Error('the home page is empty');
      return interactive({
        type: 'block_actions',
        user: userOf(person),
        actions: pressButton(home.view.blocks as unknown[], label),
        trigger_id: giveTrigger(person),
        container: { type: 'view', view_id: home.id },
        view: { id: home.id, ...home.view },
      });
    },
    shortcut: async (name, person = ADA) =>
      interactive({
        type: 'shortcut',
        callback_id: shortcutNamed(name, 'global'),
        trigger_id: giveTrigger(person),
        user: userOf(person),
        action_ts: workspace.nextTs(),
      }),
    messageShortcut: async (name, message, person = ADA) =>
      interactive({
        type: 'message_action',
        callback_id: shortcutNamed(name, 'message'),
        trigger_id: giveTrigger(person),
        user: userOf(person),
        action_ts: workspace.nextTs(),
        message_ts: message.ts,
        response_url: responses.give(message.channel, person.id),
        channel: { id: message.channel, name: channelOf(message.channel).name },
        message: withFiles(message),
      }),
    redeliver: async () => {
      if (last === undefined) throw new Error('nothing was done yet');
      return delivery.send(...last, 2);
    },
    openHome: async (person = ADA) => {
      const channel = workspace.directChannel(person.id).id;
      const opened = event({ type: 'app_home_opened', user: person.id, channel, tab: 'home', event_ts: '1' });
      if (opened === undefined) throw new Error('app_home_opened is not subscribed to');
      return opened;
    },
  };
  return actions;
}

/** Slack escapes what people type, and recognizes links in messages. */
function escapeTyped(text: string): string {
  return escapeEntities(text).replaceAll(/https?:\/\/[^\s&]+/g, '<$&>');
}

function escapeEntities(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

interface Button {
  readonly type: string;
  readonly action_id: string;
  readonly text: { readonly text: string };
}

export function buttonsIn(blocks: readonly unknown[]): Button[] {
  return (blocks as readonly { readonly type: string; readonly elements?: readonly Button[]; accessory?: Button }[])
    .flatMap(({ type, elements = [], accessory }) => (type === 'actions' ? elements : (accessory ?? [])))
    .filter(({ type }) => type === 'button');
}
