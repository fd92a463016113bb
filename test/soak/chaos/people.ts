import type { Crowd } from '../crowd.ts';

/** People of each platform: the honest ones first, then those who only ask for pictures, and are hostile. */
export const HONEST = 24;
export const HOSTILE = 4;

/** How one request went, as the person who sent it saw it. Times are `performance.now()`. */
export interface Heard {
  readonly from: number;
  /** When it was acknowledged, or when the platform gave up. */
  readonly to: number;
  /** Milliseconds from its last sending to its acknowledgement; undefined when there was none. */
  readonly ackMs: number | undefined;
  /** Whether the bot said at once that it took it; undefined where the platform does not tell. */
  readonly isTaken?: boolean;
  /** What the person alone was told, up to now. */
  told(): string | undefined;
  /** The platform shows that the bot is thinking, and after a quarter of an hour that it did not respond. */
  isLeftThinking?(): boolean;
}

/** A picture that is hostile, as a person hands it over. */
export interface Bomb {
  readonly name: string;
  readonly filename: string;
  readonly contentType: string;
  readonly data: Uint8Array;
}

/** The people of one platform in a chaos run: they go on when the bot does not. */
export interface People {
  readonly crowd: Crowd;
  /** The bot is there to be heard from. */
  isConnected(): boolean;
  /** Types a command; a platform that delivers again does so. */
  say(person: number, line: string): Promise<Heard>;
  /** Presses a button that stands on a message with this text. @returns undefined when there is none */
  press(person: number, marker: string): Promise<{ readonly action: string; readonly heard: Heard } | undefined>;
  /** Gives the picture to /imagine, and chooses *Vary this* and *Show recipe* on it. */
  throwBomb(person: number, bomb: Bomb, line: string): Promise<void>;
}

/** What a person may press; forms and what draws large pictures are left alone. */
const PRESSED = new Set(['reroll', 'vary_subtle', 'vary_strong', 'star', 'recipe', 'cancel', 'delete', 'show']);

/** The action of a button's id, when it may be pressed in a chaos run. */
export function pressable(buttonId: string): string | undefined {
  const action = buttonId.split(':')[1] ?? '';
  return PRESSED.has(action) ? action : undefined;
}
