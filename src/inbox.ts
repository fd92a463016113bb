import { complete } from '../commands/complete.ts';
import type { CommandContext } from '../commands/context.ts';
import { buttons, commands, forms, messageActions, shortcuts } from '../commands/index.ts';
import { type ButtonHandlers, createDispatch } from './dispatch.ts';
import type { Explain } from './failure.ts';
import type { Inbox } from './platforms/port.ts';

/** What people send, bound to what the commands do with it. */
export function createInbox(context: CommandContext, explain: Explain): Inbox {
  const dispatch = createDispatch({
    commands: new Map(commands.map(({ description, run }) => [description.name, (request) => run(request, context)])),
    buttons: bindButtons(context),
    forms: new Map(
      forms.map((handler) => [
        handler.form,
        {
          open: (request, picture) => handler.open(request, picture, context),
          run: (request, picture) => handler.run(request, picture, context),
        },
      ]),
    ),
    messageActions: new Map(
      messageActions.map(({ description, run }) => [description.action, (request) => run(request, context)]),
    ),
    shortcuts: new Map(shortcuts.map(({ shortcut, run }) => [shortcut, (request) => run(request, context)])),
    findJob: context.findJob,
    explain,
  });
  return {
    dispatch,
    complete: async (typing) => {
      try {
        return await complete(typing, context);
      } catch (error) {
        explain(error, { command: typing.command, option: typing.option });
        return [];
      }
    },
  };
}

function bindButtons(context: CommandContext): ButtonHandlers {
  return (action, request, job, index) => buttons[action].run(request, job, index, context);
}
