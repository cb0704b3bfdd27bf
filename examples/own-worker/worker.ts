// A worker of one's own: everything on this machine, until Ctrl-C.

import { connectionOptions, loadConfig } from 'outlive';
import { outlive } from './outlive.ts';

const stopping = new AbortController();
process.once('SIGINT', () => stopping.abort());
process.once('SIGTERM', () => stopping.abort());

await outlive.runWorker({
  hostId: process.env['HOST_ID'] ?? 'own-worker',
  pools: ['default'],
  capacity: 2,
  role: 'all',
  config: await loadConfig({ env: process.env, cwd: process.cwd() }),
  target: connectionOptions(process.env),
  env: process.env,
  onReady: ({ hostId }) => console.log(`ready host=${hostId}`),
  signal: stopping.signal,
});
