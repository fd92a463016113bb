/** What differs between the families of models, and what no file of a model says. */
export interface ModelFamily {
  /** As people call it, in sentences. */
  readonly title: string;
  /** What its models recommend unless an `easel.json` says otherwise. */
  readonly defaults: {
    readonly steps: number;
    readonly guidance: number;
    /** Side of the pictures that it was trained on, in latents; for a UNet whose config does not say. */
    readonly sampleSize: number;
    /** Pixels: the sides of the pictures that it was trained on are multiples of it. */
    readonly sizeStep: number;
  };
  /** diffusers' scheduler_config.json of its first model, for single files, which carry none. */
  readonly scheduler: Readonly<Record<string, string | number | boolean>>;
  readonly text: {
    /** Channels of one head of the text encoders. */
    readonly headWidth: number;
    /** Channels of the text that the UNet attends to. */
    readonly width: number;
    /** The clip skip that its models were trained with: 1 is the last layer, 2 the one before it. Lower ones count as it. */
    readonly clipSkip: number;
    /** Whether the layer that is chosen goes through the encoder's final normalisation. */
    readonly isNormalised: boolean;
    /** Its text encoders, in the order in which the UNet is given what they say. */
    readonly encoders: readonly TextEncoderFacts[];
    /** Layers that its encoders have in single files and that are not used. */
    readonly unusedLayers: number;
    /** Whether an empty negative prompt is zeros instead of its embedding, where a folder does not say. */
    readonly zeroesEmptyNegative: boolean;
  };
  readonly latents: {
    /** What the VAE's latents are multiplied by; for a VAE whose config does not say. */
    readonly scalingFactor: number;
    /** Side of the windows in which larger pictures are drawn, in latents. */
    readonly windowSide: number;
    /** Up to this area, in latents, a picture is drawn whole. */
    readonly wholeArea: number;
    /** Scaled latents → RGB in −1…1, for previews; a row for each latent channel. */
    readonly rgb: readonly (readonly [red: number, green: number, blue: number])[];
    /** Added to that. */
    readonly rgbBias: readonly [red: number, green: number, blue: number];
  };
  /**
   * Whether its VAE's numbers leave the range of half precision, so that it is computed in float32 unless its config says
   * `force_upcast: false`.
   */
  readonly vaeOverflows: boolean;
  /** Channels of one head of the UNet's attention; absent where every level has the same number of heads. */
  readonly unetHeadWidth?: number;
}

/** What the tensors of a text encoder do not tell. */
export interface TextEncoderFacts {
  readonly activation: 'quick_gelu' | 'gelu';
  /** The token that fills a prompt up; absent is the end token. */
  readonly padding?: string;
}
