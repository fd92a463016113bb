import { beforeAll, describe, expect, it } from 'vitest';
import type { MemoryRules } from '../../../engine/memory/memory-plan.ts';
import { Admission } from '../../../engine/runtime/admission.ts';
import { type AdmissionFacts, admitTask } from '../../../engine/runtime/admission-facts.ts';
import type { EngineTask } from '../../../engine/task.ts';
import { taskWith } from '../../doubles/samples.ts';
import { tinyModel } from '../goldens.ts';

const RULES: MemoryRules = { limit: 1e9, offload: false, maxRows: 8 };
const ask = (changes: Parameters<typeof taskWith>[0] = {}) => taskWith({ model: 'tiny-conv', ...changes });

describe('what decides whether a task can be drawn', () => {
  const admission = new Admission({ modelSources: [tinyModel('tiny-conv')] });
  /** As another process has them. */
  let facts: AdmissionFacts;

  beforeAll(async () => {
    facts = JSON.parse(JSON.stringify(await admission.factsOf(ask())));
  });

  it('is plain data: nothing of it is lost on the way to another process', async () => {
    expect(facts).toEqual(await admission.factsOf(ask()));
    expect(facts.footprint?.unet).toBeGreaterThan(0);
    expect(facts.text).toEqual({ encodings: 1, attended: [1], longest: 1 });
  });

  it('gives there the plan that it gives where the files are', async () => {
    expect(admitTask(ask(), facts, RULES)).toEqual(await admission.plan(ask(), [], RULES));
  });

  const refused: readonly [string, EngineTask][] = [
    ['sides of no whole latents', ask({ width: 60 })],
    ['a size that does not fit', ask({ width: 2048, height: 2048, count: 4 })],
    ['more clip skip than there are layers', ask({ clipSkip: 12 })],
    ['a decoder that is not there', ask({ decoder: 'taesd' })],
    ['more steps than the sampler walks', ask({ sampler: 'ddim', steps: 1000 })],
    ['what no model draws', ask({ steps: 0 })],
  ];

  it.each(refused)('refuses there %s, with the sentence of where the files are', async (_what, task) => {
    const rules = { ...RULES, limit: 3e8 };
    const here = await admission.admit(task, rules).catch((error: unknown) => error);
    expect(here).toMatchObject({ code: expect.stringMatching(/bad_request|out_of_memory/) });
    expect(() => admitTask(task, facts, rules)).toThrow(expect.objectContaining({ message: (here as Error).message }));
  });

  it('leaves it to the first task where it is not known what a model takes', () => {
    const { footprint: _, ...unread } = facts;
    expect(admitTask(ask(), unread, { ...RULES, limit: 1 })).toBeUndefined();
    expect(() => admitTask(ask(), facts, { ...RULES, limit: 1 })).toThrow('would need');
  });
});
