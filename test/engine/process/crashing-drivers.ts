import { serve } from '../../../engine/process/serve.ts';
import { CPU_CAPABILITIES } from '../../../engine/providers/choice.ts';

/**
 * The engine's process on a machine with bad drivers, as a test forks it: that of CUDA crashes, and that of DirectML never
 * comes back from a call.
 */
serve(async (provider) => {
  switch (provider) {
    case 'cuda':
      process.kill(process.pid, 'SIGSEGV');
      return new Promise(() => undefined);
    case 'dml':
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
      return CPU_CAPABILITIES;
    default:
      return CPU_CAPABILITIES;
  }
});
