import { describe, expect, it } from 'vitest';
import { pauseQueue } from '../../src/cli/task-queues.ts';

type Server = Parameters<typeof pauseQueue>[0];

/** No server of that age is to be had: it answers to the one call as gRPC does for every call that it does not know. */
const oldServer = {
  address: '127.0.0.1:7233',
  namespace: 'default',
  connection: {
    workflowService: {
      getSystemInfo: async () => ({ serverVersion: '1.28.1' }),
      updateTaskQueueConfig: async () => {
        const unknown = { code: 12, details: 'unknown method UpdateTaskQueueConfig', metadata: {} };
        throw Object.assign(new Error('12 UNIMPLEMENTED'), unknown);
      },
    },
  },
} as unknown as Server;

describe('a server that cannot pause a queue', () => {
  it('is named with its version, and with what to do instead', async () => {
    await expect(pauseQueue(oldServer, 'runs.default', { by: 'ana', why: 'x' })).rejects.toMatchObject({
      code: 'server_too_old',
      message: expect.stringMatching(
        /127\.0\.0\.1:7233 is 1\.28\.1 and cannot pause .* 1\.29 or newer\. Nothing was changed\. .*outlive drain HOST/,
      ),
    });
  });
});
