import type { App, BlockAction, ButtonAction, GlobalShortcut, MessageShortcut, ViewSubmitAction } from '@slack/bolt';
import pTimeout from 'p-timeout';
import type { CommandDescription } from '../../core/command.ts';
import type { Request } from '../../core/request.ts';
import { buttonIdsOf } from './blocks.ts';
import { EASEL, type NameCommands } from './command-names.ts';
import type { Home } from './home.ts';
import {
  type IncomingMessage,
  type Origin,
  originOfCommand,
  originOfForm,
  originOfMessage,
  originOfMessageShortcut,
  originOfPress,
  originOfShortcut,
  pressedContent,
  pressedMessage,
  shortcutContent,
} from './inbound.ts';
import { blockAbout, blockAboutPlace, type FilledForm, readModal } from './modal.ts';
import { type ParsedText, readSentence, readSubcommand } from './parse-text.ts';
import type { RemotePictures } from './remote-picture.ts';
import type { RequestContext, RequestHandler, RequestOutcome } from './request-handler.ts';
import { renderPlain } from './rich-text.ts';
import { unescapeText } from './unescape.ts';

/**
 * Milliseconds for a request to be on disk before it is acknowledged. If the bot is killed before the acknowledgement,
 * Slack delivers the request again or tells the user that it failed. Slack waits 3 seconds.
 */
const ACKNOWLEDGE_WITHIN_MS = 750;
/** Milliseconds for a form to be answered on the form itself, of the 3 seconds that Slack waits. */
const ANSWER_FORM_WITHIN_MS = 2000;

export interface ListenersOptions {
  readonly app: App;
  readonly requestHandler: RequestHandler;
  readonly home: Home;
  readonly pictures: RemotePictures;
  readonly nameCommands: NameCommands;
  readonly commands: readonly CommandDescription[];
  /** @throws SlackTroubleError */
  readonly botUserId: () => Promise<string>;
}

/** Binds Slack's events to what handles requests. Each is acknowledged when it is on disk, or after a limit before that. */
export function listen({
  app,
  requestHandler,
  home,
  pictures,
  nameCommands,
  commands,
  botUserId,
}: ListenersOptions): void {
  /** @param acknowledge for events, Bolt has done it */
  async function serve(
    origin: Origin,
    toRequest: (context: RequestContext) => Request,
    acknowledge: () => Promise<void> = async () => undefined,
  ): Promise<void> {
    let noted = () => {};
    const onDisk = new Promise<void>((resolve) => {
      noted = resolve;
    });
    const serving = requestHandler
      .isNew(origin)
      .then((isNew) => (isNew ? requestHandler.handle(origin, toRequest, noted) : undefined))
      .finally(noted);
    await pTimeout(onDisk, { milliseconds: ACKNOWLEDGE_WITHIN_MS, fallback: () => undefined });
    await acknowledge();
    await serving;
  }

  const toCommand = ({ command, text }: ParsedText, message: Parameters<RemotePictures['of']>[0] = {}) => {
    return (context: RequestContext): Request => {
      const attached = pictures.of({ files: message.files });
      return { ...context, kind: 'command', command, options: {}, text, pictures: attached };
    };
  };

  app.command(/.*/, async ({ command, ack }) => {
    const text = unescapeText(command.text);
    const parsed =
      command.command === EASEL ? readSubcommand(text, commands) : { command: command.command.slice(1), text };
    await serve(originOfCommand(command), toCommand(parsed), ack);
  });

  async function hear(message: IncomingMessage): Promise<void> {
    if (message.user === undefined || message.bot_id !== undefined) return;
    const text = unescapeText((message.text ?? '').replaceAll(`<@${await botUserId()}>`, ' '));
    await serve(originOfMessage(message), toCommand(readSentence(text, commands), message));
  }

  app.event('app_mention', ({ event }) => hear(event as IncomingMessage));
  app.event('message', async ({ event }) => {
    // Other kinds tell of what was edited, deleted or pinned.
    const isSaid = event.subtype === undefined || event.subtype === 'file_share';
    if (isSaid && event.channel_type === 'im') await hear(event as IncomingMessage);
  });

  app.event('app_home_opened', async ({ event }) => {
    if (event.tab === 'home') await home.show(event.user);
  });

  app.action(/.*/, async ({ body, action, ack }) => {
    if (body.type !== 'block_actions' || action.type !== 'button') return ack();
    await serve(originOfPress(body), (context) => toPress(context, body, action as ButtonAction), ack);
  });

  function toPress(context: RequestContext, body: BlockAction, { action_id: buttonId }: ButtonAction): Request {
    const message = pressedMessage(body, context.channel);
    return { ...context, kind: 'button', buttonId, message, pictures: pictures.of(pressedContent(body)) };
  }

  app.shortcut(/.*/, async ({ shortcut, ack }) => {
    if (shortcut.type === 'shortcut') await serve(originOfShortcut(shortcut), toShortcut(shortcut), ack);
    else await serve(originOfMessageShortcut(shortcut), toMessageAction(shortcut), ack);
  });

  const toShortcut =
    ({ callback_id: name }: GlobalShortcut) =>
    (context: RequestContext): Request => ({ ...context, kind: 'shortcut', shortcut: name });

  const toMessageAction = (body: MessageShortcut) => {
    return (context: RequestContext): Request => {
      const content = shortcutContent(body);
      return {
        ...context,
        kind: 'message_action',
        action: body.callback_id,
        message: { channel: context.channel, messageId: body.message_ts },
        buttonIds: buttonIdsOf(content.blocks ?? []),
        pictures: pictures.of(content),
      };
    };
  };

  app.view(/.*/, async ({ body, ack }) => {
    if (body.type !== 'view_submission') return ack();
    const filled = readModal(body.view);
    const origin = originOfForm(body, filled.place);
    const isNew = await requestHandler.isNew(origin);
    const asking = requestHandler.ask(origin, ({ ...context }) => {
      return { ...context, kind: 'form', formId: filled.formId, values: filled.values };
    });
    const outcome = await pTimeout(asking, { milliseconds: ANSWER_FORM_WITHIN_MS, fallback: () => undefined });
    const refusal = outcome === undefined ? undefined : refusalOf(outcome, filled, body, nameCommands);
    if (refusal !== undefined) return ack({ response_action: 'errors', errors: refusal });
    await ack();
    if (isNew) await requestHandler.answer(origin, outcome ?? (await asking));
  });
}

/** The sentence to show on the form itself, so that nothing is lost of what was filled in. */
function refusalOf(
  outcome: RequestOutcome,
  filled: FilledForm,
  { view }: ViewSubmitAction,
  nameCommands: NameCommands,
): Record<string, string> | undefined {
  if (outcome.kind === 'objection') {
    return { [blockAboutPlace(view) ?? blockAbout('', filled)]: plain(outcome.sentence) };
  }
  const { result } = outcome;
  if (result.kind !== 'private' || result.reply.state !== 'error') return undefined;
  const said = result.reply.lines.map((line) => renderPlain(nameCommands(line))).join(' ');
  return { [blockAbout(said, filled)]: said };
}

const plain = (text: string): string => text.replaceAll('`', '');
