import { setTimeout as sleep } from 'node:timers/promises';
import { type Reply, sentence } from '../../core/reply.ts';
import type { NameCommands } from './command-names.ts';
import { adviseOn, isGone, isRefusedToken, toRequestError } from './errors.ts';
import type { Permalink } from './permalink.ts';
import { type Outgoing, pictureOf, renderReply, type ShownPicture } from './render.ts';
import type { Uploads } from './uploads.ts';

/** Slack may refuse a file in blocks for a moment after it has said that the file is ready. */
const REFUSED_FILE_PAUSES_MS = [500, 1500, 3000];
const SEND_LIMIT_MS = 60_000;

/** What was sent, and the pictures that it shows. */
export interface Sent<Result> {
  readonly result: Result;
  readonly pictures: readonly ShownPicture[];
}

export interface SendOptions {
  /** Uploads go before those that are not. */
  readonly isUrgent: boolean;
  /** Pictures that Slack has already, in the place of the reply's. */
  readonly instead?: readonly ShownPicture[] | undefined;
}

/**
 * Uploads a reply's pictures and has it sent; again while Slack will not have the pictures. A picture that Slack will
 * never take does not keep the words back: they say why.
 * @throws SlackTroubleError
 */
export type Send = <Result>(
  reply: Reply,
  sendOut: (outgoing: Outgoing) => Promise<Result>,
  options: SendOptions,
) => Promise<Sent<Result>>;

export function createSend(uploads: Uploads, permalink: Permalink, nameCommands: NameCommands): Send {
  async function uploadAll({ pictures }: Reply, isUrgent: boolean): Promise<readonly ShownPicture[]> {
    return Promise.all(pictures.map(async (picture) => pictureOf(await uploads.upload(picture, isUrgent), picture)));
  }

  /** Undefined when Slack refuses the files however long it is given. */
  async function sendPatiently<Result>(
    reply: Reply,
    sendOut: (outgoing: Outgoing) => Promise<Result>,
    { isUrgent, instead }: SendOptions,
    signal: AbortSignal,
  ): Promise<Sent<Result> | undefined> {
    const pictures = instead ?? (await uploadAll(reply, isUrgent));
    const parentLink = reply.parent === undefined ? undefined : await permalink(reply.parent);
    for (let tries = 0; ; tries++) {
      try {
        const result = await sendOut(
          renderReply({ ...reply, lines: reply.lines.map(nameCommands) }, pictures, parentLink),
        );
        return { result, pictures };
      } catch (error) {
        const requestError = toRequestError(error, 'blocks');
        const pause = requestError.code === 'invalid_blocks' ? REFUSED_FILE_PAUSES_MS[tries] : undefined;
        const isRefused = requestError.code === 'invalid_blocks' && pictures.length > 0;
        if (isGone(requestError) || (isRefused && pause === undefined)) {
          for (const { fileId } of pictures) void uploads.abandon(fileId);
        }
        if (!isRefused) throw error;
        if (pause === undefined) return undefined;
        await sleep(pause, undefined, { signal });
      }
    }
  }

  const sendWithFiles: Send = async (reply, sendOut, options) => {
    const signal = AbortSignal.timeout(SEND_LIMIT_MS);
    const sent =
      (await sendPatiently(reply, sendOut, options, signal)) ??
      // Uploaded again, once.
      (await sendPatiently(reply, sendOut, options, signal));
    if (sent === undefined) throw toRequestError('Slack rejects the files that it has accepted', 'blocks');
    return sent;
  };

  return async (reply, sendOut, options) => {
    try {
      return await sendWithFiles(reply, sendOut, options);
    } catch (error) {
      const requestError = toRequestError(error, 'upload');
      if (reply.pictures.length === 0 || isGone(requestError) || isRefusedToken(requestError)) throw requestError;
      if (reply.state === 'running') return sendWithFiles({ ...reply, pictures: [] }, sendOut, { isUrgent: false });
      const advice = adviseOn(requestError);
      if (advice === undefined) throw requestError;
      const lines = [...reply.lines, sentence(`⚠ The picture is not shown. ${advice}`)];
      return sendWithFiles({ ...reply, lines, pictures: [] }, sendOut, { isUrgent: true });
    }
  };
}
