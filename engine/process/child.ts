import { probeProvider } from '../providers/probe.ts';
import { serve } from './serve.ts';

/** What the host forks. */
serve(probeProvider);
