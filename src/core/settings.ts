/** What a person has set for all their own requests; what is absent follows the bot's configuration. */
export interface UserSettings {
  /** Pixels. */
  readonly size?: { readonly width: number; readonly height: number };
  readonly count?: number;
  /** A sampler's name. */
  readonly sampler?: string;
  /** A style's name. */
  readonly style?: string;
  /** "" avoids nothing, whatever the bot's configuration says. */
  readonly negative?: string;
}

/** What the moderators have set for a channel and its threads; what is absent is not restricted. */
export interface ChannelSettings {
  /** Ids of the models that may be used here; the first is the channel's default. */
  readonly models?: readonly string[];
  /** Pixels of the longer side of what is asked for; an enlargement may be twice that. */
  readonly maxSide?: number;
  readonly maxSteps?: number;
  /** Pictures for adults are welcome; counts only where the platform marks the channel as one for adults. */
  readonly nsfw?: boolean;
  /** Finished pictures are hidden until a person asks to see them, where the platform can. */
  readonly spoiler?: boolean;
  /** Words and phrases that are not allowed in prompts here, as they were typed. */
  readonly blockedWords?: readonly string[];
}
