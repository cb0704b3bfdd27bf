import { loadConfig } from '../../config.ts';
import { connectClient, connectionOptions } from '../../connection.ts';
import { EXIT, type ExitCode } from '../errors.ts';
import type { Screen } from '../screen.ts';
import { serveWorker, type WorkerOptions } from '../serve-worker.ts';

/** A worker on a server that is there already. */
export async function worker(options: WorkerOptions, screen: Screen): Promise<ExitCode> {
  const config = await loadConfig({ file: options.config, env: screen.env, cwd: process.cwd() });
  const target = connectionOptions(screen.env);
  // The worker's own connection says less about why it cannot be made.
  await (await connectClient(target)).connection.close();
  await serveWorker(options, config, target, screen);
  return EXIT.ok;
}
