// The ten ends of a real agent, told through Outlive: submitted, run, read, decided. The agent is the real one, its provider
// a test's. What is expected is the truth of the end, whatever the agent says of it.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { TaskStatus } from '../../src/domain/contract.ts';
import type { DecisionKind } from '../../src/domain/decision.ts';
import { STOP_UPDATE } from '../../src/domain/names.ts';
import type { AgentSpec } from '../../src/domain/task.ts';
import { endTree, findMarked } from '../../src/host/process-tree.ts';
import { listRunDirs, runMark, taskOfRunDir } from '../../src/host/state-dir.ts';
import { sendUpdate } from '../../src/send-update.ts';
import { startTask } from '../../src/start-task.ts';
import { type SmallFleet, startSmallFleet } from '../e2e/small-fleet.ts';
import { installed, type Pack } from './installed.ts';
import { type ModelRequest, type Provider, startProvider } from './provider/provider.ts';
import type { ScenarioName } from './provider/scenarios.ts';

export interface Place {
  /** Of the provider. */
  readonly origin: string;
  readonly home: string;
}

export interface RealAgent {
  readonly name: string;
  readonly pack: Pack;
  /** What becomes of its session when its program was killed: left out, the next run goes on with it. */
  readonly session?: 'is lost' | 'is bound to its run';
  setUp(place: Place): {
    readonly agent: AgentSpec | string;
    readonly env: Readonly<Record<string, string>>;
    /** Texts by their paths in its home. */
    readonly files?: Readonly<Record<string, string>>;
  };
  /** Where what can be known of this agent's end is something else than the truth. */
  readonly knows?: Partial<Record<Bad, Known>>;
}

type Bad = Exclude<ScenarioName, 'success' | 'stall_after_commit' | 'split'>;
export interface Known {
  readonly reason: string;
  readonly decision: DecisionKind;
}

const KNOWN: Readonly<Record<Bad, Known>> = {
  // What it was let in with is the test's own, of which no check can tell.
  rejected_key: { reason: 'credential_rejected', decision: 'retry' },
  rate_limited: { reason: 'rate_limited', decision: 'retry' },
  overloaded: { reason: 'provider_overloaded', decision: 'retry' },
  context_exceeded: { reason: 'context_window_exceeded', decision: 'split' },
  stall: { reason: 'provider_timeout', decision: 'retry' },
  reset_midstream: { reason: 'network_dropped', decision: 'retry' },
  refusal: { reason: 'refused', decision: 'ask' },
  no_work: { reason: 'output_rejected', decision: 'retry' },
};

/** Long enough for an agent that takes twenty seconds to start on a busy machine, and for the hidden retries of one that says nothing of them. */
const stallOf = (scenario: ScenarioName): string => (scenario === 'stall' ? '40s' : '150s');
const STORY_MS = 330_000;
const PATIENCE = { timeout: 270_000, interval: 200 };

/** Titles and summaries stall as well, and nobody waits for them. */
const isStalled = ({ status, isAside }: ModelRequest): boolean => status === 'stalled' && !isAside;

interface Story {
  readonly id: string;
  readonly provider: Provider;
  status(): Promise<TaskStatus>;
  /** Resolves once run 1 has its decision. */
  decided(): Promise<TaskStatus['runs'][number]>;
  stop(): Promise<void>;
}

export function tellStories(real: RealAgent): void {
  const { name, knows = {} } = real;
  let fleet: SmallFleet;
  let program: Awaited<ReturnType<typeof installed>>;
  let homes: string;

  beforeAll(async () => {
    program = await installed(real.pack);
    fleet = await startSmallFleet(`real-${name}`, { lease: '1m' });
    homes = mkdtempSync(join(tmpdir(), 'outlive-homes-'));
  }, 600_000);
  afterAll(async () => {
    await fleet?.stop();
    if (homes) rmSync(homes, { recursive: true, force: true });
  });

  async function tell(scenario: ScenarioName): Promise<Story> {
    const id = `${name}-${scenario.replaceAll('_', '-')}`;
    const provider = await startProvider(scenario);
    const home = join(homes, id);
    const { agent, env, files = {} } = real.setUp({ origin: provider.origin, home });
    mkdirSync(home, { recursive: true });
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(home, path)), { recursive: true });
      writeFileSync(join(home, path), text);
    }
    await startTask(fleet.client, {
      id,
      agent,
      prompt: 'Do the work, and commit it.',
      workspace: { repo: fleet.origin },
      outputs: [{ kind: 'commit' }, { kind: 'push' }],
      checks: [{ argv: ['test', '-f', 'done.txt'] }],
      limits: { perReason: 6, run: { wall: '3m', stall: stallOf(scenario) } },
      env: { HOME: home, PATH: `${program.bin}:${process.env['PATH']}`, ...env },
    });
    const status = () => fleet.status(id);
    return {
      id,
      provider,
      status,
      decided: () =>
        vi.waitFor(async () => {
          const [run] = (await status()).runs;
          if (!run?.decision || run.decision.kind === 'check')
            throw new Error(`run 1 of ${id} is not decided yet: ${JSON.stringify(await status())}`);
          return run;
        }, PATIENCE),
      stop: async () => {
        await sendUpdate(fleet.handle(id), STOP_UPDATE, { why: 'the test is over', by: 'the test' }).catch(() => undefined);
        await fleet
          .handle(id)
          .result()
          .catch(() => undefined);
        await provider.close();
        expect(await marksOf(id), 'processes left behind').toEqual([]);
      },
    };
  }

  const dirsOf = async (id: string) =>
    (await listRunDirs(join(fleet.folder, 'outlive', `real-${name}`))).filter((dir) => taskOfRunDir(dir) === id);
  const marksOf = async (id: string) => (await dirsOf(id)).flatMap((dir) => findMarked(runMark(dir)));

  describe(`the real ${name}`, () => {
    it(
      'that does the work is done after one run',
      async () => {
        const story = await tell('success');
        try {
          expect(await fleet.handle(story.id).result()).toMatchObject({ state: 'done', runs: 1 });
          const [run] = (await story.status()).runs;
          expect(run).toMatchObject({ outcome: 'finished', agentVersion: program.version, session: expect.stringMatching(/\S/) });
          expect(run?.usage).toMatchObject({ inputTokens: expect.any(Number), outputTokens: expect.any(Number) });
          expect(run?.usage?.incomplete).toBeUndefined();
          expect(fleet.commits(story.id)).toHaveLength(1);
        } finally {
          await story.stop();
        }
      },
      STORY_MS,
    );

    it.each(Object.keys(KNOWN) as Bad[])(
      'that meets %s ends in its true reason, and the right thing follows',
      async (scenario) => {
        const { reason, decision } = knows[scenario] ?? KNOWN[scenario];
        const story = await tell(scenario);
        try {
          // Before the stall is seen, so that the next run meets a provider that works.
          if (scenario === 'stall') {
            await vi.waitFor(() => expect(story.provider.requests.filter(isStalled)).toHaveLength(1), PATIENCE);
            story.provider.turnTo('success');
          }
          const run = await story.decided();
          expect({ reason: run.failure?.reason, decision: run.decision?.kind }, JSON.stringify(run)).toEqual({ reason, decision });
          if (scenario === 'stall') {
            expect(JSON.stringify(run.failure?.evidence)).toContain('stall');
            expect(await fleet.handle(story.id).result()).toMatchObject({ state: 'done', runs: 2 });
            const [, next] = (await story.status()).runs;
            if (real.session === 'is bound to its run') expect(next?.resumes).toBeUndefined();
            else expect(next?.resumes).toMatchObject({ id: run.session, host: `real-${name}` });
            if (real.session === undefined) expect(next?.session).toBe(run.session);
            else expect(next?.session).not.toBe(run.session);
            expect(fleet.commits(story.id)).toHaveLength(1);
          }
          if (scenario === 'rate_limited') {
            // The next run may have begun before that.
            story.provider.turnTo('success');
            expect(await fleet.handle(story.id).result()).toMatchObject({ state: 'done' });
            expect(fleet.commits(story.id)).toHaveLength(1);
          }
        } finally {
          await story.stop();
        }
      },
      STORY_MS,
    );

    it(
      'for which the task is too large plans it, and works it step by step',
      async () => {
        const story = await tell('split');
        try {
          expect(await fleet.handle(story.id).result(), JSON.stringify(await story.status())).toMatchObject({ state: 'done', runs: 4 });
          const { plan, runs } = await story.status();
          expect(plan?.steps.map(({ title, state }) => [title, state])).toEqual([
            ['one', 'done'],
            ['two', 'done'],
          ]);
          expect(runs.map(({ decision }) => decision?.kind)).toEqual(['split', undefined, undefined, undefined]);
          expect(fleet.commits(story.id)).toHaveLength(2);
        } finally {
          await story.stop();
        }
      },
      STORY_MS,
    );

    it(
      'that is killed after its commit needs no second run',
      async () => {
        const story = await tell('stall_after_commit');
        try {
          await vi.waitFor(() => expect(story.provider.requests.filter(isStalled)).toHaveLength(1), PATIENCE);
          for (const dir of await dirsOf(story.id)) await endTree({ mark: runMark(dir), graceMs: 0 });
          expect(await fleet.handle(story.id).result()).toMatchObject({ state: 'done', runs: 1 });
          const run = await story.decided();
          expect(run).toMatchObject({ failure: { reason: 'crashed_after_output' }, decision: { kind: 'finish' } });
          expect(fleet.commits(story.id)).toHaveLength(1);
        } finally {
          await story.stop();
        }
      },
      STORY_MS,
    );
  });
}
