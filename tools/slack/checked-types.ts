import type { types } from '@slack/bolt';

/** What the Slack emulator checks, in Slack's own types; `write-block-schema.ts` makes a JSON Schema of it. */
export interface Checked {
  message: types.KnownBlock[];
  modal: types.ModalView;
  home: types.HomeView;
}
