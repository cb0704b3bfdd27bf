// Commands that need the server: connect, do it, close, whatever happens.

import type { WorkflowHandle } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/client';
import { loadConfig } from '../config.ts';
import { type Connected, connectClient, connectionOptions } from '../connection.ts';
import { loadDataConverter } from '../data-converter.ts';
import { taskWorkflowId } from '../domain/names.ts';
import { inWordsOfEncoding } from './encoded.ts';
import { CliError } from './errors.ts';
import type { Screen } from './screen.ts';

/** The longest an ordinary call may take before the server counts as gone. */
export const CALL_MS = 10_000;
/** The longest a living worker takes to answer a query or an update. */
export const WORKER_MS = 5000;

export async function withServer<T>(screen: Screen, use: (server: Connected) => Promise<T>): Promise<T> {
  const config = await loadConfig({ env: screen.env, cwd: process.cwd() });
  const dataConverter = await loadDataConverter(config);
  const server = await connectClient(connectionOptions(screen.env), { ...(dataConverter && { dataConverter }) });
  try {
    return await use(server);
  } catch (error) {
    throw inWordsOfEncoding(error, config);
  } finally {
    await server.connection.close();
  }
}

/** Runs calls that must be answered within `ms`. */
export const within = <T>({ client }: Pick<Connected, 'client'>, ms: number, calls: () => Promise<T>): Promise<T> =>
  client.withDeadline(Date.now() + ms, calls);

export const taskHandle = ({ client }: Pick<Connected, 'client'>, id: string): WorkflowHandle =>
  client.workflow.getHandle(taskWorkflowId(id));

/** An unknown id in the words of the CLI; every other error as it is. */
export function asNotFound(id: string, { address, namespace }: Connected): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    throw new CliError('not_found', `There is no task "${id}" at ${address}, namespace ${namespace}. \`outlive list\` shows all.`);
  };
}

/** Throws CliError where there is no such task, or it is closed and can no longer be `done` to. */
export async function openTask(server: Connected, id: string, done: 'answered' | 'stopped'): Promise<void> {
  const { closeTime } = await within(server, CALL_MS, () => taskHandle(server, id).describe()).catch(asNotFound(id, server));
  if (closeTime === undefined) return;
  throw new CliError('closed', `The task "${id}" is closed, so it cannot be ${done} any more. Its story: outlive show ${id}`);
}
