// The composition root: one process that serves the control queue, a host's queues, or both.

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import {
  bundleWorkflowCode,
  DefaultLogger,
  NativeConnection,
  Runtime,
  type RuntimeOptions,
  Worker,
  type WorkerOptions,
  type WorkflowBundleOption,
} from '@temporalio/worker';
import type { Deps } from './activities/deps.ts';
import { createControlActivities, createHostActivities } from './activities/index.ts';
import { createMeters } from './activities/meters.ts';
import type { Agents } from './agents/agent.ts';
import { AGENTS } from './agents/index.ts';
import { type Config, ConfigError } from './config.ts';
import type { ServerTarget } from './connection.ts';
import { loadDataConverter } from './data-converter.ts';
import { CONTROL_QUEUE, HEALTH_QUEUE, hostQueue, hostRunsQueue, poolQueue, workerIdentity } from './domain/names.ts';
import { sayError } from './domain/say-error.ts';
import { createHealthDesk, type HealthDesk } from './health-desk.ts';
import { createChecks } from './host/credential-check.ts';
import type { CredentialStore } from './host/credentials.ts';
import { lockHost } from './host/host-lock.ts';
import { channelsOf, type Notify } from './host/notice-channels.ts';
import { redactFor } from './host/redact.ts';
import { stateDir } from './host/state-dir.ts';
import { type HostRuntime, openHost } from './host-runtime.ts';
import { createLog, type Log } from './log.ts';
import type { OwnOutputs } from './outputs/own.ts';
import { loadAgents } from './registered-agents.ts';
import { loadOutputs } from './registered-outputs.ts';
import { runSlots } from './run-slots.ts';
import { ensureSearchAttributes } from './search-attributes.ts';
import { VERSION } from './version.ts';

export type Role = 'all' | 'control' | 'host';

export interface WorkerSettings {
  readonly hostId: string;
  readonly pools: readonly string[];
  /** Runs at once, whichever pool they come from. */
  readonly capacity: number;
  readonly role: Role;
  readonly config: Config;
  /** Agents of the user's own, beside Outlive's. */
  readonly agents?: Agents;
  /** Kinds of outputs of the user's own. */
  readonly outputs?: OwnOutputs;
  /** Told of questions, beside the channels of the configuration. */
  readonly notify?: Notify;
  /** Instead of the module that the configuration names. */
  readonly dataConverter?: DataConverter;
  readonly target: ServerTarget;
  readonly env: NodeJS.ProcessEnv;
  /** Called once every queue is polled. */
  readonly onReady: (ready: Ready) => void;
  /** Ends the worker: no new runs; living ones go on, and the next worker takes them up again. */
  readonly signal: AbortSignal;
  /** A bundle made before, for tests; left out: that of the build, or the workflows beside this file. */
  readonly workflowBundle?: { readonly codePath: string };
}

export interface Ready {
  readonly hostId: string;
  readonly pools: readonly string[];
  readonly role: Role;
  readonly identity: string;
  /** Why filters of `outlive list` are missing, where they are. */
  readonly warning?: string;
}

/** About half a megabyte for each: with ten thousand tasks that wait and come back, a control worker stays below a gigabyte (`npm run bench:held`). */
const CACHED_WORKFLOWS = 400;
/** For settles and finishes, which never wait: beside those of the runs that are taken up again, which are held as long as an agent works. */
const HOST_QUEUE_SEATS = 20;

/** Serves until `signal` is aborted, then resolves within about 10 s. Rejects where the server refuses the worker. */
export async function runWorker(settings: WorkerSettings): Promise<void> {
  const { hostId, role, target, signal } = settings;
  // A copy: each look into the living one is a call to the system, and every run looks through all of it.
  const env = { ...settings.env };
  const dataConverter = await converterOf(settings);
  const [agents, outputs] = await Promise.all([loadAgents(settings.config), loadOutputs(settings.config)]);
  const log = createLog(env);
  installRuntime(log, settings.config);
  const state = stateDir(hostId, env);
  const servesHost = role !== 'control';
  const identity = workerIdentity(hostId, process.pid, VERSION);
  const shared = { namespace: target.namespace, identity, ...(dataConverter && { dataConverter }) };
  const native = await NativeConnection.connect(target.options);
  const connection = Connection.lazy({ ...target.options });
  let unlock: (() => Promise<void>) | undefined;
  let host: HostRuntime | undefined;
  let health: HealthDesk | undefined;
  try {
    if (servesHost) unlock = await lockHost(state, hostId);
    const attributes = await ensureSearchAttributes(connection, target.namespace);
    const client = new Client({ connection, ...shared });
    health = createHealthDesk(client, settings.config.thresholds, log);
    const deps: Deps = {
      host: hostId,
      state,
      env,
      config: settings.config,
      agents: { ...AGENTS, ...agents, ...settings.agents },
      outputs: { ...outputs, ...settings.outputs },
      client,
      meters: createMeters(Runtime.instance().metricMeter),
      health,
      channels: channelsOf(settings.config.notify, env, settings.notify),
      searchAttributes: attributes.usable,
      redact: redactFor(env).with(namedSecrets(settings.config, env)),
      credentials: credentialStore(settings.config, env, target.namespace),
      // Asked again after a while, it is asked anew.
      checks: createChecks(settings.config.thresholds.recheckMs / 2),
      log,
    };
    host = servesHost ? await openHost(deps, settings) : undefined;
    const workflowBundle = role === 'host' ? undefined : await workflowsOf(settings.workflowBundle, dataConverter);
    const workers = await Promise.all(
      optionsOf(settings, deps, host, workflowBundle).map((options) => Worker.create({ ...options, connection: native, ...shared })),
    );
    await serve(workers, signal, () =>
      settings.onReady({ hostId, pools: settings.pools, role, identity, ...(attributes.why ? { warning: attributes.why } : {}) }),
    );
  } finally {
    await host?.close();
    await health?.stop();
    await connection.close();
    await native.close();
    await unlock?.();
  }
}

async function converterOf({ config, dataConverter }: WorkerSettings): Promise<DataConverter | undefined> {
  if (!dataConverter) return loadDataConverter(config);
  if (config.dataConverter === undefined) return dataConverter;
  throw new ConfigError([
    `${config.source}: dataConverter names ${config.dataConverter}, and the worker is given another one in code; expected one of them`,
  ]);
}

/** Their variables may have any name; one that says what it is makes the value known to what redacts. */
function namedSecrets({ forge, credentials }: Config, env: NodeJS.ProcessEnv): Record<string, string> {
  const variables = [...forge.tokenFrom, ...Object.values(credentials).flatMap((one) => (one.kind === 'env' ? [one.env] : []))];
  return Object.fromEntries(variables.flatMap((name) => (env[name] ? [[`${name}_SECRET`, env[name]]] : [])));
}

function credentialStore(
  { credentials: settings, hashKeyFrom, source }: Config,
  env: NodeJS.ProcessEnv,
  namespace: string,
): CredentialStore {
  const key = hashKeyFrom === undefined ? namespace : env[hashKeyFrom];
  if (key) return { settings, env, hashKey: key };
  throw new ConfigError([
    `${source}: hashKey names ${hashKeyFrom}, which is not set in the worker's environment; set it, or leave hashKey out`,
  ]);
}

function optionsOf(
  settings: WorkerSettings,
  deps: Deps,
  host: HostRuntime | undefined,
  workflowBundle: WorkflowBundleOption | undefined,
): WorkerOptions[] {
  const all = [...(workflowBundle ? controlOptions(deps, workflowBundle) : []), ...(host ? hostOptions(settings, host) : [])];
  return all.map((options) => ({ shutdownGraceTime: 0, shutdownForceTime: '9s', ...options }));
}

function controlOptions(deps: Deps, workflowBundle: WorkflowBundleOption): WorkerOptions[] {
  const workflows = { workflowBundle, maxCachedWorkflows: CACHED_WORKFLOWS, stickyQueueScheduleToStartTimeout: '2s' } as const;
  return [
    { ...workflows, taskQueue: CONTROL_QUEUE, activities: createControlActivities(deps), maxConcurrentLocalActivityExecutions: 50 },
    { ...workflows, taskQueue: HEALTH_QUEUE },
  ];
}

function hostOptions({ hostId, pools, capacity }: WorkerSettings, { deps, gate }: HostRuntime): WorkerOptions[] {
  const activities = createHostActivities(deps);
  const { runAgent } = activities;
  const others = { type: 'fixed-size', numSlots: 1 } as const;
  const tuner = {
    workflowTaskSlotSupplier: others,
    activityTaskSlotSupplier: runSlots(deps.seats, gate),
    localActivityTaskSlotSupplier: others,
    nexusTaskSlotSupplier: others,
  };
  // An earlier worker may have taken more runs than this one does.
  const living = Math.max(capacity, deps.seats.taken().length);
  return [
    { taskQueue: hostQueue(hostId), activities, maxConcurrentActivityTaskExecutions: HOST_QUEUE_SEATS + living },
    ...[hostRunsQueue(hostId), ...pools.map(poolQueue)].map((taskQueue) => ({ taskQueue, activities: { runAgent }, tuner })),
  ];
}

/** The bundle of the build where there is one; from source, or with converters that must be part of it, one is made at each start, for both queues. */
async function workflowsOf(
  given: WorkerSettings['workflowBundle'],
  { failureConverterPath, payloadConverterPath }: DataConverter = {},
): Promise<WorkflowBundleOption> {
  const beside = (name: string) => fileURLToPath(new URL(name, import.meta.url));
  const built = beside('./workflow-bundle.cjs');
  if (given) return given;
  const isPlain = failureConverterPath === undefined && payloadConverterPath === undefined;
  if (isPlain && existsSync(built)) return { codePath: built };
  return bundleWorkflowCode({
    workflowsPath: beside('./workflows'),
    logger: new DefaultLogger('WARN'),
    ...(failureConverterPath === undefined ? {} : { failureConverterPath }),
    ...(payloadConverterPath === undefined ? {} : { payloadConverterPath }),
  });
}

async function serve(workers: readonly Worker[], signal: AbortSignal, onReady: () => void): Promise<void> {
  const stop = () => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  const running = workers.map((worker) => worker.run());
  onReady();
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  try {
    await Promise.all(running);
  } finally {
    // One queue that died takes the others down with it: a worker that serves half of its queues looks alive and is not.
    stop();
    await Promise.allSettled(running);
    signal.removeEventListener('abort', stop);
  }
}

/** A queue of activities alone, and one of workflows alone, say so as a warning, each time. */
const EXPECTED = ['No workflows registered', 'No activities registered'];

let installed = false;
/** Once a process, and before anything else of the SDK. Signals are the caller's. Throws ConfigError where the metrics cannot be offered. */
function installRuntime(log: Log, { metrics, source }: Config): void {
  if (installed) return;
  const logger = new DefaultLogger('WARN', ({ level, message, meta }) => {
    if (!EXPECTED.some((start) => message.startsWith(start))) log[level === 'ERROR' ? 'error' : 'warn'](meta ?? {}, message);
  });
  const options = { logger, shutdownSignals: [] };
  if (metrics === undefined) Runtime.install(options);
  else offerMetrics(options, metrics, source);
  installed = true;
}

function offerMetrics(options: RuntimeOptions, bindAddress: string, source: string | undefined): void {
  try {
    Runtime.install({ ...options, telemetryOptions: { metrics: { prometheus: { bindAddress, countersTotalSuffix: true } } } });
  } catch (error) {
    throw new ConfigError([
      `${source}: metrics cannot be offered at ${bindAddress} (${sayError(error)}); each worker needs an address of its own`,
    ]);
  }
}
