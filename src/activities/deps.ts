// What activities need from the worker that runs them.
import type { Client } from '@temporalio/client';
import type { Config } from '../config.ts';
import type { Log } from '../log.ts';

export interface Deps {
  /** This host's stable id. */
  readonly host: string;
  /** The host's state directory. */
  readonly state: string;
  readonly env: NodeJS.ProcessEnv;
  readonly config: Config;
  readonly client: Client;
  /** The server has all of Outlive's search attributes. */
  readonly searchAttributes: boolean;
  readonly log: Log;
}
