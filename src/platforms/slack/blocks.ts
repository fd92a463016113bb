/** A block as it comes from Slack, of which little is taken for granted. */
export interface ReceivedBlock {
  readonly type?: string;
  readonly elements?: readonly { readonly type?: string; readonly action_id?: string }[] | undefined;
  readonly slack_file?: { readonly id?: string } | undefined;
  readonly alt_text?: string;
}

/** Of the buttons on a message, top to bottom. */
export function buttonIdsOf(blocks: readonly ReceivedBlock[]): string[] {
  return blocks
    .filter(({ type }) => type === 'actions')
    .flatMap(({ elements = [] }) => elements)
    .flatMap(({ type, action_id }) => (type === 'button' && action_id !== undefined ? [action_id] : []));
}

/** Of the pictures that blocks show. */
export function fileIdsOf(blocks: readonly ReceivedBlock[]): string[] {
  return blocks.flatMap(({ type, slack_file }) =>
    type === 'image' && slack_file?.id !== undefined ? [slack_file.id] : [],
  );
}
