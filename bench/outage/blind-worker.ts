// The worker of the blind retry: as many seats as Outlive's hosts have together, and the same agent.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';

Runtime.install({ logger: new DefaultLogger('ERROR') });
const connection = await NativeConnection.connect({ address: process.env['TEMPORAL_ADDRESS'] ?? '' });
const worker = await Worker.create({
  connection,
  taskQueue: 'blind',
  workflowsPath: fileURLToPath(new URL('./blind.ts', import.meta.url)),
  activities: {
    attempt: async () => {
      const [code] = await once(spawn('sh', ['-c', process.env['BENCH_AGENT'] ?? 'exit 1']), 'exit');
      if (code !== 0) throw new Error(`the agent ended with ${code}`);
    },
  },
  maxConcurrentActivityTaskExecutions: Number(process.env['BENCH_SEATS']),
});
const running = worker.run();
console.log('ready');
await running;
await connection.close();
