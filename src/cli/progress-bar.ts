import type { Progress } from '../../engine/index.ts';
import type { OutputStream } from './types.ts';

/** One line on a terminal that is written over; nothing elsewhere. */
export interface ProgressBar {
  readonly show: (progress: Progress) => void;
  /** Wipes the bar; nothing stays on the terminal. May be called again. */
  end(): void;
}

const BAR_CELLS = 30;
const WIPE = '\r\u001b[K';

/** One line that is drawn over; silent where the output is not a terminal. */
export function createProgressBar(output: OutputStream, now: () => number = () => performance.now()): ProgressBar {
  const began = now();
  let isDrawn = false;
  return {
    show(progress) {
      if (output.isTTY !== true) return;
      isDrawn = true;
      const line = `${describe(progress)}  ${((now() - began) / 1000).toFixed(1)} s`;
      output.write(WIPE + line.slice(0, Math.max(1, (output.columns ?? 80) - 1)));
    },
    end() {
      if (isDrawn) output.write(WIPE);
      isDrawn = false;
    },
  };
}

function describe({ phase, step, steps }: Progress): string {
  switch (phase) {
    case 'downloading':
      return `downloading the model, ${step} of ${steps} MB`;
    case 'loading':
      return 'loading the model';
    case 'encoding':
      return 'encoding the prompt';
    case 'denoising': {
      const filled = steps === 0 ? 0 : Math.round((BAR_CELLS * step) / steps);
      return `${'█'.repeat(filled)}${'░'.repeat(BAR_CELLS - filled)} ${step}/${steps}`;
    }
    case 'decoding':
      return 'decoding the picture';
  }
}
