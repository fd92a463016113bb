/** A look by name: words put around a prompt, and what to keep out of such a picture. */
export interface Style {
  readonly name: string;
  /** One line for people who choose. */
  readonly about: string;
  /** `{prompt}` is replaced by the user's prompt. */
  readonly prompt: string;
  /** Added to the negative prompt; "" adds nothing. */
  readonly negative: string;
}

/** Where a person's own words go in a style's prompt. */
export const PROMPT_PLACEHOLDER = '{prompt}';

/** What a picture shows, and what it avoids. */
export interface PromptPair {
  readonly prompt: string;
  readonly negative: string;
}

/** The prompts with the style's words around them. */
export function applyStyle(style: Style, { prompt, negative }: PromptPair): PromptPair {
  return {
    prompt: style.prompt.replaceAll(PROMPT_PLACEHOLDER, () => prompt),
    negative: [negative, style.negative].filter((part) => part !== '').join(', '),
  };
}
