/** The people of one platform, numbered from 0, and what they see. */
export interface Crowd {
  readonly platform: 'web' | 'discord' | 'slack';
  readonly people: number;
  /** Of the bot. */
  readonly env: Readonly<Record<string, string>>;
  /** Called once the bot is up. */
  begin(url: string): Promise<void>;
  /** @returns milliseconds until the person heard that they were heard; undefined when they never did */
  ask(person: number, line: string): Promise<number | undefined>;
  /** Every message that everybody can see. */
  look(): Promise<readonly Sight[]>;
  end(): Promise<void>;
}

export interface Sight {
  readonly text: string;
  readonly hasPicture: boolean;
}
