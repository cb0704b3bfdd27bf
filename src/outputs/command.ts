// A command that agrees: exit 0 is present, 10 absent, anything else unknown (DESIGN §6).
import { join } from 'node:path';
import { sayDuration } from '../domain/duration.ts';
import { cut } from '../domain/story.ts';
import { sayArgv } from '../domain/task.ts';
import { runToEnd } from '../host/short-process.ts';
import { type Probe, STRANDED } from './output-type.ts';

const ABSENT = 10;

export const probeCommand: Probe<'command'> = async ({ argv, timeoutMs }, { worker, workspace, env, mark, logs, signal }) => {
  if (workspace === undefined) return STRANDED;
  const log = join(logs, `probe-${argv[0]?.replace(/[^\w.-]+/g, '-')}.log`);
  const end = await runToEnd({
    argv,
    cwd: workspace,
    env,
    mark,
    timeoutMs,
    log,
    outputBytes: worker.outputBytes,
    ...(signal ? { signal } : {}),
  });
  const said = end.tail.trim() === '' ? '' : `: ${cut(end.tail.trim().split('\n').at(-1) ?? '', 100)}`;
  if (end.exitCode === 0) return { state: 'present', evidence: `${sayArgv(argv)} agrees${said}` };
  if (end.exitCode === ABSENT) return { state: 'absent', evidence: `${sayArgv(argv)} says no${said}` };
  return { state: 'unknown', evidence: `${sayArgv(argv)} gave no answer (${sayEnd(end, timeoutMs)})${said}` };
};

function sayEnd(end: Awaited<ReturnType<typeof runToEnd>>, timeoutMs: number): string {
  if (end.notStarted) return end.notStarted;
  if (end.flooded) return 'it wrote too much, and was ended';
  if (end.timedOut) return `none within ${sayDuration(timeoutMs)}`;
  return end.signal ?? `exit ${end.exitCode}`;
}
