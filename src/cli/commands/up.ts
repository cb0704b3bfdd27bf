// Everything on one machine: the server that is reachable, else one of our own, and a worker.

import { join } from 'node:path';
import { loadConfig } from '../../config.ts';
import { connectClient, connectionOptions, isLoopback, NoServerReachable, type ServerTarget, splitAddress } from '../../connection.ts';
import { loadDataConverter } from '../../data-converter.ts';
import { isPortFree } from '../../dev-server/ports.ts';
import { type DevServer, startDevServer } from '../../dev-server.ts';
import { stateDir } from '../../host/state-dir.ts';
import { CliError, EXIT, type ExitCode } from '../errors.ts';
import { columns } from '../layout.ts';
import type { Screen } from '../screen.ts';
import { hostIdOf, serveWorker, type WorkerOptions } from '../serve-worker.ts';

const WEB_UI_PORT = 8233;

export async function up(options: WorkerOptions, screen: Screen): Promise<ExitCode> {
  const config = await loadConfig({ file: options.config, env: screen.env, cwd: process.cwd() });
  // The worker loads it itself; here, no server is made for one that cannot be.
  await loadDataConverter(config);
  const target = connectionOptions(screen.env);
  const unreachable = await whyUnreachable(target);
  if (!unreachable) {
    screen.say(`Using the server at ${target.address} (${target.from}).`);
    await serveWorker(options, config, target, screen, () => sayTry(screen));
    return EXIT.ok;
  }
  if (unreachable.isThere || !isLoopback(target.address)) throw unreachable;
  const server = await startOwn(target, stateDir(hostIdOf(options), screen.env), screen);
  try {
    const own = {
      address: server.address,
      namespace: server.namespace,
      from: 'started here',
      byDefault: false,
      options: { address: server.address },
    };
    await serveWorker(options, config, own, screen, () => sayTry(screen));
  } finally {
    await server.stop();
  }
  return EXIT.ok;
}

async function whyUnreachable(target: ServerTarget): Promise<NoServerReachable | undefined> {
  try {
    await (await connectClient(target)).connection.close();
    return undefined;
  } catch (error) {
    if (error instanceof NoServerReachable) return error;
    throw error;
  }
}

/** On the port where every other command looks for it, wherever that is free. */
async function startOwn(target: ServerTarget, folder: string, screen: Screen): Promise<DevServer> {
  const { port } = splitAddress(target.address);
  const isFree = await isPortFree(port);
  if (!isFree && !target.byDefault)
    throw new CliError('no_server', `${target.address} (${target.from}) is taken by something that is no Temporal server.`);
  const hasUiPort = await isPortFree(WEB_UI_PORT);
  const dbFile = join(folder, 'temporal.db');
  const server = await startDevServer({
    dbFile,
    logFile: join(folder, 'temporal.log'),
    env: screen.env,
    progress: (line) => screen.note(line),
    ...(isFree && { port }),
    ...(hasUiPort && { uiPort: WEB_UI_PORT }),
  }).catch((error: Error) => {
    throw new CliError('no_server', error.message);
  });
  screen.give({ server: { address: server.address, namespace: server.namespace, webUi: server.webUi, dbFile } });
  screen.say(
    columns([
      ['server', `${server.address}, data in ${dbFile}`],
      ['web ui', server.webUi ?? 'none'],
    ]),
  );
  if (!isFree)
    screen.note(screen.warnInk.yellow(`Port ${port} is taken, so tell every other command: export TEMPORAL_ADDRESS=${server.address}`));
  return server;
}

const sayTry = (screen: Screen): void =>
  screen.say(
    [
      '\nTry, in another terminal:',
      columns(
        [
          ['outlive submit task.yaml --wait', { text: 'start a task and follow it', paint: screen.ink.dim }],
          ['outlive list', { text: 'all tasks', paint: screen.ink.dim }],
          ['outlive show ID', { text: 'one task: its runs, evidence and decisions', paint: screen.ink.dim }],
        ],
        '  ',
      ),
    ].join('\n'),
  );
