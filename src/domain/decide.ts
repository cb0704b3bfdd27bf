// stub of types, replaced below
import type { Evidence, Failure } from './failure.ts';
import type { Seen } from './output.ts';
import type { Choice } from './question.ts';
import type { RunRecord } from './run.ts';
import type { Task } from './task.ts';

export type DecisionKind = 'finish' | 'retry' | 'hold' | 'check' | 'enrich' | 'split' | 'ask' | 'stop';

export interface Decision {
  readonly v: 1;
  readonly kind: DecisionKind;
  readonly because: string;
  readonly afterMs?: number;
  readonly avoid?: readonly string[];
  readonly notes?: readonly string[];
  readonly ask?: { readonly text: string; readonly evidence: readonly Evidence[]; readonly choices: readonly Choice[] };
}

export interface Facts {
  readonly v: 1;
  readonly now: string;
  readonly task: Task;
  readonly n: number;
  readonly look: number;
  readonly failure: Failure;
  readonly seen: Seen;
  readonly runs: readonly RunRecord[];
  readonly granted: number;
  readonly hosts?: readonly string[];
}
