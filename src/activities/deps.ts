// What activities need from the worker that runs them.
import type { Client } from '@temporalio/client';
import type { Agents } from '../agents/agent.ts';
import type { Config } from '../config.ts';
import type { HealthDesk } from '../health-desk.ts';
import type { Claims } from '../host/claims.ts';
import type { CredentialChecks } from '../host/credential-check.ts';
import type { CredentialStore } from '../host/credentials.ts';
import type { Channel } from '../host/notice-channels.ts';
import type { Redact } from '../host/redact.ts';
import type { Seats } from '../host/seats.ts';
import type { RunDir } from '../host/state-dir.ts';
import type { Supervisors } from '../host/supervisors.ts';
import type { Log } from '../log.ts';
import type { OwnOutputs } from '../outputs/own.ts';
import type { Meters } from './meters.ts';

export interface Deps {
  /** This host's stable id. */
  readonly host: string;
  /** The host's state directory. */
  readonly state: string;
  readonly env: NodeJS.ProcessEnv;
  readonly config: Config;
  readonly client: Client;
  readonly agents: Agents;
  /** Outputs of the user's own. */
  readonly outputs: OwnOutputs;
  readonly credentials: CredentialStore;
  readonly checks: CredentialChecks;
  readonly meters: Meters;
  /** Of what many tasks share: hosts, credentials, providers. */
  readonly health: HealthDesk;
  /** Where notices go out. */
  readonly channels: readonly Channel[];
  /** The server has all of Outlive's search attributes. */
  readonly searchAttributes: boolean;
  /** Nothing that leaves the host goes around it. */
  readonly redact: Redact;
  readonly log: Log;
}

/** A worker that takes runs has these too. */
export interface HostDeps extends Deps {
  readonly stateId: string;
  readonly seats: Seats;
  readonly claims: Claims;
  readonly supervisors: Supervisors;
  /** Why this host takes no new run now, or undefined. */
  closedBecause(): string | undefined;
  /** What runs here were started with, for the host's self-test. */
  readonly programs: Set<string>;
  /** Sees to a run that no activity answers for any more. */
  leave(dir: RunDir): void;
}
