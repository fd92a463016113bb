/** Milliseconds since 1970; every deadline and limit of the emulator is counted by it. */
export interface Clock {
  now(): number;
}

/** Time as it passes, and what a test adds to it: sixteen minutes go by at once. */
export interface MovableClock extends Clock {
  advance(ms: number): void;
}

/** @param passed milliseconds since it was first asked; the wall's by default */
export function createClock(passed: () => number = () => performance.now()): MovableClock {
  const began = Date.now() - passed();
  let ahead = 0;
  return {
    now: () => Math.floor(began + passed() + ahead),
    advance: (ms) => {
      ahead += ms;
    },
  };
}

/**
 * Milliseconds in which this process had a processor, for `createClock`: people, Discord and the bot share one in tests,
 * and on a machine that is busy with other things none of them gets on while another process does.
 */
export function createProcessorTime(): () => number {
  let passed = 0;
  let last = { at: performance.now(), cpu: process.cpuUsage() };
  return () => {
    const now = { at: performance.now(), cpu: process.cpuUsage() };
    const used = (now.cpu.user + now.cpu.system - last.cpu.user - last.cpu.system) / 1000;
    // Several threads at once use more than the time that passes.
    passed += Math.min(used, now.at - last.at);
    last = now;
    return passed;
  };
}
