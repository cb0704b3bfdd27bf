// `outlive report`: what happened since, for whoever comes in the morning. Tasks that are open are asked themselves where a
// worker is up; everything else is read from histories.

import { sayDuration } from '../../domain/duration.ts';
import { type FleetReport, fleetReport } from '../../domain/fleet-report.ts';
import { TASK_WORKFLOW, taskIdOfWorkflow } from '../../domain/names.ts';
import { count } from '../../domain/story.ts';
import { EXIT, type ExitCode } from '../errors.ts';
import { inParallel } from '../in-parallel.ts';
import type { Ink } from '../ink.ts';
import { columns, sayTime } from '../layout.ts';
import { readTask } from '../read-task.ts';
import type { Screen } from '../screen.ts';
import { withServer } from '../server.ts';

export interface ReportOptions {
  /** Milliseconds. */
  readonly since?: number;
}

const HALF_A_DAY_MS = 12 * 3_600_000;

/** Tasks that closed since, and all that are open. */
export function report({ since = HALF_A_DAY_MS }: ReportOptions, screen: Screen): Promise<ExitCode> {
  return withServer(screen, async (server) => {
    const sinceMs = Date.now() - since;
    const query = `WorkflowType = '${TASK_WORKFLOW}' AND (ExecutionStatus = 'Running' OR CloseTime >= '${new Date(sinceMs).toISOString()}')`;
    const tasks = server.client.workflow.list({ query });
    // Where one gets no worker to answer within seconds, the thousand others would not either.
    let mayAsk = true;
    const statusOf = async ({ workflowId }: { readonly workflowId: string }) => {
      const { status, silent } = await readTask(server, taskIdOfWorkflow(workflowId), mayAsk);
      if (silent !== undefined) mayAsk = false;
      return status;
    };
    const told = fleetReport(await inParallel(tasks, statusOf, () => true), sinceMs);
    if (!mayAsk) screen.note(screen.warnInk.yellow('No worker answers: told from histories, which do not know what people answered.'));
    screen.give({ ...told, since: new Date(sinceMs).toISOString() });
    screen.say(render(told, since, screen.ink));
    return EXIT.ok;
  });
}

function render(
  { tasks, runs, decisions, spared, waste, waitedMs, questions, unclassified }: FleetReport,
  since: number,
  ink: Ink,
): string {
  const { done, failed, cancelled, asking, held, atWork } = tasks;
  const listed = (counts: Readonly<Partial<Record<string, number>>>): string =>
    Object.entries(counts)
      .map(([name, number]) => `${number} × ${name}`)
      .join(', ') || 'none';
  const oldest = questions.oldest === undefined ? '' : `, the oldest since ${sayTime(questions.oldest)}`;
  return columns([
    [{ text: `the last ${sayDuration(since)}`, paint: ink.bold }],
    ['tasks', `${done} done, ${failed} failed, ${cancelled} cancelled; ${atWork} at work, ${held} held, ${asking} asking`],
    ['runs', `${runs.ended} ended, ${runs.finished} well; ${sayDuration(runs.ms)}${dollars(runs.costUsd)}`],
    ['ended as', listed(runs.reasons)],
    ['decided', listed(decisions)],
    ['spared', `${count(spared, 'run')}: the work was there, and only the bookkeeping was left`],
    ['wasted', `${count(waste.runs, 'run')} that left nothing: ${sayDuration(waste.ms)}${dollars(waste.costUsd)}`],
    ['waited', sayDuration(waitedMs)],
    ['questions', `${questions.answered} answered, ${questions.open} open${oldest}`],
    ['unclassified', unclassified === undefined ? 'no run failed' : `${(100 * unclassified).toFixed(0)} % of the runs that failed`],
  ]);
}

const dollars = (costUsd: number): string => (costUsd > 0 ? `, $${costUsd.toFixed(2)}` : '');
