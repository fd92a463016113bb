import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ChannelRef } from '../../../src/core/channel.ts';
import { type Reply, type ReplyPicture, text } from '../../../src/core/reply.ts';
import {
  AttachmentTooLargeError,
  type ChannelHandlers,
  type ChannelPort,
  MessageGoneError,
} from '../../../src/platforms/port.ts';

/** A started port, its channel, and what people see there. */
export interface PortUnderTest {
  readonly port: ChannelPort;
  readonly channel: ChannelRef;
  /** Every message of the bot in the channel, oldest first. */
  messages(): Promise<readonly SeenMessage[]>;
  /** Stops the port and starts another over the same data, as the next process does. */
  restart(): Promise<PortUnderTest>;
  /** The platform does what the next posts ask for, `times` times, and its answers are lost. Absent without a network. */
  loseAnswers?(times: number): void;
  /** The next posts fail although they may work later. Absent without a network. */
  refusePosts?(times: number): void;
  /** Ends what `refusePosts` began. */
  endOutage?(): void;
  /** A channel that is closed to the bot. Absent where the platform has one channel. */
  readonly closedChannel?: ChannelRef;
  /** Bytes of an attachment that the platform refuses once `refuseSize` is called. Absent where it takes any. */
  readonly refusedBytes?: number;
  /** Where the platform names no limit: it refuses the size of the next attachment. */
  refuseSize?(): void;
  close(): Promise<void>;
}

export interface SeenMessage {
  readonly text: string;
  readonly pictures: number;
}

/** Handlers of a bot that has nothing to say. */
export const SILENT_HANDLERS: ChannelHandlers = {
  dispatch: async () => ({ kind: 'private', reply: replyOf('nothing') }),
  complete: async () => [],
};

/** What every platform must do. */
export function testChannelPort(name: string, open: () => Promise<PortUnderTest>): void {
  describe(`${name} as a ChannelPort`, () => {
    let opened: PortUnderTest;
    beforeEach(async () => {
      opened = await open();
    });
    afterEach(() => opened.close());

    it('posts one message for one nonce, also after a restart', async () => {
      const first = await opened.port.post(opened.channel, replyOf('one'), 'job1');
      expect(await opened.port.post(opened.channel, replyOf('one'), 'job1')).toEqual(first);
      opened = await opened.restart();
      expect(await opened.port.post(opened.channel, replyOf('one'), 'job1')).toEqual(first);
      expect(await opened.port.post(opened.channel, replyOf('two'), 'job2')).not.toEqual(first);
      expect(await opened.messages()).toEqual([
        { text: expect.stringContaining('one'), pictures: 0 },
        { text: expect.stringContaining('two'), pictures: 0 },
      ]);
    });

    it('shows the newest edit whole, also of a message that was posted before a restart', async () => {
      const message = await opened.port.post(opened.channel, replyOf('waiting'), 'job1');
      await opened.port.edit(message, replyOf('running'));
      opened = await opened.restart();
      await opened.port.edit(message, replyOf('done', [await pictureOf(32)]));
      const [seen, ...others] = await opened.messages();
      expect(others).toEqual([]);
      expect(seen?.text).toContain('done');
      expect(seen?.text).not.toMatch(/waiting|running/);
      expect(seen?.pictures).toBe(1);
    });

    it('deletes what is gone already, too', async () => {
      const message = await opened.port.post(opened.channel, replyOf('one'), 'job1');
      await opened.port.delete(message);
      await opened.port.delete(message);
      expect(await opened.messages()).toEqual([]);
    });

    it('says that a deleted message is gone, so that nobody tries again', async () => {
      const message = await opened.port.post(opened.channel, replyOf('one'), 'job1');
      await opened.port.delete(message);
      await expect(opened.port.edit(message, replyOf('two'))).rejects.toBeInstanceOf(MessageGoneError);
    });

    it('says that a channel is closed, so that nobody tries again', async ({ skip }) => {
      const { closedChannel } = opened;
      if (closedChannel === undefined) return skip('the platform has one channel');
      const post = opened.port.post(closedChannel, replyOf('one'), 'job1');
      await expect(post).rejects.toBeInstanceOf(MessageGoneError);
    });

    it('takes a picture of as many bytes as it says', async () => {
      const { port, channel } = opened;
      const limit = port.maxAttachmentBytes?.(channel, 'job1') ?? port.capabilities.maxAttachmentBytes;
      expect(limit).toBeGreaterThanOrEqual(1024 * 1024);
      const picture = padded(await pictureOf(64), Math.min(limit, MOST_TRIED_BYTES));
      await port.post(channel, replyOf('one', [picture]), 'job1');
      expect(await opened.messages()).toMatchObject([{ pictures: 1 }]);
    });

    it('names the size of an attachment that is refused, so that a smaller one can follow', async ({ skip }) => {
      const { port, channel, refusedBytes } = opened;
      if (refusedBytes === undefined) return skip('the platform takes every size that Easel makes');
      const picture = padded(await pictureOf(64), refusedBytes);
      opened.refuseSize?.();
      const error: unknown = await port.post(channel, replyOf('one', [picture]), 'job1').catch((thrown) => thrown);
      expect(error).toBeInstanceOf(AttachmentTooLargeError);
      expect(error).toMatchObject({ byteLength: expect.toSatisfy((bytes: number) => bytes >= refusedBytes) });
      await port.post(channel, replyOf('one', [await pictureOf(64)]), 'job1');
      expect(await opened.messages()).toMatchObject([{ pictures: 1 }]);
    });

    it('lets an outage be tried again, with the nonce', async ({ skip }) => {
      const { port, channel, refusePosts } = opened;
      if (refusePosts === undefined) return skip('the platform is in this process');
      refusePosts(50);
      const error: unknown = await port.post(channel, replyOf('one'), 'job1').catch((thrown) => thrown);
      expect(error).toBeInstanceOf(Error);
      expect(error).not.toBeInstanceOf(MessageGoneError);
      expect(error).not.toBeInstanceOf(AttachmentTooLargeError);
      opened.endOutage?.();
      await port.post(channel, replyOf('one'), 'job1');
      expect(await opened.messages()).toHaveLength(1);
    });

    it('posts no second message when the answer to the first is lost', async ({ skip }) => {
      const { port, channel, loseAnswers } = opened;
      if (loseAnswers === undefined) return skip('the platform is in this process');
      loseAnswers(1);
      await port.post(channel, replyOf('one'), 'job1').catch(() => port.post(channel, replyOf('one'), 'job1'));
      expect(await opened.messages()).toHaveLength(1);
    });
  });
}

/** No more than this is sent, however much a platform takes. */
const MOST_TRIED_BYTES = 10 * 1024 * 1024;

function replyOf(sentence: string, pictures: readonly ReplyPicture[] = []): Reply {
  return { state: 'info', lines: [[text(sentence)]], pictures, buttons: [] };
}

async function pictureOf(side: number): Promise<ReplyPicture> {
  const background = { r: 200, g: 80, b: 40 };
  const data = await sharp({ create: { width: side, height: side, channels: 3, background } })
    .png()
    .toBuffer();
  return { name: 'fox.png', mediaType: 'image/png', data, width: side, height: side, alt: 'a fox' };
}

/** The same picture in a file of this length: what follows a PNG's end is ignored. */
function padded(picture: ReplyPicture, byteLength: number): ReplyPicture {
  const data = new Uint8Array(byteLength);
  data.set(picture.data);
  return { ...picture, data };
}
