/**
 * By user, how far the end of what they have had lies ahead of virtual time: the others come first by that much. Below 0
 * where what runs began that long ago. Whoever is not among them owes nothing.
 */
export type Debts = Readonly<Record<string, number>>;

/**
 * Start-time fair queueing (Goyal, Vin, Cheng 1996): every job gets a start tag in virtual time, and the smallest tag
 * starts next. V is the largest tag of a job begun, F[user] the virtual time at which a user's work so far ends:
 *
 *     start = max(V, F[user]);  F[user] = start + cost;  on begin: V = max(V, start)
 *
 * A user with a long batch is charged ahead for it, so whoever comes later gets a tag among the batch and not behind it.
 *
 * With several jobs running at once V is still the largest tag begun, not that of a job in service (SFQ(D): Jin, Chase,
 * Kaur 2004): a newcomer then waits for no tag that has begun, and users who stay in the queue are charged the same for
 * the same work to within one job of each.
 *
 * The cost here is the work divided by its owner's weight: who weighs twice as much is charged half, and comes twice as
 * often.
 */
export interface FairClock {
  /**
   * Charges users for what they had before the process began; their waiting jobs move back by it.
   * @returns the new tags of those that do
   */
  owe(debts: Debts): ReadonlyMap<string, number>;
  /** What a later process must know to go on with the same turns; what runs it finds out by itself. */
  debts(): Debts;
  /** The start tag of a new job. `cost` is in any one unit, above 0. */
  enqueue(user: string, id: string, cost: number): number;
  /** The tag of a job that had begun before the process died: it starts now, and its user is charged for it. */
  resume(user: string, id: string, cost: number): number;
  /** A queued job begins: virtual time moves to its tag. */
  begin(id: string): void;
  /**
   * A job that had begun is over, and what it did not use is given back: the new tags of its user's waiting jobs, which
   * move up. @param used share of its cost, 0–1
   */
  end(id: string, used?: number): ReadonlyMap<string, number>;
  /** A queued job leaves as though it had never come: the new tags of its user's later jobs, which move up. */
  cancel(id: string): ReadonlyMap<string, number>;
  /** V: no job that comes now gets a tag before it. */
  now(): number;
  /** The tag that a job of this user would get now. */
  next(user: string): number;
  /** The virtual time at which what has begun of a user's work ends; 0 for who has had nothing. */
  begun(user: string): number;
}

interface Charge {
  readonly id: string;
  cost: number;
  /** V when the job came: no tag of it lies before. Nothing when an earlier process began it. */
  readonly floor: number;
  start: number;
  phase: 'waiting' | 'running' | 'ended';
}

interface Account {
  /** Virtual end of the work whose charges are no longer kept. */
  base: number;
  /** In order of their tags; those that wait are the last. */
  readonly charges: Charge[];
  /** How many of them do not wait: of most people none. */
  begun: number;
}

/** An empty clock: nobody has had anything yet. */
export function createFairClock(): FairClock {
  let virtual = 0;
  const accounts = new Map<string, Account>();
  /** Of the jobs that wait or run. */
  const userOf = new Map<string, string>();

  function accountOf(user: string): Account {
    const known = accounts.get(user);
    if (known !== undefined) return known;
    const account: Account = { base: 0, charges: [], begun: 0 };
    accounts.set(user, account);
    return account;
  }

  function find(id: string, phase: Charge['phase']): { account: Account; charge: Charge } {
    const account = accounts.get(userOf.get(id) ?? '');
    const charge = account?.charges.find((charge) => charge.id === id && charge.phase === phase);
    if (account === undefined || charge === undefined) throw new RangeError(`not ${phase}: ${id}`);
    return { account, charge };
  }

  /** Virtual time means nothing without work: an idle queue owes and charges nobody. */
  function resetWhenIdle(): void {
    if (userOf.size > 0) return;
    virtual = 0;
    accounts.clear();
  }

  /** Who waits for nothing and owes nothing is as good as new. */
  function forgetPaid(): void {
    for (const [user, { base, charges }] of accounts) {
      if (charges.length === 0 && base <= virtual) accounts.delete(user);
    }
  }

  function add(user: string, id: string, cost: number, phase: Charge['phase']): Charge {
    if (!(cost > 0 && Number.isFinite(cost))) throw new RangeError(`cost must be above 0, not ${cost}`);
    if (userOf.has(id)) throw new RangeError(`queued already: ${id}`);
    const account = accountOf(user);
    // What had begun before this process did, began at a time that this clock has not known.
    const floor = phase === 'running' ? Number.NEGATIVE_INFINITY : virtual;
    const charge: Charge = { id, cost, floor, start: Math.max(floor, finishOf(account)), phase };
    account.charges.push(charge);
    if (phase === 'running') account.begun += 1;
    userOf.set(id, user);
    return charge;
  }

  return {
    owe: (debts) => {
      const moved = Object.entries(debts).flatMap(([user, debt]) => {
        const before = accounts.get(user)?.base ?? Number.NEGATIVE_INFINITY;
        const account = accountOf(user);
        account.base = Math.max(before, virtual + debt);
        return [...settle(account)];
      });
      return new Map(moved);
    },
    debts: () => {
      const debts: Record<string, number> = {};
      for (const [user, account] of accounts) {
        // What runs is charged again by the process that takes it up.
        const running = account.begun === 0 ? [] : account.charges.filter(({ phase }) => phase === 'running');
        const debt = running.reduce((end, { cost }) => end - cost, endOfBegun(account)) - virtual;
        if (debt > 0 || (debt < 0 && running.length > 0)) debts[user] = debt;
      }
      return debts;
    },
    enqueue: (user, id, cost) => add(user, id, cost, 'waiting').start,
    resume: (user, id, cost) => {
      const isLate = accountOf(user).charges.some((charge) => charge.phase === 'waiting');
      if (isLate) throw new RangeError('resume jobs before new ones are queued');
      add(user, id, cost, 'running');
      return virtual;
    },
    begin: (id) => {
      const { account, charge } = find(id, 'waiting');
      charge.phase = 'running';
      account.begun += 1;
      virtual = Math.max(virtual, charge.start);
      forgetPaid();
    },
    end: (id, used = 1) => {
      const { account, charge } = find(id, 'running');
      charge.phase = 'ended';
      charge.cost *= Math.min(1, Math.max(0, used));
      userOf.delete(id);
      const moved = settle(account);
      resetWhenIdle();
      return moved;
    },
    cancel: (id) => {
      const { account, charge } = find(id, 'waiting');
      account.charges.splice(account.charges.indexOf(charge), 1);
      userOf.delete(id);
      const moved = settle(account);
      resetWhenIdle();
      return moved;
    },
    now: () => virtual,
    next: (user) => Math.max(virtual, finishOf(accounts.get(user))),
    begun: (user) => {
      const account = accounts.get(user);
      return account === undefined ? 0 : endOfBegun(account);
    },
  };
}

function finishOf(account: Account | undefined): number {
  const last = account?.charges.at(-1);
  return last === undefined ? (account?.base ?? 0) : last.start + last.cost;
}

/** Where what has begun of a user's work ends. */
function endOfBegun({ base, charges, begun }: Account): number {
  if (begun === 0) return base;
  const last = charges.findLast(({ phase }) => phase !== 'waiting');
  return last === undefined ? base : last.start + last.cost;
}

/** Lets go of what has ended at the head, and tags the rest again: which of those that wait moved, and where to. */
function settle(account: Account): ReadonlyMap<string, number> {
  const { charges } = account;
  while (charges[0]?.phase === 'ended') {
    const { floor, cost } = charges[0];
    account.base = Math.max(floor, account.base) + cost;
    charges.shift();
    account.begun -= 1;
  }
  const moved = new Map<string, number>();
  let finish = account.base;
  for (const charge of charges) {
    const start = Math.max(charge.floor, finish);
    if (start !== charge.start && charge.phase === 'waiting') moved.set(charge.id, start);
    charge.start = start;
    finish = start + charge.cost;
  }
  return moved;
}
