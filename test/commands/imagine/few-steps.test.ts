import { describe, expect, it, vi } from 'vitest';
import { specOf } from '../../../engine/index.ts';
import { ada, createCommandFixture } from '../command-fixture.ts';

function createFixture() {
  const fixture = createCommandFixture();
  const fewStepLoras = {
    lcm: { sampler: 'lcm', steps: 4, guidance: 1 },
    'hyper-cfg': { sampler: 'lcm', steps: 8 },
  } as const;
  const engine = { ...fixture.context.engine, loras: ['lcm', 'hyper-cfg', 'ink'], fewStepLoras };
  Object.assign(fixture.context, { engine });
  return fixture;
}

describe('a LoRA for few steps', () => {
  it.each(['a fox --lora lcm', 'a fox <lora:LCM:0.9>', 'a fox --lora "ink, lcm:1"'])(
    'brings its sampler, steps and guidance, and says so: %s',
    async (typed) => {
      const job = await createFixture().imagine(ada, typed);
      expect(specOf(job.task)).toMatchObject({ sampler: 'lcm', steps: 4, guidance: 1 });
      expect(job.notes).toHaveLength(1);
      expect(job.notes?.[0]).toMatch(
        /^The LoRA lcm is made for few steps, so Easel uses --steps 4 --guidance 1 --sampler lcm\.$/i,
      );
    },
  );

  it('leaves what the person said, and what the LoRA leaves to the model', async () => {
    const fixture = createFixture();
    const said = await fixture.imagine(ada, 'a fox --lora lcm --steps 6 --guidance 2');
    expect(specOf(said.task)).toMatchObject({ sampler: 'lcm', steps: 6, guidance: 2 });
    expect(said.notes).toEqual(['The LoRA lcm is made for few steps, so Easel uses --sampler lcm.']);
    const all = await fixture.imagine(ada, 'a fox --lora lcm --steps 6 --guidance 2 --sampler ddim');
    expect(all.notes).toBeUndefined();
    const guided = await fixture.imagine(ada, 'a fox --lora hyper-cfg');
    const plain = await fixture.imagine(ada, 'a fox');
    expect(specOf(guided.task)).toMatchObject({ steps: 8, guidance: specOf(plain.task).guidance });
  });

  it('changes nothing where there is none, or none of its weight', async () => {
    const fixture = createFixture();
    const plain = specOf((await fixture.imagine(ada, 'a fox')).task);
    for (const typed of ['a fox --lora ink', 'a fox --lora lcm:0']) {
      const job = await fixture.imagine(ada, typed);
      expect(specOf(job.task)).toMatchObject({ sampler: plain.sampler, steps: plain.steps });
      expect(job.notes).toBeUndefined();
    }
  });

  it('stays within the steps that the channel allows', async () => {
    const fixture = createFixture();
    vi.spyOn(fixture.context.settings, 'ofChannel').mockResolvedValue({ maxSteps: 5 });
    const job = await fixture.imagine(ada, 'a fox --lora hyper-cfg');
    expect(specOf(job.task).steps).toBe(5);
    expect(job.notes?.[0]).toContain('--steps 5 ');
  });

  it('stays as it is when its picture is drawn again', async () => {
    const fixture = createFixture();
    const job = fixture.finish(await fixture.imagine(ada, 'a fox --lora lcm --steps 6'));
    await fixture.press(ada, 'reroll', job);
    expect(specOf(fixture.queue.last().task)).toMatchObject({ sampler: 'lcm', steps: 6, guidance: 1 });
  });
});
