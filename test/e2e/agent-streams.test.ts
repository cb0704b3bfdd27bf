// An agent with events of its own, registered by its user: what its stream says while it runs, and at its end.

import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Agent, Start } from '../../src/agents/agent.ts';
import { asked, failed, finished, type Heard, spent, toolBegan, triesAgain } from '../../src/agents/heard.ts';
import { type Json, json, text } from '../../src/agents/json.ts';
import type { RunStatus } from '../../src/domain/contract.ts';
import { STOP_UPDATE } from '../../src/domain/names.ts';
import { PROCESS_RULES } from '../../src/domain/process-rules.ts';
import type { TaskSpec } from '../../src/domain/task.ts';
import { sendUpdate } from '../../src/send-update.ts';
import { startTask, TaskSpecRefused } from '../../src/start-task.ts';
import { type SmallFleet, startSmallFleet } from './small-fleet.ts';

const PATIENCE = { timeout: 30_000, interval: 50 };
const program = fileURLToPath(new URL('../fixtures/agents/talks.mjs', import.meta.url));

function hear(event: Json, heard: Heard): boolean {
  switch (event['say']) {
    case 'begin':
      heard.session = text(event['session']);
      heard.version = '1.2.3';
      asked(heard);
      break;
    case 'tool':
      toolBegan(heard);
      break;
    case 'ask':
      asked(heard);
      break;
    case 'again':
      triesAgain(heard, 'HTTP status 529 overloaded');
      break;
    case 'cost':
      spent(heard, { input: 10, output: 5, costUsd: Number(event['usd']) });
      break;
    case 'good':
      finished(heard);
      break;
    case 'bad':
      failed(heard, { words: text(json(event['error'])['message']) });
      break;
    default:
      return false;
  }
  return true;
}

/** Every start of it, by the task's prompt. */
const starts: Start[] = [];
/** Does `first`, and `later` once it has been started before. */
const talker: Agent = {
  launch: (start) => {
    starts.push(start);
    const { first, later = first } = start.spec.options as { first: string[]; later?: string[] };
    const times = starts.filter(({ promptFile }) => taskOf(promptFile) === taskOf(start.promptFile)).length;
    return { argv: [process.execPath, program, ...(times > 1 ? later : first)] };
  },
  reader: { hear, rules: PROCESS_RULES },
  refuse: ({ first }) => (Array.isArray(first) ? undefined : 'first: missing; expected a list of lines'),
};
/** Whatever its author wrote breaks. */
const clumsy: Agent = {
  launch: ({ spec }) => {
    if (spec.options?.['breaks'] === 'launch') throw new Error('nobody thought of that');
    return { argv: [process.execPath, program, '{"say":"anything"}', 'commit work', '{"say":"good"}'] };
  },
  reader: {
    hear: () => {
      throw new Error('nobody thought of that');
    },
    rules: PROCESS_RULES,
  },
  refuse: ({ breaks }) => {
    if (breaks === 'refuse') throw new Error('nobody thought of that');
    return undefined;
  },
};
const taskOf = (promptFile: string): string => promptFile.split('/').at(-3) ?? '';

const BEGIN = '{"say":"begin","session":"s-1"}';
const GOOD = ['commit work', '{"say":"good"}'];

let fleet: SmallFleet;
beforeAll(async () => {
  fleet = await startSmallFleet('streams', { lease: '10s', agents: { talker, clumsy } });
});
afterAll(() => fleet?.stop());

async function start(id: string, options: object, more: Partial<TaskSpec> = {}): Promise<void> {
  const outputs = [{ kind: 'commit' }, { kind: 'push' }] as const;
  const spec = { id, prompt: 'Do it.', agent: { use: 'talker', options }, workspace: { repo: fleet.origin }, outputs, ...more } as TaskSpec;
  await startTask(fleet.client, spec, { agents: { talker } });
}

async function firstRun(id: string): Promise<RunStatus> {
  const run = await vi.waitFor(async () => {
    const [first] = (await fleet.status(id)).runs;
    return first?.decision ? first : Promise.reject(new Error(`${id} is not decided yet: ${JSON.stringify(first)}`));
  }, PATIENCE);
  await sendUpdate(fleet.handle(id), STOP_UPDATE, { why: 'seen', by: 'the test' }).catch(() => undefined);
  await fleet
    .handle(id)
    .result()
    .catch(() => undefined);
  return run;
}

const evidenceOf = ({ failure }: RunStatus): string => (failure?.evidence ?? []).map(({ where, value }) => `${where}: ${value}`).join('\n');

describe.concurrent('the stream of an agent', () => {
  it('tells its session, its version and what it has used', async () => {
    const steps = [BEGIN, '{"say":"cost","usd":0.25}', '{"say":"tool"}', '{"say":"ask"}', '{"say":"cost","usd":0.5}'];
    await start('tells', { first: [...steps, ...GOOD] });
    expect(await fleet.handle('tells').result()).toMatchObject({ state: 'done', runs: 1 });
    expect((await fleet.status('tells')).runs).toMatchObject([
      { outcome: 'finished', session: 's-1', agentVersion: '1.2.3', usage: { inputTokens: 20, outputTokens: 10, costUsd: 0.75, turns: 2 } },
    ]);
  });

  it('shows a stall behind notices that it tries again', async () => {
    await start('stalls', { first: [BEGIN, 'repeat 200 {"say":"again"}'] }, { limits: { run: { stall: '3s' } } });
    const run = await firstRun('stalls');
    expect(run).toMatchObject({
      failure: { reason: 'provider_timeout', basis: 'supervisor' },
      decision: { kind: 'retry' },
    });
    expect(evidenceOf(run)).toMatch(/stall/);
    expect(evidenceOf(run)).toMatch(/529 overloaded/);
  });

  it('keeps an agent alive that says little, but says it', async () => {
    await start(
      'slow',
      {
        first: [
          BEGIN,
          ...Array(8)
            .fill('sleep 1000')
            .flatMap((pause) => [pause, '{"say":"ask"}']),
          ...GOOD,
        ],
      },
      { limits: { run: { stall: '3s' } } },
    );
    expect(await fleet.handle('slow').result()).toMatchObject({ state: 'done', runs: 1 });
  });

  it('tells a stall of a tool from one of the model', async () => {
    await start('tool', { first: [BEGIN, '{"say":"tool"}', 'sleep 60000'] }, { limits: { run: { stall: '2s' } } });
    expect(await firstRun('tool')).toMatchObject({ failure: { reason: 'heartbeat_lost' }, decision: { kind: 'retry' } });
  });

  it('counts questions to the model, and has one too many end the run', async () => {
    const turn = ['{"say":"tool"}', '{"say":"ask"}'];
    await start('turns', { first: [BEGIN, ...turn, ...turn, ...turn, 'sleep 60000'] }, { limits: { run: { turns: 3 } }, split: 'never' });
    const run = await firstRun('turns');
    expect(run).toMatchObject({ failure: { reason: 'turn_limit', basis: 'supervisor' }, decision: { kind: 'ask' } });
    expect(evidenceOf(run)).toContain('ended_by: turn_limit');
  });

  it('sums up the cost, and has too much of it end the run', async () => {
    const limits = { costUsd: 5, run: { costUsd: 1 } };
    await start(
      'cost',
      { first: [BEGIN, '{"say":"cost","usd":0.7}', '{"say":"cost","usd":0.7}', 'sleep 60000'] },
      { limits, split: 'never' },
    );
    const run = await firstRun('cost');
    expect(run).toMatchObject({ failure: { reason: 'budget_exhausted', basis: 'supervisor' }, decision: { kind: 'ask' } });
    expect(run.usage).toMatchObject({ costUsd: 1.4, incomplete: true });
  });

  it('outweighs an exit code of 0', async () => {
    await start('zero', { first: [BEGIN, '{"say":"bad","error":{"message":"401 Unauthorized: invalid x-api-key"}}', 'exit 0'] });
    expect(await firstRun('zero')).toMatchObject({ failure: { reason: 'credential_rejected' } });
  });

  it('without an event is no success, whatever the exit code', async () => {
    await start('mute', { first: ['exit 0'] });
    expect(await firstRun('mute')).toMatchObject({ failure: { class: 'unknown', reason: 'unclassified' }, decision: { kind: 'ask' } });
  });

  it('with a good end and without its outputs is rejected by name', async () => {
    await start('empty', { first: [BEGIN, '{"say":"good"}'] });
    const run = await firstRun('empty');
    expect(run).toMatchObject({ failure: { reason: 'output_rejected' }, decision: { kind: 'retry' } });
    expect(evidenceOf(run)).toContain('commit absent');
  });

  it('names the session that the next run goes on with, after a cause outside of the conversation', async () => {
    const bad = '{"say":"bad","error":{"message":"API error: 529 overloaded"}}';
    await start('resumes', { first: [BEGIN, bad, 'exit 1'], later: [BEGIN, ...GOOD] });
    expect(await fleet.handle('resumes').result()).toMatchObject({ state: 'done', runs: 2 });
    const [first, second] = (await fleet.status('resumes')).runs;
    expect(first?.decision?.because).toContain('in the same session if it comes to streams');
    expect(second?.resumes).toEqual({ id: 's-1', host: 'streams', agentVersion: '1.2.3' });
    const [before, after] = starts.filter(({ promptFile }) => taskOf(promptFile) === 'resumes');
    expect(before?.resume).toBeUndefined();
    expect(after).toMatchObject({ resume: 's-1', prompt: expect.stringContaining('go on with it') });
  });

  it('that came to the end of its context is followed by a new conversation, once, with what is there', async () => {
    const full = '{"say":"bad","error":{"message":"prompt is too long: 215432 tokens > 200000 maximum"}}';
    const checks = [{ argv: ['test', '-f', 'rest'] }];
    await start('full', { first: [BEGIN, 'commit half', full, 'exit 1'], later: [BEGIN, 'commit rest', '{"say":"good"}'] }, { checks });
    expect(await fleet.handle('full').result()).toMatchObject({ state: 'done', runs: 2 });
    const [first, second] = (await fleet.status('full')).runs;
    expect(first).toMatchObject({ failure: { reason: 'context_window_exceeded', progress: true }, decision: { kind: 'enrich' } });
    expect(second).toMatchObject({ outcome: 'finished', enriched: true });
    const [, told] = starts.filter(({ promptFile }) => taskOf(promptFile) === 'full');
    expect(told?.resume).toBeUndefined();
    expect(told?.prompt).toMatch(/Done so far:\n[0-9a-f]+ work\n half \| 1 \+/);
    expect(told?.prompt).toContain('This is a new one');
    expect(fleet.commits('full')).toHaveLength(2);
  });

  it('that refuses the session is followed by a run that begins afresh', async () => {
    const bad = '{"say":"bad","error":{"message":"API error: 529 overloaded"}}';
    const refuses = '{"say":"bad","error":{"message":"invalid_request_error: No conversation found with session ID s-1"}}';
    await start('refuses', { first: [BEGIN, bad, 'exit 1'], later: [refuses, 'exit 1'] });
    const run = await vi.waitFor(async () => {
      const { runs } = await fleet.status('refuses');
      return runs[1]?.decision ? runs[1] : Promise.reject(new Error('run 2 is not decided yet'));
    }, PATIENCE);
    expect(run).toMatchObject({
      failure: { reason: 'invalid_request' },
      decision: { kind: 'retry', because: expect.stringContaining('afresh') },
    });
    const resumed = () => starts.filter(({ promptFile }) => taskOf(promptFile) === 'refuses').map(({ resume }) => resume);
    await vi.waitFor(() => expect(resumed().slice(0, 3)).toEqual([undefined, 's-1', undefined]), PATIENCE);
    await sendUpdate(fleet.handle('refuses'), STOP_UPDATE, { why: 'seen', by: 'the test' });
    await fleet.handle('refuses').result();
  });
});

it.each([
  ['codex', { use: 'codex' }],
  ['an ACP agent', { use: 'acp', argv: ['no-such-agent', '--acp'] }],
  ['claude', { use: 'claude' }],
])('%s that is not on this host is a tool that is missing', async (_, agent) => {
  const id = `missing-${agent.use}`;
  await start(id, {}, { agent, env: { PATH: '/usr/bin:/bin' } });
  const run = await firstRun(id);
  expect(run).toMatchObject({ failure: { class: 'host', reason: 'tool_missing' } });
  expect(evidenceOf(run)).toMatch(/there is no program/);
});

it('what an author did not think of ends neither a worker nor a task', async () => {
  const outputs = [{ kind: 'commit' }, { kind: 'push' }] as const;
  const told = (id: string, breaks: string) => ({
    id,
    prompt: 'x',
    agent: { use: 'clumsy', options: { breaks } },
    workspace: { repo: fleet.origin },
    outputs,
  });
  await expect(startTask(fleet.client, told('clumsy-1', 'refuse'), { agents: { clumsy } })).rejects.toThrow(
    "agent.options: the agent's own check of them failed: nobody thought of that",
  );
  await startTask(fleet.client, told('clumsy-2', 'launch'), { agents: { clumsy } });
  const run = await firstRun('clumsy-2');
  expect(run).toMatchObject({ failure: { reason: 'unclassified' }, decision: { kind: 'ask' } });
  expect(evidenceOf(run)).toContain('nobody thought of that');
  // Its events are read by nobody, and its work is there all the same.
  await startTask(fleet.client, told('clumsy-3', 'hear'), { agents: { clumsy } });
  expect(await fleet.handle('clumsy-3').result()).toMatchObject({ state: 'done', runs: 1 });
});

it('an agent that is not registered is refused at the border, and so are options that it does not take', async () => {
  const spec = { id: 'stranger', prompt: 'x', agent: { use: 'talker' }, outputs: [{ kind: 'file', path: 'x' }] } as const;
  await expect(startTask(fleet.client, spec)).rejects.toThrow('agent.use: "talker" is no agent');
  await expect(startTask(fleet.client, spec, { agents: { talker } })).rejects.toThrow(
    new TaskSpecRefused(['agent.options: first: missing; expected a list of lines']),
  );
});
