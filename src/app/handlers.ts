import { complete } from '../../commands/complete.ts';
import type { CommandContext } from '../../commands/context.ts';
import { buttons, chooseCandidate, commands, forms, messageActions, shortcuts } from '../../commands/index.ts';
import { jobIdOf } from '../core/job-id.ts';
import type { ChannelHandlers } from '../platforms/port.ts';
import { createDispatch } from '../requests/dispatch.ts';
import type { Explain } from '../requests/failure.ts';

/** What people send, bound to what the commands do with it. */
export function createChannelHandlers(context: CommandContext, explain: Explain): ChannelHandlers {
  const dispatch = createDispatch({
    commands: new Map(commands.map(({ description, run }) => [description.name, (request) => run(request, context)])),
    buttons: (action, request, job, index) => buttons[action].run(request, job, index, context),
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
    chooseCandidate: (request, choice) => chooseCandidate(request, choice, context),
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
