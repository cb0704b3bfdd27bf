// A namespace of its own on the shared server, and bare workers in it, for tests that need no whole host.

import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import { inject, vi } from 'vitest';
import { CONTROL_QUEUE, HEALTH_QUEUE } from '../../src/domain/names.ts';

export interface OwnNamespace {
  readonly client: Client;
  readonly address: string;
  /** Moves workflows on. */
  startControl(): Promise<Ending>;
  /** Takes activities from one queue, as whoever `identity` names. */
  startPoller(taskQueue: string, identity: string, activities: NonNullable<WorkerOptions['activities']>): Promise<Ending>;
  /** Ends every worker that still runs. */
  close(): Promise<void>;
}

/** May be called again. */
export type Ending = () => Promise<void>;

export async function ownNamespace(name: string): Promise<OwnNamespace> {
  const namespace = `${name}-${process.pid}`;
  const address = inject('temporalAddress');
  const connection = await Connection.connect({ address });
  await connection.workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: { seconds: 86_400 as never } });
  // Known to one part of the server is not known to all of them.
  await vi.waitFor(() => connection.workflowService.listWorkflowExecutions({ namespace }), { timeout: 30_000, interval: 200 });
  const endings: Ending[] = [];
  const start = async (options: WorkerOptions): Promise<Ending> => {
    const native = await NativeConnection.connect({ address });
    const worker = await Worker.create({ ...options, connection: native, namespace });
    const running = worker.run();
    let ended: Promise<void> | undefined;
    const end = async () => {
      worker.shutdown();
      await running;
      await native.close();
    };
    endings.push(() => (ended ??= end()));
    return () => (ended ??= end());
  };
  return {
    client: new Client({ connection, namespace }),
    address,
    startControl: async () => {
      const workflowBundle = { codePath: inject('workflowBundlePath') };
      const ends = await Promise.all([CONTROL_QUEUE, HEALTH_QUEUE].map((taskQueue) => start({ taskQueue, workflowBundle })));
      return async () => {
        await Promise.all(ends.map((end) => end()));
      };
    },
    startPoller: (taskQueue, identity, activities) => start({ taskQueue, identity, activities }),
    close: async () => {
      await Promise.all(endings.map((end) => end()));
      await connection.close();
    },
  };
}
