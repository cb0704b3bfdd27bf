// The worker of the bare workflow: what a task is measured against.
import { fileURLToPath } from 'node:url';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';

Runtime.install({ logger: new DefaultLogger('ERROR') });
const connection = await NativeConnection.connect({ address: process.env['TEMPORAL_ADDRESS'] ?? '' });
const worker = await Worker.create({
  connection,
  taskQueue: 'bare',
  workflowsPath: fileURLToPath(new URL('./bare.ts', import.meta.url)),
  activities: { nothing: async () => {} },
  maxConcurrentActivityTaskExecutions: 50,
});
const running = worker.run();
console.log('ready');
await running;
await connection.close();
