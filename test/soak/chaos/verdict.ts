import { specOf } from '../../../engine/index.ts';
import type { Job } from '../../../src/core/job.ts';
import { isSettled } from '../../../src/core/job-state.ts';
import type { Sight } from '../crowd.ts';
import { EVADES } from './lines.ts';
import type { Heard } from './people.ts';

/** One thing that a person did. */
export interface Deed {
  readonly platform: string;
  readonly isHonest: boolean;
  /** `imagine`, `talk`, or the button's action. */
  readonly what: string;
  /** Stands in the prompt, and so in all messages of what comes of it. */
  readonly marker: string | undefined;
  readonly heard: Heard;
  /** What was typed, where that is not usual. */
  readonly line?: string;
}

export interface Count {
  readonly jobs: Readonly<Record<string, number>>;
  readonly failures: Readonly<Record<string, number>>;
  /** Requests for a picture that were acknowledged and refused with a sentence. */
  readonly refused: number;
  /** Acknowledged, and the bot was killed before it had them on disk: the platform says that it did not respond. */
  readonly leftThinking: readonly string[];
  /** A sentence for each loss and each doubling. */
  readonly wrong: readonly string[];
}

/** A button of these makes one job. */
const DRAWS = new Set(['reroll', 'vary_subtle', 'vary_strong']);
const MARKER = /chaos[a-z]+\d+x/;

export const markerIn = (text: string): string | undefined => MARKER.exec(text)?.[0];

/**
 * Compares what people did with what the bot has on its disk and with what everybody sees.
 * @param seen the bot's messages that everybody sees, by platform
 * @param kills when the bot was killed, in `performance.now()`
 */
export function judge(
  deeds: readonly Deed[],
  jobs: readonly Job[],
  seen: ReadonlyMap<string, readonly Sight[]>,
  kills: readonly number[],
): Count {
  const ofMarker = groupBy(jobs, (job) => markerIn(specOf(job.task).prompt));
  const sights = new Map([...seen].map(([platform, all]) => [platform, groupBy(all, ({ text }) => markerIn(text))]));
  const wrong = jobs.flatMap(judgeJob);
  const leftThinking: string[] = [];
  let refused = 0;

  for (const { platform, what, marker, heard, line = '' } of deeds) {
    if (what !== 'imagine' || marker === undefined || heard.ackMs === undefined) continue;
    const hasJob = (ofMarker.get(marker) ?? []).some(({ parent }) => parent === undefined);
    const sentence = heard.told();
    if (!hasJob && heard.isLeftThinking?.() === true) {
      leftThinking.push(`${platform} ${marker}`);
      continue;
    }
    if (!hasJob && sentence === undefined)
      wrong.push(
        `${platform} ${marker} was acknowledged ${beforeKill(heard.to, kills)} and is lost ${line.slice(0, 80)}`,
      );
    if (!hasJob && heard.isTaken === true) wrong.push(`${platform} ${marker} was accepted and is lost`);
    if (/Something went wrong/.test(sentence ?? '')) wrong.push(`${platform} ${marker}: ${sentence}`);
    if (!hasJob) refused += 1;
  }

  for (const [marker, made] of ofMarker) {
    if (marker === undefined) continue;
    const platform = made[0]?.channel.platform ?? '';
    const asked = deeds.filter((deed) => deed.marker === marker);
    const most = asked.filter(({ what }) => what === 'imagine' || DRAWS.has(what)).length;
    const told = asked.filter(({ what, heard }) => (what === 'imagine' || DRAWS.has(what)) && heard.isTaken === true);
    if (made.length > most)
      wrong.push(`${platform} ${marker} was asked for ${most} times and made ${made.length} jobs`);
    if (made.length < told.length)
      wrong.push(`${platform} ${marker} was accepted ${told.length} times, jobs: ${made.length}`);
    wrong.push(...judgeMessages(`${platform} ${marker}`, made, sights.get(platform)?.get(marker) ?? []));
  }
  for (const [platform, byMarker] of sights) {
    for (const marker of byMarker.keys()) {
      if (marker !== undefined && !ofMarker.has(marker)) wrong.push(`${platform} ${marker} has a message and no job`);
    }
  }
  return {
    jobs: tally(jobs, ({ state }) => state),
    failures: tally(jobs, ({ failure }) => failure?.code),
    refused,
    leftThinking,
    wrong: [...new Set(wrong)],
  };
}

function beforeKill(at: number, kills: readonly number[]): string {
  const next = kills.find((kill) => kill >= at);
  return next === undefined ? 'after the last kill' : `${Math.round(next - at)} ms before the bot was killed`;
}

function judgeJob(job: Job): string[] {
  const { prompt } = specOf(job.task);
  const name = `${job.channel.platform} ${markerIn(prompt) ?? prompt.slice(0, 40)} (${job.state})`;
  return [
    ...(isSettled(job) ? [] : [`${name} is not settled`]),
    ...(prompt.startsWith(EVADES) ? [`${name} evaded the blocked words: ${prompt}`] : []),
    ...(job.state === 'failed' && (job.failure?.userMessage ?? '') === '' ? [`${name} failed without a sentence`] : []),
    ...(job.failure?.code === 'internal' ? [`${name}: ${job.failure.userMessage}`] : []),
  ];
}

/** Each job has one message until it is deleted, and its picture on it when it is delivered. */
function judgeMessages(name: string, made: readonly Job[], shown: readonly Sight[]): string[] {
  const standing = made.filter(({ deleted }) => deleted !== true);
  const delivered = standing.filter(({ state }) => state === 'delivered').length;
  const pictured = shown.filter(({ hasPicture }) => hasPicture).length;
  const states = made.map(({ state, deleted }) => (deleted === true ? `${state}, deleted` : state)).join('; ');
  return [
    ...(shown.length === standing.length ? [] : [`${name} (${states}) has ${shown.length} messages`]),
    ...(pictured === delivered ? [] : [`${name} (${states}) has ${pictured} messages with a picture`]),
  ];
}

/** Node 20 has no `groupBy` yet. */
function groupBy<Item, Key>(items: readonly Item[], of: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) {
    const key = of(item);
    groups.set(key, [...(groups.get(key) ?? []), item]);
  }
  return groups;
}

function tally<Item>(items: readonly Item[], of: (item: Item) => string | undefined): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const item of items) {
    const name = of(item);
    if (name !== undefined) counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}
