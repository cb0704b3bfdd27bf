// From what was seen of a run's end to what it means: a good end, or a typed failure that fits into the history.

import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import type { Agents } from '../agents/agent.ts';
import { endingOf as readByAgent, rulesFor } from '../agents/index.ts';
import { classify } from '../domain/classify.ts';
import type { Ending } from '../domain/ending.ts';
import { type Evidence, type Failure, failureType, REASONS, type Reason } from '../domain/failure.ts';
import { completeness } from '../domain/output.ts';
import { isPart } from '../domain/plan.ts';
import type { Plan } from '../domain/plan-text.ts';
import type { Read } from '../domain/question.ts';
import { type RecordedEnding, recordEnding } from '../domain/recorded-ending.ts';
import type { Exit, RunFacts, StartPoint } from '../domain/run.ts';
import { cut, sayCompleteness } from '../domain/story.ts';
import type { Task } from '../domain/task.ts';
import { failureOf } from '../domain/verdict.ts';
import { hasProgress } from './look.ts';
import type { LastWords } from './words.ts';

export interface EndedRun {
  readonly agents: Agents;
  readonly task: Task;
  readonly exit: Exit;
  readonly words: LastWords;
  readonly facts: RunFacts;
  readonly start: StartPoint;
  /** There where it never came to an agent: what stood in the way. */
  readonly trouble?: Ending;
  /** There where it was to plan: what it wrote. */
  readonly plan?: Read<Plan>;
}

export type Report =
  | { readonly kind: 'finished'; readonly plan?: Plan }
  | { readonly kind: 'failed'; readonly failure: Failure; readonly recorded?: RecordedEnding };

/** A good end is one whose outputs are all there and whose checks are all green; every other end is classified. */
export function reportRun(ended: EndedRun): Report {
  const { agents, task, exit, words, facts, start, plan } = ended;
  const work = completeness(task, facts.seen);
  const endedWell = exit.exitCode === 0 && exit.endedBy === 'itself' && words.typed?.outcome !== 'failed';
  if (endedWell && plan) return plan.ok ? { kind: 'finished', plan: plan.value } : { kind: 'failed', failure: noPlan(plan.problem) };
  if (endedWell && work.kind === 'complete') return goodEnd(task, facts);
  const ending = readByAgent(endingOf(ended), agents);
  const progress = hasProgress(start, facts.seen);
  const told = failureOf(classify(ending, rulesFor(task.agent.use, agents)), progress) ?? unseen(sayCompleteness(work), progress);
  const unexplained = told.reason === 'unclassified' ? lastLines(words) : [];
  const failure: Failure = { ...told, evidence: [...told.evidence, ...unexplained, ...unreadable(words)] };
  const recorded = recordEnding(ending);
  return plain({ kind: 'failed', failure, ...(recorded ? { recorded } : {}) } as const);
}

/** Of a step only what is banked reaches the next one. */
function goodEnd(task: Task, { seen }: RunFacts): Report {
  if (!isPart(task) || seen.bank?.state !== 'failed') return { kind: 'finished' };
  return { kind: 'failed', failure: byOutputs('network_dropped', 'step_not_banked', { where: 'bank', value: seen.bank.evidence }, true) };
}

const noPlan = (problem: string): Failure => byOutputs('output_rejected', 'plan_refused', { where: 'plan', value: problem }, false);

function byOutputs(reason: Reason, rule: string, { where, value }: Evidence, progress: boolean): Failure {
  return { class: REASONS[reason].class, reason, basis: 'outputs', rule, evidence: [{ where, value: cut(value, 200) }], progress };
}

/** What nothing explains, a person has to read: the last line of each stream. */
function lastLines({ stderrTail, stdoutTail }: LastWords): Evidence[] {
  const last = (text: string) => cut(text.trimEnd().split('\n').at(-1)?.trim() ?? '', 200);
  const lines = [
    { where: 'stderr', value: last(stderrTail) },
    { where: 'stdout', value: last(stdoutTail) },
  ];
  return lines.filter(({ value }) => value !== '');
}

const unreadable = ({ unreadable }: LastWords): Evidence[] => (unreadable ? [{ where: 'result file', value: unreadable }] : []);

/** The process says good, and nobody could see whether that is so. */
function unseen(what: string, progress: boolean): Failure {
  return {
    class: 'unknown',
    reason: 'unclassified',
    basis: 'none',
    rule: 'good_end_unseen',
    evidence: [{ where: 'outputs', value: cut(what, 200) }],
    progress,
  };
}

function endingOf({ task, exit, words, facts, trouble }: EndedRun): Ending {
  const { repository, outputs, checks } = facts.seen;
  const work = completeness(task, facts.seen);
  // Without a word and without an event nobody can say that it was at work at all.
  const isGood = exit.exitCode === 0 && words.typed?.outcome !== 'failed' && !words.isMute;
  const missing = outputs.filter((output) => output.by === 'agent' && output.state !== 'present' && output.state !== 'unknown');
  const red = checks.filter((check) => check.state === 'red');
  return {
    agent: task.agent.use,
    at: facts.endedAt,
    endedBy: exit.endedBy,
    durationMs: exit.durationMs,
    ...(exit.exitCode === undefined ? {} : { exitCode: exit.exitCode }),
    ...(exit.signal === undefined ? {} : { signal: exit.signal }),
    ...(exit.notStarted === undefined ? {} : { notStarted: exit.notStarted }),
    ...(exit.oomKilled ? { oomKilled: exit.oomKilled } : {}),
    ...(exit.vanished === undefined ? {} : { vanished: exit.vanished }),
    ...(exit.unreadable === undefined ? {} : { unreadable: exit.unreadable }),
    ...(words.typed ? { typed: words.typed } : {}),
    ...(words.usage ? { usage: words.usage } : {}),
    ...(words.awaitsModel === undefined ? {} : { awaitsModel: words.awaitsModel }),
    stdoutTail: words.stdoutTail,
    stderrTail: words.stderrTail,
    ...(work.kind === 'complete' ? { landed: { commits: repository?.commits ?? 0, dirty: repository?.dirty ?? 0, complete: true } } : {}),
    ...(isGood && missing.length > 0
      ? { goodEndMissing: missing.map((output) => `${output.kind} ${output.state}: ${output.evidence}`) }
      : {}),
    ...(isGood && red.length > 0 ? { redChecks: red.map((check) => `${check.check}: ${check.words ?? ''}`) } : {}),
    ...trouble,
  };
}

const MAX_DETAIL_BYTES = 2048;

/** The failure as it leaves the host. The server never retries a run, so it is never retryable. */
export function failRun(n: number, failure: Failure, facts: RunFacts, recorded: RecordedEnding | undefined): ApplicationFailure {
  const [first] = failure.evidence;
  return ApplicationFailure.create({
    type: failureType(failure.reason),
    message: `run ${n} on ${facts.host}: ${first ? `${first.where}: ${first.value}` : failure.rule}${failure.progress ? '; it left work behind' : ''}`,
    nonRetryable: true,
    // A run that ends badly is everyday life here: the SDK's logs and metrics should not cry.
    category: ApplicationFailureCategory.BENIGN,
    details: [...fitted(failure, facts), ...(recorded ? [recorded] : [])],
  });
}

/** Details beyond the limit are cut where it hurts least: words of checks, then evidence, then what the outputs say. */
function fitted(failure: Failure, facts: RunFacts): [Failure, RunFacts] {
  for (const length of [600, 200, 120, 60, 30, 0]) {
    const shorter = shortened(failure, facts, length);
    if (Buffer.byteLength(JSON.stringify(shorter)) <= MAX_DETAIL_BYTES) return shorter;
  }
  return [
    { ...failure, evidence: failure.evidence.slice(0, 1) },
    { ...facts, seen: { ...facts.seen, outputs: [], checks: [] } },
  ];
}

function shortened(failure: Failure, facts: RunFacts, length: number): [Failure, RunFacts] {
  const { seen } = facts;
  return plain([
    {
      ...failure,
      evidence: failure.evidence.slice(0, 4).map(({ where, value }) => ({ where, value: cut(value, Math.max(60, Math.min(200, length))) })),
    },
    {
      ...facts,
      seen: {
        ...seen,
        outputs: seen.outputs.map((output) => ({ ...output, evidence: cut(output.evidence, Math.min(200, length)) })),
        checks: seen.checks.map((check) => (check.words ? { ...check, words: cut(check.words, length) } : check)),
      },
    },
  ]);
}

/** Only plain JSON may leave an activity: a detail that cannot be serialised takes the whole worker down. */
const plain = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;
