import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRoleWeights, weightOf } from '../../src/core/role-weights.ts';

describe('weights of roles', () => {
  const weights = parseRoleWeights('discord:123456789=2, slack:S0123=0.5,');

  it('are read by platform and role', () => {
    expect([...weights]).toEqual([
      ['discord:123456789', 2],
      ['slack:S0123', 0.5],
    ]);
    expect([...parseRoleWeights('')]).toEqual([]);
  });

  it('give a person the highest of their roles, and 1 to who has none of them', () => {
    expect(weightOf(weights, 'discord', ['77', '123456789'])).toBe(2);
    expect(weightOf(weights, 'slack', ['S0123'])).toBe(0.5);
    expect(weightOf(weights, 'slack', ['123456789'])).toBe(1);
    expect(weightOf(weights, 'web')).toBe(1);
    expect(weightOf(parseRoleWeights('discord:1=0.5,discord:2=3'), 'discord', ['1', '2'])).toBe(3);
  });

  it.each(['discord:1', 'irc:1=2', 'discord:=2', 'discord:1=0', 'discord:1=11', 'discord:1=-1', 'discord:1=NaN', '2'])(
    'refuse %j with a sentence that says what is meant',
    (typed) => {
      expect(() => parseRoleWeights(`slack:S1=2,${typed}`)).toThrow(
        `must be roles as discord:123456789=2 or slack:S0123=0.5, separated by commas, with weights from 0.1 to 10, not "${typed}"`,
      );
    },
  );

  it('refuse a role that is named twice', () => {
    expect(() => parseRoleWeights('discord:1=2,discord:1=3')).toThrow('names discord:1 twice');
  });

  it('never give a weight out of bounds, whatever is typed', () => {
    fc.assert(
      fc.property(fc.string(), (typed) => {
        try {
          for (const weight of parseRoleWeights(typed).values()) expect(weight).toSatisfy((w) => w >= 0.1 && w <= 10);
        } catch (error) {
          expect(error).toMatchObject({ code: 'bad_weight' });
        }
      }),
    );
  });
});
