import { describe, expect, it } from 'vitest';
import { heldOut, heldOutColours, heldOutPlaces, heldOutShapes } from '../../tools/model/held-out.ts';
import { randomFrom } from '../../tools/model/random.ts';
import { scoreShape } from '../../tools/model/score.ts';
import { type Task, tasksOf } from '../../tools/model/tasks.ts';
import { drawTruth } from '../../tools/model/truth.ts';
import { COLOURS, PLACES, THINGS } from '../../tools/model/vocabulary.ts';

describe('what is held out of the training', () => {
  it('is the same here as in scenes.py', () => {
    const others = [...Object.keys(COLOURS), ...Object.keys(PLACES)];
    const found = ['fox', 'cat', 'dog', 'wolf'].flatMap((thing) =>
      others.filter((other) => heldOut(thing, other)).map((other) => `${thing} ${other}`),
    );
    expect(found).toEqual([
      'fox black',
      'fox turquoise',
      'fox room',
      'cat room',
      'dog gray',
      'wolf brown',
      'wolf cyan',
      'wolf space',
    ]);
    // Counted by held_out in scenes.py.
    expect([heldOutShapes().length, heldOutColours().length, heldOutPlaces().length]).toEqual([305, 302, 235]);
  });

  it('is asked for by the parts about unseen combinations and by no other', () => {
    const backgroundOf = ({ prompt }: Task) => /on an? (\w+) background/.exec(prompt)?.[1] ?? '';
    for (const task of [...tasksOf('things'), ...tasksOf('synonyms')]) {
      expect(heldOut(task.expected.thing ?? '', backgroundOf(task)), task.prompt).toBe(false);
    }
    for (const { expected } of tasksOf('shapes')) {
      expect(heldOut(expected.shape ?? '', expected.colour ?? '', expected.background ?? '')).toBe(true);
    }
  });
});

describe('the tasks', () => {
  it('ask for every thing from three seeds, in each style', () => {
    const things = tasksOf('things');
    expect(things).toHaveLength(3 * Object.keys(THINGS).length);
    expect(things.slice(0, 3).map(({ prompt, seed }) => [prompt.split(', ')[1], seed])).toEqual([
      ['flat style', 0],
      ['cartoon style', 1],
      ['3d style', 2],
    ]);
  });
});

describe('the measure of colours and shapes', () => {
  it('finds nothing wrong with perfect pictures', () => {
    const random = randomFrom(1);
    const verdicts = tasksOf('shapes')
      .filter((_, i) => i % 4 === 0)
      .flatMap((task) => {
        const { colour = '', shape = '', background = '' } = task.expected;
        return scoreShape(task, drawTruth({ colour, shape, background }, random));
      });
    expect(verdicts.filter(({ right }) => !right)).toEqual([]);
  });

  it('sees that a picture is another one', () => {
    const [task] = tasksOf('shapes');
    if (task === undefined) throw new Error('no tasks');
    const picture = drawTruth({ colour: 'gold', shape: 'arrow', background: 'navy' }, randomFrom(2));
    const other: Task = { ...task, expected: { colour: 'yellow', shape: 'cross', background: 'black' } };
    expect(scoreShape(other, picture).map(({ right, saw }) => [right, saw.replace(/ \(.*/, '')])).toEqual([
      [false, 'gold arrow on navy'],
      [false, 'gold arrow on navy'],
    ]);
  });
});
