import { BadInputError } from './errors.ts';
import { PLATFORMS, type Platform } from './user.ts';

/** Beyond these a weight would no longer share the engine out but give it away, or take it away. */
const WEIGHT_LIMITS = { min: 0.1, max: 10 } as const;

/** How much of the engine people with a role get beside people without one, who weigh 1; by `platform:role`. */
export type RoleWeights = ReadonlyMap<string, number>;

const WEIGHT = /^\s*([a-z]+):([^:=,\s]+)\s*=\s*(\d+(?:\.\d+)?)\s*$/;

/**
 * Reads `discord:123456789=2,slack:S0123=0.5`; an empty text is no weights.
 * @throws BadInputError naming the part that cannot be read
 */
export function parseRoleWeights(typed: string): RoleWeights {
  const weights = new Map<string, number>();
  for (const part of typed.split(',')) {
    if (part.trim() === '') continue;
    const [, platform = '', role = '', number = ''] = WEIGHT.exec(part) ?? [];
    if (!PLATFORMS.some((known) => known === platform)) throw badWeight(part);
    const weight = Number(number);
    if (weight < WEIGHT_LIMITS.min || weight > WEIGHT_LIMITS.max) throw badWeight(part);
    const key = `${platform}:${role}`;
    if (weights.has(key)) {
      throw new BadInputError('bad_weight', `names ${key} twice; leave one of its weights`);
    }
    weights.set(key, weight);
  }
  return weights;
}

/** The highest weight among a person's roles; 1 for who has none that is named. */
export function weightOf(weights: RoleWeights, platform: Platform, roles: readonly string[] = []): number {
  const theirs = roles.flatMap((role) => weights.get(`${platform}:${role}`) ?? []);
  return theirs.length === 0 ? 1 : Math.max(...theirs);
}

function badWeight(part: string): BadInputError {
  const { min, max } = WEIGHT_LIMITS;
  const rule = `must be roles as discord:123456789=2 or slack:S0123=0.5, separated by commas, with weights from ${min} to ${max}`;
  return new BadInputError('bad_weight', `${rule}, not ${JSON.stringify(part.trim())}`);
}
