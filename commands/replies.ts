import type { Reply, ReplyButton, RichText } from '../src/core/reply.ts';
import type { DispatchResult } from '../src/platforms/port.ts';

/** The job's message is the reply. */
export const POSTED: DispatchResult = { kind: 'posted' };

/** Information that only the person who asked for it sees. */
export function privateReply(lines: readonly RichText[], buttons: Reply['buttons'] = []): DispatchResult {
  return { kind: 'private', reply: { state: 'info', lines, pictures: [], buttons } };
}

/** A button below a private answer. @param id from `encodeButtonId` or `encodeFormId` */
export function privateButton(id: string, label: string, title: string): ReplyButton {
  return { id, label, title, style: 'normal' };
}
