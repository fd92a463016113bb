import type { Speed } from '../engine/index.ts';

/** The operator's values for what a request, its person and its channel leave open. */
export interface CommandDefaults {
  readonly count: number;
  readonly negative: string;
  /** @default 'exact' */
  readonly speed?: Speed;
}
