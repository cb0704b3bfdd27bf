// Which histories are recorded: one task for each way through the workflow, with what its agent does (a piece of shell,
// `$OUTLIVE_RUN` is the number of the run) and what happens to it from outside meanwhile.

import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, WorkflowHandle } from '@temporalio/client';
import type { TaskStatus } from '../src/domain/contract.ts';
import { ANSWER, CLOSE_BY_HAND, healthId, OPEN_BY_HAND, STATUS_QUERY, STOP_UPDATE, taskBranch } from '../src/domain/names.ts';
import type { Heartbeat } from '../src/domain/run.ts';
import { readScope, type Scope, sayScope } from '../src/domain/scope.ts';
import type { TaskSpec } from '../src/domain/task.ts';
import { signalHealth } from '../src/health-entity.ts';

export interface Recording {
  readonly name: string;
  readonly shell: string;
  readonly more?: Partial<TaskSpec>;
  /** Hosts that are there for this task only, in a pool that is called like the recording. */
  readonly hosts?: readonly string[];
  readonly act?: Act;
  /** Where the way depends on a race: what the history must say for it to be the one that is meant. */
  readonly shows?: RegExp;
}

export type Act = (handle: WorkflowHandle, hosts: OwnHosts, client: Client) => Promise<void>;

/** The recording's own hosts. */
export interface OwnHosts {
  end(hostId: string, signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  signal(hostId: string, signal: 'SIGSTOP' | 'SIGCONT'): void;
  start(hostId: string): Promise<void>;
}

/** `revoked`: the file that is there while the credential `key` is not valid. */
export function recordings(origin: string, revoked: string): readonly Recording[] {
  const inOrigin = `git --git-dir ${origin}`;
  const branch = (name: string) => `refs/heads/${taskBranch(name)}`;
  return [
    { name: 'happy-file', shell: 'echo work > work', more: FILE_ONLY },
    { name: 'happy-push', shell: COMMIT },
    { name: 'killed-retried', shell: isFirst('kill -9 $$', COMMIT) },
    { name: 'crashed-after-output', shell: `${COMMIT}; kill -9 $$`, more: { checks: [{ argv: ['test', '-f', 'work'] }] } },
    { name: 'rate-limited', shell: isFirst(fails('"reason":"rate_limited","retryAfterMs":200'), COMMIT) },
    { name: 'held-for-quota', shell: isFirst(quota(), COMMIT) },
    {
      name: 'red-check',
      shell: isFirst(COMMIT.replace('work >', 'no >'), COMMIT),
      more: { checks: [{ argv: ['grep', '-q', 'work', 'work'] }] },
    },
    { name: 'asked-by-update', shell: isFirst('exit 3', COMMIT), act: answer({ choice: 'retry', note: 'go on', by: 'ann' }) },
    { name: 'asked-by-signal', shell: isFirst('exit 3', COMMIT), act: signalRetry },
    { name: 'asked-closed', shell: 'exit 3', act: answer({ choice: 'close', note: 'not worth it', by: 'ann' }) },
    { name: 'looked-again', shell: 'exit 3', act: lookThenClose },
    { name: 'stopped-in-run', shell: WAIT, act: whenRunning(stop) },
    { name: 'stopped-asking', shell: 'exit 3', act: when(({ question }) => question, stop) },
    { name: 'stopped-finishing', shell: COMMIT, act: whenTriedAgain(stop) },
    { name: 'stopped-by-agent', shell: fails('"reason":"cancelled"') },
    { name: 'cancelled-in-run', shell: WAIT, act: whenRunning(cancel) },
    { name: 'cancelled-held', shell: fails('"reason":"rate_limited","retryAfterMs":600000'), act: when(({ hold }) => hold, cancel) },
    {
      name: 'foreign-branch',
      shell: `${COMMIT}; ${inOrigin} update-ref ${branch('foreign-branch')} $(${inOrigin} commit-tree -m foreign main^{tree} -p main)`,
      act: when(
        ({ question }) => question,
        async (handle) => {
          execFileSync('git', ['--git-dir', origin, 'update-ref', '-d', branch('foreign-branch')]);
          await handle.executeUpdate(ANSWER, { args: [{ choice: 'finish', by: 'ann' }] });
        },
      ),
    },
    { name: 'orphaned', shell: isFirst(WAIT, COMMIT), hosts: ['comes-back'], act: takenUpAgain('SIGKILL'), shows: /run\.orphaned/ },
    { name: 'detached', shell: isFirst(WAIT, COMMIT), hosts: ['drained'], act: takenUpAgain('SIGTERM'), shows: /run\.detached/ },
    { name: 'frozen', shell: isFirst(WAIT, COMMIT), hosts: ['freezes'], act: whenRunning(frozen), shows: /TIMEOUT_TYPE_HEARTBEAT/ },
    { name: 'lease-over', shell: WAIT, hosts: ['stays-away'], act: whenRunning(neverBack), shows: /TIMEOUT_TYPE_SCHEDULE_TO_START/ },
    { name: 'late-result', shell: WAIT, hosts: ['comes-late'], act: whenRunning(comesLate), shows: /lateResult/ },
    {
      name: 'enriched',
      shell: isFirst(`${COMMIT.replace('work >', 'half >')}; ${fails('"reason":"context_window_exceeded"')}`, COMMIT),
      more: REST,
    },
    { name: 'split', shell: isFirst(FULL, planned(STEP)), more: { ...REST, split: 'auto' } },
    {
      name: 'split-by-a-person',
      shell: isFirst(FULL, planned(STEP)),
      more: { split: 'never' },
      act: answers({ choice: 'split', by: 'ann' }),
    },
    {
      name: 'step-adopted',
      shell: isFirst(FULL, planned(`grep -q 'step 1 of' "$OUTLIVE_PROMPT_FILE" && { ${fails('"reason":"refused"')}; }; ${STEP}`)),
      more: { split: 'auto' },
      act: answers({ choice: 'adopt', note: 'It is not needed.', by: 'ann' }),
    },
    { name: 'approved', shell: COMMIT, more: { approve: 'before_finish' }, act: answers({ choice: 'approve', by: 'ann' }) },
    {
      name: 'refused',
      shell: isFirst(COMMIT, COMMIT.replace('work >', 'more >')),
      more: { approve: 'before_finish' },
      act: answers({ choice: 'refuse', note: 'not enough', by: 'ann' }, { choice: 'retry', by: 'ann' }, { choice: 'approve', by: 'ann' }),
    },
    {
      name: 'escalated',
      shell: 'exit 3',
      act: when(({ question }) => question?.owner === 'on-call', answer({ choice: 'close', by: 'ann' })),
    },
    {
      name: 'published',
      shell: COMMIT,
      more: { outputs: [...PUSHED, { kind: 'pull_request', title: 'The work' }, { kind: 'comment', issue: 41, body: 'Done.' }] },
    },
    { name: 'credential-checked', shell: isFirst(fails('"reason":"credential_rejected"'), COMMIT) },
    {
      name: 'held-for-incident',
      shell: isFirst(fails('"reason":"credential_rejected"'), COMMIT),
      more: { credentials: ['key'] },
      act: when(
        ({ hold }) => hold?.incident,
        async () => rmSync(revoked),
      ),
      shows: /credential\/key@/,
    },
    {
      name: 'held-at-the-offer',
      shell: isFirst(fails('"reason":"rate_limited","retryAfterMs":3000'), COMMIT),
      more: { credentials: ['other'] },
      act: heldByHand(() => 'provider/other'),
      shows: /is ill: ann holds it shut/,
    },
    // Each of them might have another value, so they are asked by turns.
    {
      name: 'offered-elsewhere',
      shell: isFirst(fails('"reason":"rate_limited","retryAfterMs":3000'), COMMIT),
      more: { credentials: ['other'] },
      hosts: ['one', 'two'],
      act: heldByHand(({ runs }) => `credential/other@${runs[0]?.credentials?.[0]?.id}`),
      shows: /"host\.(?:one|two)\.runs"/,
    },
    { name: 'resumed', shell: isFirst(fails('"reason":"rate_limited","retryAfterMs":200,"session":"s-1"'), COMMIT) },
    // The server remembers a host that is gone for some minutes, so the other one is asked to leave the run to it.
    { name: 'declined', shell: isFirst(WAIT, COMMIT), hosts: ['declines', 'leaves'], act: whenRunning(declined), shows: /run\.declined/ },
  ];
}

const STEP = 'echo work >> work && git add . && git commit -qm step';
const PLAN = '{"steps":[{"title":"one","prompt":"Do the first half."},{"title":"two","prompt":"Do the second half."}]}';
const planned = (otherwise: string) =>
  `if [ -n "$OUTLIVE_PLAN_FILE" ]; then echo '${PLAN}' > "$OUTLIVE_PLAN_FILE"; echo planned; else ${otherwise}; fi`;
const COMMIT = 'echo work > work && git add . && git commit -qm work';
/** Ends by itself, should nobody end it. */
const WAIT = 'exec sleep 120';
const FILE_ONLY: Partial<TaskSpec> = { workspace: undefined as never, outputs: [{ kind: 'file', path: 'work' }] };
const PUSHED: TaskSpec['outputs'] = [{ kind: 'commit' }, { kind: 'push' }];
const REST: Partial<TaskSpec> = { checks: [{ argv: ['grep', '-q', 'work', 'work'] }] };
const isFirst = (then: string, otherwise: string) => `if [ "$OUTLIVE_RUN" = 1 ]; then ${then}; else ${otherwise}; fi`;
const fails = (fields: string) => `echo '{"outcome":"failed",${fields}}' > $OUTLIVE_RESULT_FILE; exit 1`;

const FULL = fails('"reason":"context_window_exceeded"');

function quota(): string {
  return `printf '{"outcome":"failed","reason":"quota_exhausted","resetsAt":"%s"}' $(date -u -d '+2 seconds' +%Y-%m-%dT%H:%M:%SZ) > $OUTLIVE_RESULT_FILE; exit 1`;
}

async function stop(handle: WorkflowHandle): Promise<void> {
  await handle.executeUpdate(STOP_UPDATE, { args: [{ why: 'not wanted', by: 'ann' }] });
}

async function cancel(handle: WorkflowHandle): Promise<void> {
  await handle.cancel();
}

/** While it waits for the provider, a person shuts what it needs; so no host starts the run that follows, until it is let go. */
function heldByHand(what: (status: TaskStatus) => string): Act {
  return async (handle, _, client) => {
    const wish = { why: 'maintenance', by: 'ann' };
    await until(handle, ({ hold }) => hold);
    const scope = readScope(what(await handle.query<TaskStatus>(STATUS_QUERY))) as Scope;
    await signalHealth(client, scope, OPEN_BY_HAND, wish);
    await until(handle, ({ hold }) => hold?.incident);
    await client.workflow.getHandle(healthId(sayScope(scope))).signal(CLOSE_BY_HAND, wish);
  };
}

function answer(sent: object): Act {
  return when(
    ({ question }) => question,
    async (handle) => void (await handle.executeUpdate(ANSWER, { args: [sent] })),
  );
}

/** One after the other, each to the question that follows the answer before it. */
function answers(...sent: readonly object[]): Act {
  return async (handle) => {
    for (const [index, one] of sent.entries()) {
      await until(handle, ({ question }) => question?.id === `q${index + 1}`);
      await handle.executeUpdate(ANSWER, { args: [one] });
    }
  };
}

async function signalRetry(handle: WorkflowHandle): Promise<void> {
  await until(handle, ({ question }) => question);
  await handle.signal(ANSWER, 'retry');
}

async function lookThenClose(handle: WorkflowHandle, hosts: OwnHosts, client: Client): Promise<void> {
  await answer({ choice: 'look', by: 'ann' })(handle, hosts, client);
  await until(handle, ({ question }) => question?.id === 'q2');
  await handle.executeUpdate(ANSWER, { args: [{ choice: 'close', by: 'ann' }] });
}

/** The worker ends, the next one takes the run up again, and then the agent ends too. */
function takenUpAgain(signal: 'SIGKILL' | 'SIGTERM'): Act {
  return whenRunning(async (handle, hosts) => {
    const { host, pid } = await runningIn(handle);
    await hosts.end(host, signal);
    await hosts.start(host);
    await until(handle, ({ runs }) => runs[0]?.reattached);
    process.kill(pid, 'SIGKILL');
  });
}

/** For longer than the heartbeat's time. */
async function frozen(handle: WorkflowHandle, hosts: OwnHosts): Promise<void> {
  const { host, pid } = await runningIn(handle);
  hosts.signal(host, 'SIGSTOP');
  await until(handle, ({ runs }) => runs[0]?.reattached);
  hosts.signal(host, 'SIGCONT');
  process.kill(pid, 'SIGKILL');
}

/** There is no other host, so a person is asked in the end. */
async function neverBack(handle: WorkflowHandle, hosts: OwnHosts, client: Client): Promise<void> {
  const { host } = await runningIn(handle);
  await hosts.end(host, 'SIGKILL');
  await when(({ runs }) => runs.length === 2, stop)(handle, hosts, client);
}

/** Its run has been given up, and the next one waits for a host, when it is back. */
async function comesLate(handle: WorkflowHandle, hosts: OwnHosts): Promise<void> {
  const { host } = await runningIn(handle);
  await hosts.end(host, 'SIGKILL');
  await until(handle, ({ runs }) => runs.length === 2);
  await hosts.start(host);
  await until(handle, ({ runs }) => runs[0]?.late);
  await stop(handle);
}

/** The agent is killed on the host that has it, and the other one has just gone. */
async function declined(handle: WorkflowHandle, hosts: OwnHosts): Promise<void> {
  const { host, pid } = await runningIn(handle);
  await hosts.end(host === 'leaves' ? 'declines' : 'leaves', 'SIGTERM');
  process.kill(pid, 'SIGKILL');
}

function when(holds: (status: TaskStatus) => unknown, act: Act): Act {
  return async (handle, hosts, client) => {
    await until(handle, holds);
    await act(handle, hosts, client);
  };
}

function whenRunning(act: Act): Act {
  return async (handle, hosts, client) => {
    await runningIn(handle);
    await act(handle, hosts, client);
  };
}

/** The origin refuses the push of that task. */
function whenTriedAgain(act: Act): Act {
  return async (handle, hosts, client) => {
    while (!(await handle.describe()).raw.pendingActivities?.some((activity) => (activity.attempt ?? 0) > 1)) await sleep(50);
    await act(handle, hosts, client);
  };
}

/** Once the agent's process is there: where. */
async function runningIn(handle: WorkflowHandle): Promise<Heartbeat & { readonly pid: number }> {
  for (;;) {
    const { raw } = await handle.describe();
    const [payload] = raw.pendingActivities?.flatMap((activity) => activity.heartbeatDetails?.payloads ?? []) ?? [];
    const beat = payload ? (JSON.parse(Buffer.from(payload.data ?? []).toString()) as Heartbeat) : undefined;
    if (beat?.pid !== undefined) return { ...beat, pid: beat.pid };
    await sleep(50);
  }
}

async function until(handle: WorkflowHandle, holds: (status: TaskStatus) => unknown): Promise<void> {
  for (;;) {
    const status = await handle.query<TaskStatus>(STATUS_QUERY).catch(() => undefined);
    if (status && holds(status)) return;
    await sleep(50);
  }
}
