/** How a request goes wrong. `lose_answer` does what was asked for, and then the connection breaks. */
export type Fault =
  | { readonly kind: 'status'; readonly status: number; readonly code?: number; readonly message?: string }
  | { readonly kind: 'drop' }
  | { readonly kind: 'lose_answer' }
  | { readonly kind: 'delay'; readonly ms: number };

export interface Faults {
  /** The next `times` requests of this method whose path matches go wrong. */
  next(method: string, path: RegExp, fault: Fault, times?: number): void;
  take(method: string, path: string): Fault | undefined;
  /** What is planned and has not come yet no longer comes. */
  clear(): void;
}

export function createFaults(): Faults {
  const planned: { readonly method: string; readonly path: RegExp; readonly fault: Fault; times: number }[] = [];
  return {
    next: (method, path, fault, times = 1) => {
      planned.push({ method, path, fault, times });
    },
    take: (method, path) => {
      const plan = planned.find(
        (candidate) => candidate.times > 0 && candidate.method === method && candidate.path.test(path),
      );
      if (plan === undefined) return undefined;
      plan.times -= 1;
      return plan.fault;
    },
    clear: () => {
      planned.length = 0;
    },
  };
}
