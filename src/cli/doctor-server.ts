// What the server has of what tasks need: that it answers, search attributes, and workers that poll.

import proto from '@temporalio/proto';
import { type Connected, connectClient, type ServerTarget } from '../connection.ts';
import { CONTROL_QUEUE, poolQueue } from '../domain/names.ts';
import { haveSearchAttributes } from '../search-attributes.ts';
import { type Finding, versionOf } from './doctor-machine.ts';
import { CALL_MS, within } from './server.ts';

const { TaskQueueType } = proto.temporal.api.enums.v1;
const POOL = 'default';

export async function serverFindings(target: ServerTarget, env: NodeJS.ProcessEnv): Promise<readonly Finding[]> {
  let server: Connected;
  try {
    server = await connectClient(target);
  } catch (error) {
    const [found = '', ...todo] = (error as Error).message.split('\n');
    return [{ name: 'server', state: 'bad', found, todo: todo.join(' ') }, await ownServer(env)];
  }
  try {
    return [await version(server), await attributes(server), ...(await workers(server))];
  } finally {
    await server.connection.close();
  }
}

/** Asked only where there is none: whether `outlive up` could make one. */
async function ownServer(env: NodeJS.ProcessEnv): Promise<Finding> {
  const name = 'dev server';
  const temporal = await versionOf('temporal', ['--version'], env);
  if (temporal !== undefined) return { name, state: 'ok', found: `\`outlive up\` can start one: temporal ${temporal} is on PATH` };
  const go = await versionOf('go', ['version'], env);
  if (go !== undefined)
    return { name, state: 'ok', found: `\`outlive up\` can start one, and build it first where it must: go ${go} is on PATH` };
  const todo = 'Install the Temporal CLI or Go; without them `outlive up` needs its cache of an earlier time or a download.';
  return { name, state: 'warn', found: 'neither `temporal` nor `go` is on PATH', todo };
}

async function version(server: Connected): Promise<Finding> {
  const info = await within(server, CALL_MS, () => server.connection.workflowService.getSystemInfo({}));
  const found = `Temporal ${info.serverVersion} at ${server.address} (${server.from}), namespace ${server.namespace}`;
  return { name: 'server', state: 'ok', found };
}

async function attributes({ connection, namespace }: Connected): Promise<Finding> {
  const { usable, why } = await haveSearchAttributes(connection, namespace);
  if (usable) return { name: 'search attributes', state: 'ok', found: 'all are there' };
  const todo = 'A worker makes the missing ones when it starts; one of another type must be removed by hand.';
  return { name: 'search attributes', state: 'warn', found: why ?? '', todo };
}

async function workers(server: Connected): Promise<readonly Finding[]> {
  const control = await pollers(server, CONTROL_QUEUE, TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW);
  const hosts = await pollers(server, poolQueue(POOL), TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY);
  const start = 'Start one: `outlive worker`, or `outlive up` for everything on this machine.';
  return [
    control.length > 0
      ? { name: 'control', state: 'ok', found: control.join(', ') }
      : { name: 'control', state: 'bad', found: 'no worker moves tasks on', todo: start },
    hosts.length > 0
      ? { name: `pool ${POOL}`, state: 'ok', found: hosts.join(', ') }
      : { name: `pool ${POOL}`, state: 'warn', found: 'no host takes its runs', todo: start },
  ];
}

/** Who polls, by identity; the server remembers one for some minutes after it is gone. */
async function pollers(server: Connected, name: string, taskQueueType: number): Promise<readonly string[]> {
  const answer = await within(server, CALL_MS, () =>
    server.connection.workflowService.describeTaskQueue({ namespace: server.namespace, taskQueue: { name }, taskQueueType }),
  );
  return [...new Set((answer.pollers ?? []).map(({ identity }) => identity ?? ''))].sort();
}
