import type { App, BlockAction, ButtonAction, GlobalShortcut, MessageShortcut, ViewSubmitAction } from '@slack/bolt';
import type { CommandDescription } from '../../core/command.ts';
import type { Request } from '../../core/request.ts';
import { buttonIdsOf } from './blocks.ts';
import type { Asked, Asker, Desk } from './desk.ts';
import type { Home } from './home.ts';
import {
  type Origin,
  originOfCommand,
  originOfForm,
  originOfMessage,
  originOfMessageShortcut,
  originOfPress,
  originOfShortcut,
  pressedContent,
  pressedMessage,
  type SpokenMessage,
  shortcutContent,
} from './inbound.ts';
import { blockAbout, blockAboutPlace, type FilledForm, readModal } from './modal.ts';
import { EASEL, type Phrase } from './phrasing.ts';
import type { RemotePictures } from './remote-picture.ts';
import { renderPlain } from './rich-text.ts';
import { readSentence, readSubcommand, type Spoken } from './spoken.ts';
import { undoEscapes } from './typed-text.ts';

/** A form's answer may still be refused on the form itself; Slack waits 3 s. */
const REFUSE_FORM_WITHIN_MS = 2000;

export interface ListenersOptions {
  readonly app: App;
  readonly desk: Desk;
  readonly home: Home;
  readonly pictures: RemotePictures;
  readonly phrase: Phrase;
  readonly commands: readonly CommandDescription[];
  /** @throws SlackTroubleError */
  readonly botUserId: () => Promise<string>;
}

/** Binds Slack's events to the desk. Each is acknowledged before anything else is done. */
export function listen({ app, desk, home, pictures, phrase, commands, botUserId }: ListenersOptions): void {
  async function serve(origin: Origin, toRequest: (asker: Asker) => Request): Promise<void> {
    if (await desk.isNew(origin)) await desk.serve(origin, toRequest);
  }

  const toCommand = ({ command, text }: Spoken, message: Parameters<RemotePictures['of']>[0] = {}) => {
    return (asker: Asker): Request => {
      const attached = pictures.of({ files: message.files });
      return { ...asker, kind: 'command', command, options: {}, text, pictures: attached };
    };
  };

  app.command(/.*/, async ({ command, ack }) => {
    await ack();
    const text = undoEscapes(command.text);
    const spoken = command.command === EASEL ? readSubcommand(text) : { command: command.command.slice(1), text };
    await serve(originOfCommand(command), toCommand(spoken));
  });

  async function hear(message: SpokenMessage): Promise<void> {
    if (message.user === undefined || message.bot_id !== undefined) return;
    const text = undoEscapes((message.text ?? '').replaceAll(`<@${await botUserId()}>`, ' '));
    await serve(originOfMessage(message), toCommand(readSentence(text, commands), message));
  }

  app.event('app_mention', ({ event }) => hear(event as SpokenMessage));
  app.event('message', async ({ event }) => {
    // Other kinds tell of what was edited, deleted or pinned.
    const isSaid = event.subtype === undefined || event.subtype === 'file_share';
    if (isSaid && event.channel_type === 'im') await hear(event as SpokenMessage);
  });

  app.event('app_home_opened', async ({ event }) => {
    if (event.tab === 'home') await home.show(event.user);
  });

  app.action(/.*/, async ({ body, action, ack }) => {
    await ack();
    if (body.type !== 'block_actions' || action.type !== 'button') return;
    await serve(originOfPress(body), (asker) => toPress(asker, body, action as ButtonAction));
  });

  function toPress(asker: Asker, body: BlockAction, { action_id: buttonId }: ButtonAction): Request {
    const message = pressedMessage(body, asker.channel);
    return { ...asker, kind: 'button', buttonId, message, pictures: pictures.of(pressedContent(body)) };
  }

  app.shortcut(/.*/, async ({ shortcut, ack }) => {
    await ack();
    if (shortcut.type === 'shortcut') await serve(originOfShortcut(shortcut), toShortcut(shortcut));
    else await serve(originOfMessageShortcut(shortcut), toMessageAction(shortcut));
  });

  const toShortcut =
    ({ callback_id: name }: GlobalShortcut) =>
    (asker: Asker): Request => ({ ...asker, kind: 'shortcut', shortcut: name });

  const toMessageAction = (body: MessageShortcut) => {
    return (asker: Asker): Request => {
      const content = shortcutContent(body);
      return {
        ...asker,
        kind: 'message_action',
        action: body.callback_id,
        message: { channel: asker.channel, messageId: body.message_ts },
        buttonIds: buttonIdsOf(content.blocks ?? []),
        pictures: pictures.of(content),
      };
    };
  };

  app.view(/.*/, async ({ body, ack }) => {
    if (body.type !== 'view_submission') return ack();
    const filled = readModal(body.view);
    const origin = originOfForm(body, filled.place);
    const isNew = await desk.isNew(origin);
    const asking = desk.ask(origin, ({ ...asker }) => {
      return { ...asker, kind: 'form', formId: filled.formId, values: filled.values };
    });
    const asked = await within(REFUSE_FORM_WITHIN_MS, asking);
    const refusal = asked === undefined ? undefined : refusalOf(asked, filled, body, phrase);
    if (refusal !== undefined) return ack({ response_action: 'errors', errors: refusal });
    await ack();
    if (isNew) await desk.answer(origin, asked ?? (await asking));
  });
}

/** The sentence to show on the form itself, so that nothing is lost of what was filled in. */
function refusalOf(
  asked: Asked,
  filled: FilledForm,
  { view }: ViewSubmitAction,
  phrase: Phrase,
): Record<string, string> | undefined {
  if (asked.kind === 'objection') {
    return { [blockAboutPlace(view) ?? blockAbout('', filled)]: plain(asked.sentence) };
  }
  const { result } = asked;
  if (result.kind !== 'private' || result.reply.state !== 'error') return undefined;
  const said = result.reply.lines.map((line) => renderPlain(phrase(line))).join(' ');
  return { [blockAbout(said, filled)]: said };
}

const plain = (text: string): string => text.replaceAll('`', '');

async function within<Result>(ms: number, work: Promise<Result>): Promise<Result | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
