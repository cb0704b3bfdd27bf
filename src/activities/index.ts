// The activities of a worker, made from what the worker has. Control: what any worker can do. Host: what happens on this one.
import type { ControlActivities, HostActivities } from '../domain/contract.ts';
import { audience } from './audience.ts';
import { begin } from './begin.ts';
import { checkCredential } from './check-credential.ts';
import type { Deps, HostDeps } from './deps.ts';
import { finish } from './finish.ts';
import { notify } from './notify.ts';
import { readLog } from './read-log.ts';
import { reattachRun } from './reattach.ts';
import { release } from './release.ts';
import { runAgent } from './run-agent.ts';
import { settle } from './settle.ts';

export function createControlActivities(deps: Deps): ControlActivities {
  return {
    begin: (spec) => begin(deps, spec),
    settle: (input) => settle(deps, input),
    finish: (input) => finish(deps, input),
    checkCredential: (input) => checkCredential(deps, input),
    notify: (input) => notify(deps, input),
    audience: (input) => audience(deps, input),
    release: (input) => release(deps, input),
  };
}

export function createHostActivities(deps: HostDeps): HostActivities {
  return {
    runAgent: (input) => runAgent(deps, input),
    reattachRun: (input) => reattachRun(deps, input),
    readLog: (ask) => readLog(deps, ask),
    settle: (input) => settle(deps, input),
    finish: (input) => finish(deps, input),
    checkCredential: (input) => checkCredential(deps, input),
  };
}
