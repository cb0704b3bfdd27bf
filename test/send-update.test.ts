// An update that the server gave up before the workflow had it.

import { ServiceError, type WorkflowHandle } from '@temporalio/client';
import { describe, expect, it } from 'vitest';
import { sendUpdate } from '../src/send-update.ts';

const FAILED_PRECONDITION = 9;
const INTERNAL = 13;

const refused = (code: number): ServiceError =>
  new ServiceError('Workflow Update failed', { cause: Object.assign(new Error('refused'), { code, details: 'refused', metadata: {} }) });

/** Fails with each of these, one after the other, then answers. */
function handleThat(fails: readonly Error[]): { readonly handle: WorkflowHandle; readonly sent: { updateId: string; args: unknown }[] } {
  const sent: { updateId: string; args: unknown }[] = [];
  const executeUpdate = async (_: string, options: { updateId: string; args: unknown }) => {
    sent.push(options);
    const failure = fails[sent.length - 1];
    if (failure) throw failure;
    return 'done';
  };
  return { handle: { executeUpdate } as unknown as WorkflowHandle, sent };
}

describe('an update', () => {
  it('that the server gave up is sent again under the same id, so that it is never taken twice', async () => {
    const { handle, sent } = handleThat([refused(FAILED_PRECONDITION), refused(FAILED_PRECONDITION)]);
    expect(await sendUpdate(handle, 'stop', { why: 'enough' })).toBe('done');
    expect(sent).toHaveLength(3);
    expect(new Set(sent.map(({ updateId }) => updateId)).size).toBe(1);
    expect(sent.map(({ args }) => args)).toEqual([[{ why: 'enough' }], [{ why: 'enough' }], [{ why: 'enough' }]]);
  });

  it('that failed in any other way did so once', async () => {
    const { handle, sent } = handleThat([refused(INTERNAL)]);
    await expect(sendUpdate(handle, 'stop', {})).rejects.toThrow('Workflow Update failed');
    expect(sent).toHaveLength(1);
  });

  it('to a workflow whose tasks never succeed is given up in the end', async () => {
    const { handle, sent } = handleThat(Array.from({ length: 100 }, () => refused(FAILED_PRECONDITION)));
    await expect(sendUpdate(handle, 'stop', {})).rejects.toThrow('Workflow Update failed');
    expect(sent).toHaveLength(9);
  });
});
