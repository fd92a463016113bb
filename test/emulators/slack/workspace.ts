/** What a workspace holds, as its people would see it; nothing here knows of HTTP. */
export interface Person {
  readonly id: string;
  readonly name: string;
  readonly displayName: string;
  readonly isAdmin: boolean;
  readonly isBot: boolean;
}

export interface Channel {
  readonly id: string;
  readonly name: string;
  readonly kind: 'public' | 'private' | 'im';
  readonly members: Set<string>;
  isArchived: boolean;
}

export type Block = Readonly<Record<string, unknown>> & { readonly type: string };

export interface Message {
  readonly channel: string;
  readonly ts: string;
  readonly user: string;
  readonly threadTs?: string;
  /** Who sees it; everybody when absent. */
  readonly onlyFor?: string;
  readonly metadata?: unknown;
  text: string;
  blocks: readonly Block[];
  files?: readonly string[];
  isEdited: boolean;
}

export interface StoredFile {
  readonly id: string;
  readonly name: string;
  readonly byteLength: number;
  readonly owner: string;
  data?: Uint8Array;
  /** Slack has looked at it: then its type is known and blocks may show it. */
  mimetype: string;
  isCompleted: boolean;
}

export interface View {
  readonly id: string;
  readonly type: 'modal' | 'home';
  readonly user: string;
  readonly view: Readonly<Record<string, unknown>>;
}

export const BOT: Person = { id: 'UEASEL', name: 'easel', displayName: 'Easel', isAdmin: false, isBot: true };
export const ADA: Person = { id: 'UADA', name: 'ada', displayName: 'Ada', isAdmin: false, isBot: false };
export const BOB: Person = { id: 'UBOB', name: 'bob', displayName: 'Bob', isAdmin: false, isBot: false };
export const ZOE: Person = { id: 'UZOE', name: 'zoe', displayName: 'Zoe (admin)', isAdmin: true, isBot: false };

export interface Workspace {
  readonly team: { readonly id: string; readonly name: string; readonly domain: string };
  readonly people: ReadonlyMap<string, Person>;
  readonly groups: readonly { readonly id: string; readonly users: readonly string[] }[];
  readonly channels: Map<string, Channel>;
  readonly messages: Message[];
  readonly files: Map<string, StoredFile>;
  readonly views: View[];
  /** The app's own page, by person. */
  readonly homes: Map<string, View>;
  /** Every state each message has been in, oldest first, by channel and time stamp. */
  readonly history: Map<string, Message[]>;
  nextTs(): string;
  nextId(prefix: string): string;
  directChannel(userId: string): Channel;
  keep(message: Message): void;
}

export function createWorkspace(): Workspace {
  const people = new Map([BOT, ADA, BOB, ZOE].map((person) => [person.id, person]));
  const everybody = [...people.keys()];
  const open = (id: string, name: string, kind: Channel['kind'], members: readonly string[]) =>
    [id, { id, name, kind, members: new Set(members), isArchived: false }] as const;
  const channels = new Map<string, Channel>([
    open('CART', 'art', 'public', everybody),
    open('CSIDE', 'side', 'public', [ADA.id, BOB.id]),
    open('GSECRET', 'secret', 'private', [ADA.id, BOB.id]),
  ]);
  const history = new Map<string, Message[]>();
  const messages: Message[] = [];
  let count = 0;
  const next = () => String(++count).padStart(6, '0');
  return {
    team: { id: 'TEASEL', name: 'Studio', domain: 'studio' },
    people,
    groups: [{ id: 'SPAINTERS', users: [ADA.id] }],
    channels,
    messages,
    files: new Map(),
    views: [],
    homes: new Map(),
    history,
    nextTs: () => `1764000000.${next()}`,
    nextId: (prefix) => `${prefix}${next()}`,
    directChannel: (userId) => {
      const id = `D${userId}`;
      const known = channels.get(id);
      if (known !== undefined) return known;
      const [, channel] = open(id, userId, 'im', [userId, BOT.id]);
      channels.set(id, channel);
      return channel;
    },
    keep: (message) => {
      const key = `${message.channel}/${message.ts}`;
      history.set(key, [...(history.get(key) ?? []), { ...message }]);
    },
  };
}
