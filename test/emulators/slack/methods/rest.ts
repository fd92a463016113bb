import { z } from 'zod';
import { type Method, SlackRefusal } from '../method.ts';
import { BOT, type View } from '../workspace.ts';

const TIER_2 = 20;
const TIER_4 = 100;
const VIEW = z.looseObject({ type: z.enum(['modal', 'home']), blocks: z.array(z.unknown()) });

const authTest: Method = {
  scopes: [],
  takes: [],
  perMinute: TIER_4,
  run: (_, { workspace }) => ({
    url: `https://${workspace.team.domain}.slack.com/`,
    team: workspace.team.name,
    team_id: workspace.team.id,
    user: BOT.name,
    user_id: BOT.id,
    bot_id: 'BEASEL',
  }),
};

const openConnection: Method = {
  scopes: [],
  takes: [],
  perMinute: TIER_4,
  token: 'app',
  run: (_, { socketUrl }) => ({ url: socketUrl() }),
};

const userInfo: Method = {
  scopes: ['users:read'],
  takes: ['user'],
  perMinute: TIER_4,
  run: (args, { workspace }) => {
    const person = workspace.people.get(args.text('user'));
    if (person === undefined) throw new SlackRefusal('user_not_found');
    const { id, name, displayName, isAdmin, isBot } = person;
    const profile = { display_name: displayName, real_name: displayName };
    return { user: { id, name, is_admin: isAdmin, is_owner: false, is_bot: isBot, profile } };
  },
};

const userGroups: Method = {
  scopes: ['usergroups:read'],
  takes: ['include_users'],
  perMinute: TIER_2,
  run: (_, { workspace }) => ({ usergroups: workspace.groups }),
};

const openView: Method = {
  scopes: [],
  takes: ['trigger_id', 'view'],
  perMinute: TIER_4,
  run: (args, { workspace, checkBlocks, useTrigger }) => {
    const view = VIEW.parse(args.json('view'));
    if (view.type !== 'modal') throw new SlackRefusal('invalid_arguments', ['only modals can be opened']);
    checkBlocks(view, 'modal');
    const user = useTrigger(args.text('trigger_id'));
    if (user === undefined) throw new SlackRefusal('expired_trigger_id');
    const opened: View = { id: workspace.nextId('V'), type: 'modal', user, view };
    workspace.views.push(opened);
    return { view: { id: opened.id } };
  },
};

const publishView: Method = {
  scopes: [],
  takes: ['user_id', 'view'],
  perMinute: TIER_4,
  run: (args, { workspace, checkBlocks }) => {
    const view = VIEW.parse(args.json('view'));
    if (view.type !== 'home') throw new SlackRefusal('invalid_arguments', ['only home views can be published']);
    checkBlocks(view, 'home');
    const user = args.text('user_id');
    if (!workspace.people.has(user)) throw new SlackRefusal('user_not_found');
    const id = workspace.homes.get(user)?.id ?? workspace.nextId('V');
    workspace.homes.set(user, { id, type: 'home', user, view });
    return { view: { id } };
  },
};

export const otherMethods: Readonly<Record<string, Method>> = {
  'auth.test': authTest,
  'apps.connections.open': openConnection,
  'users.info': userInfo,
  'usergroups.list': userGroups,
  'views.open': openView,
  'views.publish': publishView,
};
