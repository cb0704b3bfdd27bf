// Has the SDK download the Temporal CLI into a folder; a process of its own, started by `download.ts`, because the
// SDK can neither report on a download nor give it up, and because its runtime is set for good by the first use.
// The SDK downloads only in order to start a server; that server is ended at once.
// Arguments: folder, version (`v1.2.3` or `default`). Sends the error to the parent, as text.

import { TestWorkflowEnvironment } from '@temporalio/testing';

// The group holds the server too, which would otherwise outlive a parent that is gone.
const endGroup = () => process.kill(-process.pid, 'SIGKILL');
process.on('disconnect', endGroup);
if (!process.connected) endGroup();

const [, , downloadDir = '', version = ''] = process.argv;
try {
  const environment = await TestWorkflowEnvironment.createLocal({
    server: { executable: { type: 'cached-download', downloadDir, version } },
  });
  await environment.teardown();
  process.exit(0);
} catch (error) {
  process.send?.(String(error), () => process.exit(1));
}
