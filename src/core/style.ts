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

export const PROMPT_PLACEHOLDER = '{prompt}';

export interface PromptPair {
  readonly prompt: string;
  readonly negative: string;
}

export function applyStyle(style: Style, { prompt, negative }: PromptPair): PromptPair {
  return {
    prompt: style.prompt.replaceAll(PROMPT_PLACEHOLDER, () => prompt),
    negative: [negative, style.negative].filter((part) => part !== '').join(', '),
  };
}
