/**
 * Start-time fair queueing (Goyal, Vin, Cheng 1996): every job gets a start tag in virtual time, and the smallest tag
 * starts next. V is the tag of the last job begun, F[user] the virtual time at which a user's work so far ends:
 *
 *     start = max(V, F[user]);  F[user] = start + cost;  on begin: V = max(V, start)
 *
 * The cost here is the work divided by its owner's weight: who weighs twice as much is charged half, and comes twice as
 * often.
 *
 * A user with a long batch is charged ahead for it, so whoever comes later gets a tag among the batch and not behind it.
 */
export interface FairClock {
  /** The start tag of a new job. `cost` is in any one unit, above 0. */
  enqueue(user: string, id: string, cost: number): number;
  /** The tag of a job that had begun before the process died: it starts now, and its user is charged for it. */
  resume(user: string, id: string, cost: number): number;
  /** A queued job begins: virtual time moves to its tag. */
  begin(id: string): void;
  /** A job that had begun is over. */
  end(id: string): void;
  /** A queued job leaves as though it had never come: the new tags of its user's later jobs, which move up. */
  cancel(id: string): ReadonlyMap<string, number>;
}

interface Waiting {
  readonly id: string;
  readonly cost: number;
  /** V when the job came: no tag of it lies before. */
  readonly floor: number;
  start: number;
}

interface Account {
  /** Virtual end of the work that has begun. */
  begun: number;
  /** In order of their tags. */
  waiting: Waiting[];
}

export function createFairClock(): FairClock {
  let virtual = 0;
  const accounts = new Map<string, Account>();
  /** Of the waiting jobs. */
  const userOf = new Map<string, string>();
  const running = new Set<string>();

  function accountOf(user: string): Account {
    const known = accounts.get(user);
    if (known !== undefined) return known;
    const account: Account = { begun: 0, waiting: [] };
    accounts.set(user, account);
    return account;
  }

  function find(id: string): { account: Account; index: number; job: Waiting } {
    const account = accounts.get(userOf.get(id) ?? '');
    const index = account?.waiting.findIndex((job) => job.id === id) ?? -1;
    const job = account?.waiting[index];
    if (account === undefined || job === undefined) throw new RangeError(`not waiting: ${id}`);
    return { account, index, job };
  }

  /** Virtual time means nothing without work: an idle queue owes and charges nobody. */
  function resetWhenIdle(): void {
    if (userOf.size > 0 || running.size > 0) return;
    virtual = 0;
    accounts.clear();
  }

  function add(user: string, id: string, cost: number, start: (account: Account) => number): number {
    if (!(cost > 0 && Number.isFinite(cost))) throw new RangeError(`cost must be above 0, not ${cost}`);
    if (userOf.has(id) || running.has(id)) throw new RangeError(`queued already: ${id}`);
    const account = accountOf(user);
    const job: Waiting = { id, cost, floor: virtual, start: start(account) };
    account.waiting.push(job);
    userOf.set(id, user);
    return job.start;
  }

  return {
    enqueue: (user, id, cost) => add(user, id, cost, (account) => Math.max(virtual, finishOf(account))),
    resume: (user, id, cost) => {
      const account = accountOf(user);
      if (account.waiting.length > 0) throw new RangeError('resume jobs before new ones are queued');
      const start = add(user, id, cost, () => virtual);
      account.waiting.pop();
      userOf.delete(id);
      account.begun = Math.max(virtual, account.begun) + cost;
      running.add(id);
      return start;
    },
    begin: (id) => {
      if (running.has(id)) return;
      const { account, index, job } = find(id);
      account.waiting.splice(index, 1);
      account.begun = Math.max(account.begun, job.start + job.cost);
      userOf.delete(id);
      running.add(id);
      virtual = Math.max(virtual, job.start);
    },
    end: (id) => {
      if (!running.delete(id)) throw new RangeError(`not running: ${id}`);
      resetWhenIdle();
    },
    cancel: (id) => {
      const { account, index } = find(id);
      account.waiting.splice(index, 1);
      userOf.delete(id);
      const moved = retag(account, index);
      resetWhenIdle();
      return moved;
    },
  };
}

function finishOf(account: Account): number {
  const last = account.waiting.at(-1);
  return last === undefined ? account.begun : last.start + last.cost;
}

function retag(account: Account, from: number): ReadonlyMap<string, number> {
  const moved = new Map<string, number>();
  const before = account.waiting[from - 1];
  let finish = before === undefined ? account.begun : before.start + before.cost;
  for (const job of account.waiting.slice(from)) {
    const start = Math.max(job.floor, finish);
    if (start !== job.start) moved.set(job.id, start);
    job.start = start;
    finish = start + job.cost;
  }
  return moved;
}
