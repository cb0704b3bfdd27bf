// A worker's host without a server: what its activities need, and a server of which a test says how it answers.

import { ActivityNotFoundError, WorkflowNotFoundError } from '@temporalio/client';
import type { ApplicationFailure } from '@temporalio/common';
import type { HostDeps } from '../../src/activities/deps.ts';
import { AGENTS } from '../../src/agents/index.ts';
import type { LateResult } from '../../src/domain/contract.ts';
import { createClaims } from '../../src/host/claims.ts';
import { redactFor } from '../../src/host/redact.ts';
import { createSeats } from '../../src/host/seats.ts';
import { DEFAULT_SETTINGS } from '../../src/schema/config.ts';

/** What the server says of a task: the activities that it waits for, or that there is none that waits. */
export type TaskAnswer = { readonly awaits: readonly string[] } | 'closed' | 'forgotten' | Error;

export interface TestServer {
  /** Of an activity that is failed by its task token. */
  token: 'known' | 'void' | Error;
  /** One after the other; the last one for ever. */
  task: readonly TaskAnswer[];
  /** What it was told, in order. */
  readonly failed: { readonly token: string; readonly failure: ApplicationFailure }[];
  readonly signals: { readonly workflowId: string; readonly runId: string; readonly name: string; readonly late: LateResult }[];
  /** How often it was asked for the task. */
  looks: number;
}

export interface TestHost {
  readonly deps: HostDeps;
  readonly server: TestServer;
  readonly warnings: string[];
}

export function hostIn(state: string): TestHost {
  const server: TestServer = { token: 'known', task: [{ awaits: [] }], failed: [], signals: [], looks: 0 };
  const warnings: string[] = [];
  const deps = {
    host: 'h1',
    state,
    stateId: 'state-1',
    env: process.env,
    config: DEFAULT_SETTINGS,
    agents: AGENTS,
    client: clientOf(server),
    searchAttributes: false,
    redact: redactFor({}),
    log: { info: () => undefined, warn: (_: unknown, words: string) => void warnings.push(words) },
    seats: createSeats(2),
    claims: createClaims(),
    closedBecause: () => undefined,
    leave: () => undefined,
  };
  return { deps: deps as unknown as HostDeps, server, warnings };
}

function clientOf(server: TestServer) {
  const fail = async (token: Uint8Array, failure: ApplicationFailure) => {
    if (server.token instanceof Error) throw server.token;
    if (server.token === 'void') throw new ActivityNotFoundError('not found');
    server.failed.push({ token: Buffer.from(token).toString(), failure });
  };
  const describe = async () => {
    const answer = server.task[Math.min(server.looks, server.task.length - 1)];
    server.looks += 1;
    if (answer instanceof Error) throw answer;
    if (answer === undefined || answer === 'forgotten') throw new WorkflowNotFoundError('no such workflow', 'task/fix-it', undefined);
    if (answer === 'closed') return { status: { name: 'TERMINATED' }, raw: {} };
    return { status: { name: 'RUNNING' }, raw: { pendingActivities: answer.awaits.map((activityId) => ({ activityId })) } };
  };
  const getHandle = (workflowId: string, runId: string) => ({
    describe,
    signal: async (name: string, late: LateResult) => void server.signals.push({ workflowId, runId, name, late }),
  });
  const plainly = (_: unknown, call: () => Promise<unknown>) => call();
  return { activity: { fail }, workflow: { getHandle }, withDeadline: plainly, withAbortSignal: plainly };
}
