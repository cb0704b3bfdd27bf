// Outputs of the user's own: what a worker is given in code, or a module that outlive.yaml names.

import { taskBranch } from '../domain/names.ts';
import type { OutputReach, OwnOutput, Task } from '../domain/task.ts';
import { type OutputType, type Place, type ProbeAnswer, STRANDED } from './output-type.ts';

/** A kind of output. Its probe only looks, and says `unknown` where the look fails. */
export interface OwnOutputType {
  /** Who can see it: only the host that the run was on (its workspace), or everybody. Default world. */
  readonly reach?: OutputReach;
  /** Says what is wrong with the options of a task's output, or undefined. */
  refuse?(options: Readonly<Record<string, unknown>>): string | undefined;
  probe(asked: OwnAsked): Promise<ProbeAnswer>;
  /**
   * Finds it or makes it: it is called again after a crash, and must not make it twice; `key` is the same each time. What
   * it throws is tried again for a while, then a person is asked. Only for outputs that the world can see.
   */
  make?(asked: OwnAsked): Promise<ProbeAnswer>;
}

export type OwnOutputs = Readonly<Record<string, OwnOutputType>>;

/** What a probe or a make is told. */
export interface OwnAsked {
  readonly task: Task;
  readonly options: Readonly<Record<string, unknown>>;
  /** The same for this output of this task, for ever. */
  readonly key: string;
  /** The task's branch, and its newest commit as far as it is known. */
  readonly branch: string;
  readonly head?: string;
  /** The run's folder; there only for outputs that the host alone can see. */
  readonly workspace?: string;
  /** Aborted once nobody waits for the answer. */
  readonly signal: AbortSignal;
}

const PATIENCE_MS = 60_000;

export const own: OutputType<'own'> = {
  probe: (output, place) => {
    const type = typeOf(output, place);
    if (!type) return Promise.resolve({ state: 'unknown', evidence: noSuchType(output) });
    if (output.reach === 'host' && place.workspace === undefined) return Promise.resolve(STRANDED);
    return type.probe(asked(output, place));
  },
  make: (output, making) => {
    const type = typeOf(output, making);
    if (!type?.make) throw new Error(noSuchType(output));
    return type.make(asked(output, making));
  },
};

const typeOf = ({ name }: OwnOutput, { worker }: Place): OwnOutputType | undefined =>
  Object.hasOwn(worker.own, name) ? worker.own[name] : undefined;

const noSuchType = ({ name }: OwnOutput): string =>
  `this worker has no output named ${name}: register it there (createOutlive({outputs}), or outputs in outlive.yaml)`;

function asked(output: OwnOutput, { task, workspace, repository, kept, signal }: Place): OwnAsked {
  const { options, reach } = output;
  const head = repository?.head ?? kept?.head;
  const late = AbortSignal.timeout(PATIENCE_MS);
  return {
    task,
    options,
    key: `${task.id}/${task.outputs.indexOf(output) + 1}`,
    branch: taskBranch(task.id),
    ...(head === undefined ? {} : { head }),
    ...(reach === 'host' && workspace !== undefined ? { workspace } : {}),
    signal: signal ? AbortSignal.any([signal, late]) : late,
  };
}
