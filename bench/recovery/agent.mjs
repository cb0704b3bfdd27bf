// The agent of the soak: a task is a number of steps, each one line in a file and one commit. It goes on from what it
// finds and does only the rest. Each of its starts is on record, with every other process that works on the same task then.
// Arguments: the record, the steps, milliseconds a step, and `dies` where it is to be killed in place of a good end.

import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const [, , record = '', steps = '1', stepMs = '0', end = ''] = process.argv;
const { OUTLIVE_TASK: task = '', OUTLIVE_RUN: run = '' } = process.env;
const FILE = 'steps';

// One write of a short line at the end of a file is never torn, however many do it.
const tell = (what) => appendFileSync(record, `${JSON.stringify({ task, run: Number(run), pid: process.pid, at: Date.now(), ...what })}\n`);
const git = (...args) => execFileSync('git', args, { encoding: 'utf8' }).trim();
const stepsDone = () => (existsSync(FILE) ? readFileSync(FILE, 'utf8').split('\n').length - 1 : 0);
const commits = () => Number(git('rev-list', '--count', 'origin/main..HEAD'));
const commit = (step) => {
  git('add', FILE);
  git('commit', '--quiet', '--message', `Step ${step}`);
};

/** Whoever carries this task in its environment and is not of this session, which is this agent's own. */
function othersAtWork() {
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .flatMap((pid) => {
      try {
        const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
        const session = Number(
          readFileSync(`/proc/${pid}/stat`, 'utf8')
            .replace(/^.*\) /s, '')
            .split(' ')[3],
        );
        if (!environment.includes(`OUTLIVE_TASK=${task}`) || session === process.pid) return [];
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
        const of = environment.find((variable) => variable.startsWith('OUTLIVE_RUN=')) ?? '';
        return [`${pid} ${of} ${command}`];
      } catch {
        return []; // Gone since it was listed.
      }
    });
}

tell({ kind: 'began', commits: commits(), steps: stepsDone(), others: othersAtWork() });
if (git('status', '--porcelain') !== '') commit(stepsDone());
for (let step = stepsDone() + 1; step <= Number(steps); step += 1) {
  await sleep(Number(stepMs) / 2);
  appendFileSync(FILE, `step ${step}\n`);
  await sleep(Number(stepMs) / 2);
  commit(step);
  tell({ kind: 'step', step });
}
if (end === 'dies') process.kill(process.pid, 'SIGKILL');
tell({ kind: 'ended' });
