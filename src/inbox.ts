import { complete } from '../commands/complete.ts';
import type { Command, CommandContext } from '../commands/context.ts';
import { buttons, chooseFound, commands, forms, messageActions, shortcuts } from '../commands/index.ts';
import { jobIdOf } from './core/job-id.ts';
import type { CommandRequest } from './core/request.ts';
import { type ButtonHandlers, createDispatch } from './dispatch.ts';
import type { Explain } from './failure.ts';
import type { Once } from './once.ts';
import type { Inbox } from './platforms/port.ts';

/** What people send, bound to what the commands do with it. */
export function createInbox(context: CommandContext, explain: Explain, once: Once): Inbox {
  const dispatch = createDispatch({
    commands: new Map(commands.map((command) => [command.description.name, bindCommand(command, context, once)])),
    buttons: bindButtons(context, once),
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
    chooseFound: (request, choice) => chooseFound(request, choice, context),
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
    withdraw: async ({ id, user }) => {
      try {
        await context.queue.cancel(jobIdOf(user.platform, id));
      } catch (error) {
        explain(error, { request: id });
      }
    },
  };
}

function bindCommand(command: Command, context: CommandContext, once: Once) {
  return (request: CommandRequest) => {
    const run = () => command.run(request, context);
    return command.once === true ? once.run(request, run) : run();
  };
}

function bindButtons(context: CommandContext, once: Once): ButtonHandlers {
  return (action, request, job, index) => {
    const handler = buttons[action];
    const run = () => handler.run(request, job, index, context);
    return handler.once === true ? once.run(request, run) : run();
  };
}
