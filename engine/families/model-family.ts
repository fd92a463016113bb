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
  };
  /** diffusers' scheduler_config.json of its first model, for single files, which carry none. */
  readonly scheduler: Readonly<Record<string, string | number | boolean>>;
  readonly text: {
    /** Positions of a chunk, marks included; for a text encoder whose config does not say. */
    readonly positions: number;
    /** Channels of one head of the text encoder. */
    readonly headWidth: number;
    /** Channels of the text that the UNet attends to. */
    readonly width: number;
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
  };
}
