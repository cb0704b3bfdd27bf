// What the workflow remembers of its task, and how it tells people: the status query, the current details of the
// Web UI, and the search attributes where they exist. State in, words out; it awaits nothing.

import { setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import type { AnswerRecord, Begun, LateResult, Made, Settled, TaskResult, TaskState, TaskStatus, Timing } from '../domain/contract.ts';
import type { CredentialChecked } from '../domain/credential.ts';
import type { Ask, Decision, LateAnswer } from '../domain/decision.ts';
import { detailsOf } from '../domain/details.ts';
import { failureType } from '../domain/failure.ts';
import { keptAtStart, keptBy } from '../domain/kept.ts';
import { ledgersOf } from '../domain/ledgers.ts';
import { taskBranch } from '../domain/names.ts';
import type { Attention } from '../domain/notice.ts';
import type { Banked, Seen } from '../domain/output.ts';
import { beginPlan, isPart, nextStep, type PlanState, taskOfStep, withStepsDone } from '../domain/plan.ts';
import type { Plan } from '../domain/plan-text.ts';
import type { Answer, Stop } from '../domain/question.ts';
import { nextStart, type RunRecord, type StartPoint } from '../domain/run.ts';
import { taskResult, taskStatus } from '../domain/status.ts';
import { cut } from '../domain/story.ts';
import type { Task, TaskSpec } from '../domain/task.ts';
import { People } from './people.ts';
import { SaidAttributes } from './said-attributes.ts';
import type { Step } from './step.ts';
import { Waits } from './waits.ts';

export class TaskLife {
  task!: Task;
  timing!: Timing;
  attention: Attention | undefined;
  start: StartPoint = { kind: 'base' };
  readonly runs: RunRecord[] = [];
  /** How often the end of the newest run has been looked at since a person last spoke. */
  look = 0;
  granted = 0;
  /** What the first run is told of work from before it. */
  notes: readonly string[] = [];
  readonly people = new People();
  readonly waits = new Waits();
  stopped: Stop | undefined;
  /** Something came to light about the newest run after its end was looked at. */
  newEvidence = false;
  /** The commit that Outlive knows to stand on the task's branch. */
  published: string | undefined;
  /** What the newest run itself saw at its end; undefined where it could not report. */
  reported: Seen | undefined;
  /** There once the task was split. */
  plan: PlanState | undefined;
  /** What the check of the credential said about the newest run's end. */
  credential: CredentialChecked | undefined;
  /** The work that a person approved: its newest commit, or a word for work without one. */
  approved: string | undefined;
  /** What a person answered so late that everything is looked at before it is done. */
  answered: LateAnswer | undefined;
  /** Places in `task.outputs` of those that a person took as they stand. */
  readonly adopted = new Set<number>();
  /** Places in `task.outputs` of those that were tried to be made. */
  readonly tried = new Set<number>();

  private lastSeen: Seen;
  private bank: Banked | undefined;
  private state: TaskState = 'running';
  private result: TaskResult | undefined;
  private readonly attributes = new SaidAttributes();
  private readonly decisions = new Map<number, Decision>();
  private readonly id: string;
  private readonly title: string;

  constructor(spec: TaskSpec) {
    // A raw client may have sent anything at all; `begin` refuses it, and until then the status must not throw.
    this.id = typeof spec?.id === 'string' ? spec.id : workflowInfo().workflowId;
    this.title = typeof spec?.title === 'string' ? spec.title : this.id;
    this.lastSeen = { at: now(), outputs: [], checks: [], goodEnd: false };
  }

  begin(begun: Begun): void {
    this.task = begun.task;
    this.timing = begun.timing;
    this.attention = begun.attention;
    this.seen = begun.seen;
    this.start = begun.start;
    this.notes = begun.notes ?? [];
    this.bank = keptAtStart(begun.start);
    this.published = this.bank?.ref === `refs/heads/${taskBranch(begun.task.id)}` ? this.bank.head : undefined;
    this.attributes.begin(begun.searchAttributes, begun.task.owner);
    this.tell();
  }

  /** What the newest run, or the next one, is to do: the task, or a step of it. */
  get working(): Task {
    return this.plan ? taskOfStep(this.task, this.plan, ledgersOf(this.runs, this.task.limits)) : this.task;
  }

  get seen(): Seen {
    return this.lastSeen;
  }

  set seen(seen: Seen) {
    // A step shows nothing of what the whole task owes.
    this.lastSeen = this.task && isPart(this.working) ? { ...seen, outputs: this.lastSeen.outputs, checks: [] } : seen;
    this.bank = keptBy(seen) ?? this.bank;
  }

  startRun({ resume, enriched, plans }: Pick<Extract<Step, { kind: 'run' }>, 'resume' | 'enriched' | 'plans'>): RunRecord {
    const { costUsd } = this.working.limits.run;
    const run: RunRecord = {
      n: this.runs.length + 1,
      agent: this.task.agent.use,
      startedAt: now(),
      ...(resume ? { resumes: resume } : {}),
      ...(enriched ? { enriched } : {}),
      ...(plans ? { plans } : {}),
      ...(this.plan ? { step: this.plan.at } : {}),
      ...(costUsd === undefined ? {} : { capUsd: costUsd }),
    };
    this.runs.push(run);
    this.look = 0;
    this.newEvidence = false;
    this.credential = undefined;
    this.enter('running');
    return run;
  }

  /** A good end: whatever follows goes on from what it left. */
  goOn(): void {
    this.start = nextStart(this.start, this.seen.bank, this.seen.repository);
  }

  split(plan: Plan): void {
    this.plan = beginPlan(plan, headOf(this.start));
    this.tell();
  }

  /** The next step begins with what there is now. */
  stepDone(isAdopted: boolean): void {
    if (!this.plan) return;
    this.plan = nextStep(this.plan, headOf(this.start), isAdopted);
    this.lastSeen = { ...this.lastSeen, outputs: withStepsDone(this.lastSeen.outputs, this.plan) };
    this.tell();
  }

  /** The run has lost its activity, and is being taken up again there. */
  reattach(n: number, host: string): void {
    const run = this.runs[n - 1];
    if (run) this.runs[n - 1] = { ...run, host, reattached: (run.reattached ?? 0) + 1 };
    this.tell();
  }

  endRun(run: RunRecord, end: Partial<RunRecord>): void {
    this.runs[run.n - 1] = { endedAt: now(), ...run, ...this.runs[run.n - 1], ...end };
    this.tell();
  }

  /** The run that was to begin never did: its number is free again, and what follows is decided anew. */
  withdrawRun(because: string): void {
    this.runs.pop();
    this.look = 0;
    if (!this.newEvidence) this.answered = { kind: 'retry', because };
    this.newEvidence = false;
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

  /** `incident`: the scope of the one whose end is waited for. */
  hold(ms: number, because: string, incident?: string): void {
    this.waits.begin(ms, because, this.task.owner, incident);
    this.enter('held');
  }

  release(): void {
    this.waits.end();
    this.enter('running');
  }

  ask(ask: Ask): void {
    this.people.ask(ask, this.task.owner);
    this.enter('asking');
  }

  escalate(owner: string): void {
    this.people.escalate(owner);
    this.enter('asking');
  }

  untold(): void {
    this.people.untold += 1;
    this.tell();
  }

  accept(answer: Answer): AnswerRecord {
    this.waits.add(this.people.question?.askedAt);
    return this.people.accept(answer);
  }

  takeAnswer(): Answer {
    const answer = this.people.takeAnswer();
    this.enter('running');
    return answer;
  }

  /** How a run ended that had been given up. Evidence for the next look; it never interrupts a living run. */
  lateResult({ n, facts, failure }: LateResult): void {
    const run = this.runs[n - 1];
    if (run?.outcome !== 'lost') {
      this.people.refuse(`late result of run ${n}, which was not given up`);
      return;
    }
    const { usage } = facts;
    const late = { at: now(), ended: failure ? failureType(failure.reason) : 'finished' } as const;
    this.runs[n - 1] = { ...run, late, ...(usage ? { usage } : {}) };
    const isNewest = n === this.runs.length;
    if (isNewest) this.reported = facts.seen;
    this.newEvidence ||= isNewest;
    this.tell();
  }

  /** Takes back the open question: what it was asked about has changed. */
  supersede(): void {
    this.newEvidence = false;
    this.withdraw();
    this.look = 0;
    this.enter('running');
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
    this.withdraw();
    this.waits.end();
    this.state = state;
    const { id, task, runs, seen } = this;
    this.result = taskResult({ id, task, state, because, runs, waitedMs: this.waits.inAllMs, seen });
    this.tell();
    // A clean first run told nothing, and there is nothing to correct; any other end is worth its event.
    const last = this.runs.at(-1);
    if (this.runs.length !== 1 || last?.failure) this.attributes.say(this.state, this.runs, this.task.owner);
    return this.result;
  }

  status(): TaskStatus {
    const { id, title, task, state, runs, decisions, seen, bank, plan, people, result } = this;
    return taskStatus({ id, title, task, state, runs, decisions, seen, bank, plan, hold: this.waits.hold, people, result });
  }

  /** Summaries stand in the timeline; the server takes 400 bytes. */
  summary(text: string): string {
    return cut(text, 120);
  }

  /** Nobody has to answer any more. */
  private withdraw(): void {
    this.waits.add(this.people.question?.askedAt);
    this.people.question = undefined;
  }

  private enter(state: TaskState): void {
    this.state = state;
    this.tell();
    this.attributes.say(this.state, this.runs, this.people.question?.owner ?? this.task.owner, this.waits.hold?.incident);
  }

  private tell(): void {
    setCurrentDetails(detailsOf(this.status()));
  }
}

const headOf = (start: StartPoint): string | undefined => (start.kind === 'bank' ? start.head : undefined);
const now = (): string => new Date(Date.now()).toISOString();
