// Which Temporal server is ours, and how we reach it. The address, namespace, key and certificates come from
// Temporal's own environment variables and profile file, so whatever works for the `temporal` command works here.

import { connect } from 'node:net';
import { Client, type ClientOptions, Connection, isGrpcServiceError } from '@temporalio/client';
import { type ClientConnectConfig, loadClientConnectConfig } from '@temporalio/envconfig';

const DEFAULT_ADDRESS = '127.0.0.1:7233';
const CONNECT_MS = 3000;
const GRPC_NOT_FOUND = 5;

/** Where a server is expected. `options` fit `Connection.connect` and `NativeConnection.connect` alike. */
export interface ServerTarget {
  readonly address: string;
  readonly namespace: string;
  /** What named the address, for messages: `from TEMPORAL_ADDRESS`, `from the Temporal profile "x"`, `the default address`. */
  readonly from: string;
  /** True where nobody named an address. */
  readonly byDefault: boolean;
  readonly options: ClientConnectConfig['connectionOptions'] & { address: string };
}

export interface Connected {
  readonly client: Client;
  readonly connection: Connection;
  readonly namespace: string;
  readonly address: string;
  readonly from: string;
}

/** The profile file or an environment variable cannot be read as a connection. */
export class ConnectionSettingsError extends Error {
  readonly code = 'bad_connection_settings';
  override readonly name = 'ConnectionSettingsError';
}

/** No server took the call: nothing there, no answer within 3 s, refused credentials, or not our namespace. */
export class NoServerReachable extends Error {
  readonly code = 'no_server';
  override readonly name = 'NoServerReachable';
  /** A server is there and is not to be used; false where nothing answers. */
  readonly isThere: boolean;
  constructor(message: string, isThere: boolean) {
    super(message);
    this.isThere = isThere;
  }
}

/** Reads where the server is; opens nothing. Throws ConnectionSettingsError. */
export function connectionOptions(env: NodeJS.ProcessEnv = process.env): ServerTarget {
  const config = readSettings(env);
  const address = config.connectionOptions.address;
  const namespace = config.namespace ?? 'default';
  const options = { ...config.connectionOptions, address: address ?? DEFAULT_ADDRESS };
  return { address: options.address, namespace, from: sayWhere(env, address), byDefault: address === undefined, options };
}

function readSettings(env: NodeJS.ProcessEnv): ClientConnectConfig {
  try {
    return loadClientConnectConfig({ overrideEnvVars: withoutUndefined(env) });
  } catch (error) {
    throw new ConnectionSettingsError(
      `Temporal's connection settings cannot be read: ${sayError(error)}. Correct the TEMPORAL_* variables or the profile file (TEMPORAL_CONFIG_FILE).`,
    );
  }
}

function withoutUndefined(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

function sayWhere(env: NodeJS.ProcessEnv, address: string | undefined): string {
  if (address === undefined) return 'the default address';
  if (env['TEMPORAL_ADDRESS'] !== undefined) return 'from TEMPORAL_ADDRESS';
  return `from the Temporal profile "${env['TEMPORAL_PROFILE'] ?? 'default'}"`;
}

/**
 * Connects within about 3 s or throws NoServerReachable, which says what was tried and what to do. Close `connection` at
 * the end. `dataConverter` must be the one of the workers.
 */
export async function connectClient(
  target: ServerTarget = connectionOptions(),
  options: Pick<ClientOptions, 'dataConverter'> = {},
): Promise<Connected> {
  if (await isRefusedAtOnce(target.address)) throw unreachable(target, 'nothing listens there');
  const connection = Connection.lazy({ ...target.options, connectTimeout: CONNECT_MS });
  try {
    await connection.ensureConnected();
    await connection.withDeadline(Date.now() + CONNECT_MS, () =>
      connection.workflowService.describeNamespace({ namespace: target.namespace }),
    );
  } catch (error) {
    if (!isHiddenNamespace(error)) {
      await connection.close();
      throw isMissingNamespace(error) ? noNamespace(target) : unreachable(target, sayError(error));
    }
  }
  const { address, namespace, from } = target;
  return { client: new Client({ connection, namespace, ...options }), connection, namespace, address, from };
}

// gRPC itself would try again until the time is up; on this machine an empty port is known at once.
function isRefusedAtOnce(address: string): Promise<boolean> {
  const { host, port } = splitAddress(address);
  if (!LOOPBACK.has(host)) return Promise.resolve(false);
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 1000 });
    const answer = (refused: boolean) => {
      socket.destroy();
      resolve(refused);
    };
    socket.once('connect', () => answer(false));
    socket.once('timeout', () => answer(false));
    socket.once('error', () => answer(true));
  });
}

const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '::1']);

/** `host:port` apart; the port is Temporal's 7233 where none is named. */
export function splitAddress(address: string): { readonly host: string; readonly port: number } {
  const match = /^\[?(.+?)\]?(?::(\d+))?$/.exec(address);
  return { host: match?.[1] ?? address, port: Number(match?.[2] ?? 7233) };
}

/** An address on this very machine, where a server of our own could listen. */
export const isLoopback = (address: string): boolean => LOOPBACK.has(splitAddress(address).host);

const isMissingNamespace = (error: unknown): boolean => isGrpcServiceError(error) && error.code === GRPC_NOT_FOUND;

// A hosted server may hide namespaces from a key that is good for everything else.
function isHiddenNamespace(error: unknown): boolean {
  return isGrpcServiceError(error) && (error.code === GRPC_PERMISSION_DENIED || error.code === GRPC_UNIMPLEMENTED);
}
const GRPC_PERMISSION_DENIED = 7;
const GRPC_UNIMPLEMENTED = 12;

function unreachable(target: ServerTarget, why: string): NoServerReachable {
  return new NoServerReachable(
    `No Temporal server answers at ${target.address} (${target.from}): ${why}.\n` +
      'Start one here with `outlive up` or `docker compose up -d`, or name another: TEMPORAL_ADDRESS=host:7233.',
    false,
  );
}

function noNamespace(target: ServerTarget): NoServerReachable {
  return new NoServerReachable(
    `The server at ${target.address} (${target.from}) has no namespace "${target.namespace}".\n` +
      `Name another with TEMPORAL_NAMESPACE, or make it: temporal operator namespace create -n ${target.namespace}.`,
    true,
  );
}

function sayError(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return (cause instanceof Error ? cause.message : String(cause)).split('\n')[0] ?? '';
}
