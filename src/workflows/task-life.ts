// What the workflow remembers of its task, and how it tells people: the status query, the current details of the
// Web UI, and the search attributes where they exist. State in, words out; it awaits nothing.

import { setCurrentDetails, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { AnswerRecord, Begun, Hold, Made, RunStatus, Settled, TaskResult, TaskState, TaskStatus, Timing } from '../domain/contract.ts';
import type { Ask, Decision } from '../domain/decide.ts';
import { detailsOf } from '../domain/details.ts';
import { type FailureType, failureType } from '../domain/failure.ts';
import { SEARCH_ATTRIBUTES } from '../domain/names.ts';
import type { Seen } from '../domain/output.ts';
import type { Answer, Question, Stop } from '../domain/question.ts';
import type { RunRecord, StartPoint } from '../domain/run.ts';
import { cut } from '../domain/story.ts';
import type { Limits, Task, TaskSpec } from '../domain/task.ts';

/** Names a person who answered without saying who they are. */
const SOMEBODY = 'somebody';

export class TaskLife {
  task!: Task;
  timing!: Timing;
  seen: Seen;
  start: StartPoint = { kind: 'base' };
  readonly runs: RunRecord[] = [];
  /** How often the end of the newest run has been looked at since a person last spoke. */
  look = 0;
  granted = 0;
  question: Question | undefined;
  answer: Answer | undefined;
  stopped: Stop | undefined;
  /** The commit that Outlive knows to stand on the task's branch. */
  published: string | undefined;
  /** What the newest run itself saw at its end; undefined where it could not report. */
  reported: Seen | undefined;

  private state: TaskState = 'running';
  private heldSince: Hold | undefined;
  private waitedMs = 0;
  private result: TaskResult | undefined;
  private hasAttributes = false;
  /** What the search attributes say now; those of the start are free, every change costs an event. */
  private saidAttributes = attributeValues('running', 1, []);
  private questions = 0;
  private readonly decisions = new Map<number, Decision>();
  private readonly answers: AnswerRecord[] = [];
  private readonly refused: string[] = [];
  private readonly id: string;
  private readonly title: string;

  constructor(spec: TaskSpec) {
    // A raw client may have sent anything at all; `begin` refuses it, and until then the status must not throw.
    this.id = typeof spec?.id === 'string' ? spec.id : workflowInfo().workflowId;
    this.title = typeof spec?.title === 'string' ? spec.title : this.id;
    this.seen = { at: now(), outputs: [], checks: [], goodEnd: false };
  }

  begin(begun: Begun): void {
    this.task = begun.task;
    this.timing = begun.timing;
    this.seen = begun.seen;
    this.start = begun.start;
    this.published = begun.start.kind === 'bank' ? begun.start.head : undefined;
    this.hasAttributes = begun.searchAttributes;
    this.tell();
  }

  /** What the first run is told where the task's branch is already at the origin. */
  beginNotes(): string[] {
    return this.start.kind === 'bank'
      ? [
          `The branch of this task already exists with earlier work (${this.start.head.slice(0, 10)}). Verify it first, then do only the rest.`,
        ]
      : [];
  }

  startRun(): RunRecord {
    const run: RunRecord = { n: this.runs.length + 1, agent: this.task.agent.use, startedAt: now() };
    this.runs.push(run);
    this.look = 0;
    this.enter('running');
    return run;
  }

  endRun(run: RunRecord, end: Partial<RunRecord>): void {
    this.runs[run.n - 1] = { endedAt: now(), ...run, ...end };
    this.tell();
  }

  isUnsettled(): boolean {
    const last = this.runs.at(-1);
    return last !== undefined && last.outcome !== 'finished' && !this.decisions.has(last.n);
  }

  settled({ seen, start, failure, decision }: Settled): void {
    this.seen = seen;
    this.start = start;
    const run = this.runs.at(-1);
    if (run) {
      this.runs[run.n - 1] = { ...run, failure };
      this.decisions.set(run.n, decision);
    }
    this.tell();
  }

  hold(ms: number, because: string): void {
    const since = now();
    this.heldSince = { for: 'time', since, until: new Date(Date.now() + ms).toISOString(), owner: this.task.owner, because };
    this.enter('held');
  }

  release(): void {
    this.addWait(this.heldSince?.since);
    this.heldSince = undefined;
    this.enter('running');
  }

  ask(ask: Ask): void {
    this.questions += 1;
    this.question = { id: `q${this.questions}`, ...ask, owner: this.task.owner, askedAt: now() };
    this.enter('asking');
  }

  /** The first answer wins; the question is closed from here on. */
  accept(answer: Answer): AnswerRecord {
    const record: AnswerRecord = {
      question: answer.question ?? '',
      choice: answer.choice,
      by: answer.by ?? SOMEBODY,
      at: now(),
      ...(answer.note ? { note: answer.note } : {}),
    };
    this.answers.push(record);
    this.addWait(this.question?.askedAt);
    this.question = undefined;
    this.answer = answer;
    return record;
  }

  takeAnswer(): Answer {
    const answer = this.answer;
    if (!answer) throw new Error('no answer to take');
    this.answer = undefined;
    this.enter('running');
    return answer;
  }

  /** What people said with a `retry` holds for every later run: one that dies must not lose what made its inputs others. */
  personNotes(): string[] {
    return this.answers.flatMap(({ choice, note }) => (choice === 'retry' && note ? [`A person says: ${note}`] : []));
  }

  /** What to tell somebody who answers after somebody else did. */
  answeredBefore(): string | undefined {
    const last = this.answers.at(-1);
    return last ? `question ${last.question} was answered "${last.choice}" by ${last.by} at ${last.at}; no question is open` : undefined;
  }

  refuse(problem: string): void {
    // A flood of bad signals must not grow the status without bound.
    if (this.refused.length < 20) this.refused.push(`${now()} ${cut(problem, 200)}`);
  }

  limit(limits: Limits): void {
    this.task = { ...this.task, limits };
  }

  finishing(): void {
    this.state = 'finishing';
    this.tell();
  }

  made(index: number, { seen, made }: Made): void {
    this.seen = { ...this.seen, outputs: this.seen.outputs.map((output, at) => (at === index ? seen : output)) };
    this.published = made ?? this.published;
    this.tell();
  }

  end(state: TaskResult['state'], because: string): TaskResult {
    const reasons: Partial<Record<FailureType, number>> = {};
    for (const { failure } of this.runs) {
      if (failure) reasons[failureType(failure.reason)] = (reasons[failureType(failure.reason)] ?? 0) + 1;
    }
    if (this.question) this.addWait(this.question.askedAt);
    if (this.heldSince) this.addWait(this.heldSince.since);
    this.question = undefined;
    this.heldSince = undefined;
    this.state = state;
    this.result = {
      id: this.id,
      state,
      because,
      runs: this.runs.length,
      reasons,
      waitedMs: this.waitedMs,
      outputs: this.seen.outputs,
      ...(this.isUnchecked() ? { unchecked: true } : {}),
    };
    this.tell();
    // A clean first run told nothing, and there is nothing to correct; any other end is worth its event.
    const last = this.runs.at(-1);
    if (this.runs.length !== 1 || last?.failure) this.publish();
    return this.result;
  }

  status(): TaskStatus {
    return {
      id: this.id,
      title: this.task?.title ?? this.title,
      state: this.state,
      owner: this.task?.owner ?? '',
      ...(this.isUnchecked() ? { unchecked: true } : {}),
      runs: this.runs.map((run) => this.runStatus(run)),
      outputs: this.seen.outputs,
      ...(this.heldSince ? { hold: this.heldSince } : {}),
      ...(this.question ? { question: this.question } : {}),
      answers: this.answers,
      refused: this.refused,
      ...(this.result ? { result: this.result } : {}),
    };
  }

  /** Summaries stand in the timeline; the server takes 400 bytes. */
  summary(text: string): string {
    return cut(text, 120);
  }

  private runStatus({ entered: _, ...run }: RunRecord): RunStatus {
    const decision = this.decisions.get(run.n);
    if (!decision) return run;
    const { kind, because, afterMs } = decision;
    return { ...run, decision: { kind, because, ...(afterMs === undefined ? {} : { afterMs }) } };
  }

  private enter(state: TaskState): void {
    this.state = state;
    this.tell();
    this.publish();
  }

  private addWait(since: string | undefined): void {
    if (since) this.waitedMs += Date.now() - Date.parse(since);
  }

  private isUnchecked(): boolean {
    return this.task !== undefined && this.task.checks.length === 0;
  }

  private tell(): void {
    setCurrentDetails(detailsOf(this.status()));
  }

  private publish(): void {
    const values = attributeValues(this.state, this.runs.length, this.runs);
    if (!this.hasAttributes || sameValues(values, this.saidAttributes)) return;
    this.saidAttributes = values;
    const { state, runs, reason, host } = SEARCH_ATTRIBUTES;
    upsertSearchAttributes([
      { key: state, value: values.state },
      { key: runs, value: values.runs },
      ...(values.reason ? [{ key: reason, value: values.reason }] : []),
      ...(values.host ? [{ key: host, value: values.host }] : []),
    ]);
  }
}

type AttributeValues = { state: string; runs: number; reason: string | undefined; host: string | undefined };

/** A run that has just begun has neither a reason nor a host: the newest that is known stands. */
function attributeValues(state: TaskState, count: number, runs: readonly RunRecord[]): AttributeValues {
  const reason = runs.findLast((run) => run.failure)?.failure?.reason;
  return { state, runs: count, reason: reason && failureType(reason), host: runs.findLast((run) => run.host)?.host };
}

const sameValues = (a: AttributeValues, b: AttributeValues): boolean =>
  a.state === b.state && a.runs === b.runs && a.reason === b.reason && a.host === b.host;

const now = (): string => new Date(Date.now()).toISOString();
