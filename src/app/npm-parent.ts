import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const LOOK_MS = 500;
/** The parent's number, which `bin/started-by.js` notes as the first thing that the process does. */
const STARTED_BY = 'EASEL_STARTED_BY';
/** For a program that lists processes; PowerShell takes seconds to start. */
const LIST_TIMEOUT_MS = 10_000;

interface Process {
  readonly parent: number;
  /** With its arguments. */
  readonly command: string;
}

/**
 * Resolves when npm, which started this process, is gone: npm passes a signal on to its shell alone, and a shell that
 * ends takes nobody along. Undefined when npm did not start it: then it may outlive its parent, as a daemon does.
 * @param platform as `process.platform`: Linux, macOS and Windows each tell of other processes in their own way
 */
export function whenNpmIsGone(
  env: NodeJS.ProcessEnv,
  platform: NodeJS.Platform = process.platform,
): Promise<void> | undefined {
  if (!isStartedByNpm(env)) return undefined;
  const parent = Number(env[STARTED_BY] ?? process.ppid);
  let npm: number | undefined;
  void findNpm(parent, env, platform).then((found) => {
    npm = found;
  });
  return new Promise((resolve) => {
    const timer = setInterval(async () => {
      const gone = isParentGone(parent, platform) || (npm !== undefined && (await isNpmGone(parent, npm, platform)));
      if (!gone) return;
      clearInterval(timer);
      resolve();
    }, LOOK_MS).unref();
  });
}

/** What a script of another name starts inherits npm's variables, too. */
function isStartedByNpm({ npm_lifecycle_event: event, npm_lifecycle_script: script }: NodeJS.ProcessEnv): boolean {
  return script === undefined ? event === 'start' : event !== undefined && script.includes('src/main.ts');
}

/** The shell's parent, where npm's shell stands between; a shell that gives way to its command (`exec`) does not. */
async function findNpm(
  parent: number,
  { npm_lifecycle_script: script }: NodeJS.ProcessEnv,
  platform: NodeJS.Platform,
): Promise<number | undefined> {
  const found = await look(parent, platform).catch(() => undefined);
  return script !== undefined && found?.command.includes(script) === true ? found.parent : undefined;
}

/** Windows keeps the number of a parent that has ended. */
function isParentGone(parent: number, platform: NodeJS.Platform): boolean {
  return platform === 'win32' ? !isAlive(parent) : process.ppid !== parent;
}

/** On Linux by the shell's parent: a process that has ended keeps its number until somebody takes notice. */
async function isNpmGone(shell: number, npm: number, platform: NodeJS.Platform): Promise<boolean> {
  if (platform !== 'linux') return !isAlive(npm);
  const found = await look(shell, platform).catch(() => undefined);
  return found === undefined || found.parent !== npm;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It is there, and somebody else's.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** @throws when there is no such process, or nothing that lists it */
async function look(pid: number, platform: NodeJS.Platform): Promise<Process> {
  switch (platform) {
    case 'linux': {
      const [stat, command] = await Promise.all([
        readFile(`/proc/${pid}/stat`, 'utf8'),
        readFile(`/proc/${pid}/cmdline`, 'utf8'),
      ]);
      // After the program's name, which may hold anything: state, parent.
      const [, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return { parent: Number(parent), command: command.replaceAll('\0', ' ') };
    }
    case 'win32': {
      const query = `$p = Get-CimInstance Win32_Process -Filter 'ProcessId=${pid}'; "$($p.ParentProcessId) $($p.CommandLine)"`;
      return parse(await list('powershell.exe', ['-NoProfile', '-NonInteractive', '-Command', query]));
    }
    default:
      return parse(await list('ps', ['-ww', '-o', 'ppid=', '-o', 'args=', '-p', String(pid)]));
  }
}

async function list(program: string, args: readonly string[]): Promise<string> {
  return (await run(program, [...args], { timeout: LIST_TIMEOUT_MS, windowsHide: true })).stdout;
}

/** A number, and the command behind it. */
function parse(line: string): Process {
  const [, parent, command = ''] = /^\s*(\d+)\s+(.*)$/s.exec(line) ?? [];
  if (parent === undefined) throw new Error('there is no such process');
  return { parent: Number(parent), command };
}
