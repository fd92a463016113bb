import type { SamplerName } from '../../engine/index.ts';

/** Samplers as AUTOMATIC1111 writes them into pictures, which is also what people know them by. */
export const SAMPLER_LABELS: Readonly<Record<SamplerName, string>> = {
  pndm: 'PLMS',
  ddim: 'DDIM',
  euler: 'Euler',
  euler_a: 'Euler a',
  dpmpp_2m: 'DPM++ 2M',
  dpmpp_2m_karras: 'DPM++ 2M Karras',
};

export function samplerOfLabel(label: string): SamplerName | undefined {
  const entries = Object.entries(SAMPLER_LABELS) as [SamplerName, string][];
  return entries.find(([, known]) => known.toLowerCase() === label.toLowerCase())?.[0];
}
