// What does the end of a run mean? From everything that is known of it to one verdict with its ground. Asked in the order of
// strength: did we end it; is the work there; what did the agent say of itself in typed fields; the HTTP status; the exit
// code; the words. What nobody can tell is `unknown.unclassified`, which never retries. No clock, no I/O: `at` is an input.

import { sayDuration } from './duration.ts';
import type { CodeRule, Ending, NameRule, Rule, Verdict } from './ending.ts';
import { type Basis, type Evidence, isReason, REASONS, type Reason } from './failure.ts';
import { indexWords, lookedAt, type Mark, marksFromEnd, type WordIndex } from './last-words.ts';
import { PROCESS_RULES, REFINED_BY } from './process-rules.ts';
import type { EndedBy } from './run.ts';
import { readWait } from './wait-hints.ts';

/** How near a plainer word must be to a vague one, in characters; how near to the end a failure must be told to outweigh exit 0, in lines. */
const NEARBY = 2048;
const LAST_LINES = 5;
/** Beyond this a wait is a plan's, not a rate's. */
const SHORT_WAIT_MS = 3_600_000;
/** Agents that print the clock of their own host, without a zone. */
const PRINTS_LOCAL_TIME = ['codex'];

export function classify(ending: Ending, rules: readonly Rule[] = PROCESS_RULES): Verdict {
  const words = wordsOf(ending, rules);
  return (
    bySupervisor(ending) ??
    byGoodEnd(ending, rules, words) ??
    byOutputs(ending) ??
    byRecorder(ending, words) ??
    byTyped(ending, rules) ??
    byCode(
      ending,
      'http_status',
      ending.httpStatus === undefined ? undefined : codeRule(rules, ending, 'http_status', ending.httpStatus),
      words,
    ) ??
    byCode(ending, 'exit_code', exitRule(rules, ending), words) ??
    byWords(ending, words) ??
    verdict(ending, 'unclassified', 'none', 'no_rule', evidenceOfEnd(ending))
  );
}

// ---- did we end it

const ENDED_BY: Readonly<Record<Exclude<EndedBy, 'itself'>, Reason>> = {
  wall_limit: 'budget_exhausted',
  output_limit: 'budget_exhausted',
  budget: 'budget_exhausted',
  stall: 'heartbeat_lost',
  cancel: 'cancelled',
  lease: 'heartbeat_lost',
  drain: 'evicted',
  supervisor_lost: 'killed',
};

function bySupervisor(ending: Ending): Verdict | undefined {
  const { endedBy } = ending;
  if (endedBy === undefined || endedBy === 'itself') return undefined;
  const reason = endedBy === 'stall' ? stalled(ending) : ENDED_BY[endedBy];
  const evidence: Evidence[] = [{ where: 'ended_by', value: endedBy }];
  if (ending.durationMs !== undefined) evidence.push({ where: 'duration', value: sayDuration(ending.durationMs) });
  return verdict(ending, reason, 'supervisor', `ended_by_${endedBy}`, evidence);
}

const stalled = (ending: Ending): Reason => (ending.awaitsModel ? 'provider_timeout' : 'heartbeat_lost');

/** A recorder ended what was still going. The cause is what the run suffered from, if its words tell, else its silence. */
function byRecorder(ending: Ending, words: Words): Verdict | undefined {
  const { harness, harnessSignal } = ending;
  if (harnessSignal !== undefined) {
    const evidence = [{ where: 'harness_signal', value: harnessSignal }];
    return verdict(ending, harnessSignal === 'SIGINT' ? 'cancelled' : 'killed', 'supervisor', 'recorder_signal', evidence);
  }
  if (!harness) return undefined;
  const evidence = [{ where: 'harness', value: `${harness.sent} after ${harness.timeoutS} s, stall` }];
  const found = words.last();
  if (found && isOutside(found.mark.rule.reason)) return spoken(ending, found, 'supervisor', evidence);
  return verdict(ending, stalled(ending), 'supervisor', 'recorder_timeout', evidence);
}

const isOutside = (reason: Reason): boolean => REASONS[reason].class === 'adapter' || reason === 'network_dropped';

// ---- has the work landed

const landedWhole = ({ landed }: Ending): boolean => landed !== undefined && (landed.complete ?? landed.commits > 0);

/** Exit 0, or the agent's word that it finished, and nobody who says otherwise. What the world's look found still counts. */
function byGoodEnd(ending: Ending, rules: readonly Rule[], words: Words): Verdict | undefined {
  const { typed, redChecks = [], goodEndMissing = [] } = ending;
  const claimed = ending.exitCode === 0 || (ending.exitCode === undefined && typed?.outcome === 'finished');
  const denied = ending.signal ?? ending.notStarted ?? ending.harness ?? ending.harnessSignal;
  if (!claimed || typed?.outcome === 'failed' || denied !== undefined) return undefined;
  const claim: Evidence = ending.exitCode === 0 ? { where: 'exit.code', value: '0' } : { where: 'result.outcome', value: 'finished' };
  if (redChecks.length > 0) return verdict(ending, 'output_rejected', 'outputs', 'check_red', [claim, ...each('check.red', redChecks)]);
  if (landedWhole(ending) && goodEndMissing.length === 0) return succeeded(claim);
  const missing =
    ending.landed && !landedWhole(ending) && goodEndMissing.length === 0 ? ['a commit that is the whole work'] : goodEndMissing;
  const failure = byStatusAtGoodEnd(ending, rules, words) ?? byLastLines(ending, words, missing.length > 0);
  if (failure) return failure;
  if (missing.length === 0) return succeeded(claim);
  if (isSilent(ending))
    return verdict(ending, 'unclassified', 'outputs', 'good_end_without_a_word', [claim, ...each('output.missing', missing)]);
  return verdict(ending, 'output_rejected', 'outputs', 'output_missing', [claim, ...each('output.missing', missing)]);
}

const each = (where: string, values: readonly string[]): Evidence[] => values.slice(0, 5).map((value) => ({ where, value: cut(value) }));

const succeeded = (claim: Evidence): Verdict => ({
  class: 'none',
  reason: 'succeeded',
  retry: false,
  basis: claim.where === 'exit.code' ? 'exit_code' : 'typed',
  rule: 'good_end',
  evidence: [claim],
});

const isSilent = (ending: Ending): boolean =>
  !ending.stdoutTail && !ending.stderrTail && !ending.tail && !ending.typed && !ending.usage && !ending.landed?.dirty;

const byStatusAtGoodEnd = (ending: Ending, rules: readonly Rule[], words: Words): Verdict | undefined =>
  ending.httpStatus === undefined
    ? undefined
    : byCode(ending, 'http_status', codeRule(rules, ending, 'http_status', ending.httpStatus), words);

/** Where nothing is missing, only plain words outweigh exit 0. */
function byLastLines(ending: Ending, words: Words, isMissing: boolean): Verdict | undefined {
  const found = words.last();
  return found && (isMissing || !found.mark.rule.vague) && found.mark.linesAfter < LAST_LINES ? spoken(ending, found, 'text') : undefined;
}

function byOutputs(ending: Ending): Verdict | undefined {
  const { landed } = ending;
  if (!landed || !landedWhole(ending)) return undefined;
  const value = `${landed.commits} commits, ${landed.dirty} changed files${landed.complete ? ', seen to be complete' : ''}`;
  return verdict(ending, 'crashed_after_output', 'outputs', 'work_landed', [{ where: 'landed', value }, ...evidenceOfEnd(ending)]);
}

// ---- typed fields and codes

/** Nobody can say of themselves that they died after the work, and `unclassified` says nothing. */
const NOT_FOR_THE_AGENT: readonly Reason[] = ['crashed_after_output', 'unclassified'];

function byTyped(ending: Ending, rules: readonly Rule[]): Verdict | undefined {
  const { notStarted, typed } = ending;
  if (notStarted) {
    const rule = nameRule(rules, ending, 'not_started', notStarted.code);
    const evidence = [{ where: 'exit.not_started', value: cut(`${notStarted.code}: ${notStarted.message}`) }];
    return verdict(ending, rule?.reason ?? 'unclassified', rule ? 'typed' : 'none', rule?.name ?? 'start_unexplained', evidence);
  }
  if (typed?.reason === undefined || typed.outcome !== 'failed') return undefined;
  const name = typed.reason.slice(typed.reason.indexOf('.') + 1);
  if (!isReason(name) || NOT_FOR_THE_AGENT.includes(name)) return undefined;
  return verdict(ending, name, 'typed', 'result_reason', [{ where: 'result.reason', value: cut(typed.reason) }]);
}

/** A code decides, unless plain words near the end say which of its family it was. */
function byCode(
  ending: Ending,
  basis: 'http_status' | 'exit_code',
  rule: CodeRule | NameRule | undefined,
  words: Words,
): Verdict | undefined {
  if (!rule) return undefined;
  const evidence = evidenceOfEnd(ending);
  const found = words.lastOf([rule.reason, ...(REFINED_BY[rule.reason] ?? [])]);
  if (found && found.mark.rule.reason !== rule.reason) return spoken(ending, found, 'text', evidence);
  if (rule.reason === 'unclassified') return undefined;
  return verdict(ending, rule.reason, basis, rule.name, evidence, found?.nearby ?? words.end());
}

const isFor = (rule: Rule, ending: Ending): boolean => !rule.agents || (ending.agent !== undefined && rule.agents.includes(ending.agent));

function codeRule(rules: readonly Rule[], ending: Ending, where: CodeRule['where'], code: number): CodeRule | undefined {
  return rules.find((rule): rule is CodeRule => rule.where === where && rule.match.includes(code) && isFor(rule, ending));
}

function nameRule(rules: readonly Rule[], ending: Ending, where: NameRule['where'], name: string): NameRule | undefined {
  return rules.find(
    (rule): rule is NameRule => rule.where === where && (rule.match.length === 0 || rule.match.includes(name)) && isFor(rule, ending),
  );
}

/** Shells and containers tell a signal as 128 + its number; an agent's own rows for such a code come first. */
const SIGNALS: Readonly<Record<number, string>> = {
  129: 'SIGHUP',
  130: 'SIGINT',
  131: 'SIGQUIT',
  132: 'SIGILL',
  133: 'SIGTRAP',
  134: 'SIGABRT',
  135: 'SIGBUS',
  136: 'SIGFPE',
  137: 'SIGKILL',
  139: 'SIGSEGV',
  141: 'SIGPIPE',
  143: 'SIGTERM',
  152: 'SIGXCPU',
  153: 'SIGXFSZ',
};

function exitRule(rules: readonly Rule[], ending: Ending): CodeRule | NameRule | undefined {
  const { exitCode } = ending;
  const own = exitCode === undefined ? undefined : codeRule(rules, ending, 'exit_code', exitCode);
  const name = ending.signal ?? (exitCode === undefined ? undefined : SIGNALS[exitCode]);
  return own ?? (name === undefined ? undefined : nameRule(rules, ending, 'signal', name));
}

// ---- words

interface Spoken {
  readonly mark: Mark;
  readonly where: string;
  /** The text round the mark, for what it says of a wait. */
  readonly nearby: string;
}

interface Words {
  /** What decides by words alone: the last mark, or a plainer one near it. */
  last(): Spoken | undefined;
  /** The last plain mark of one of these reasons. */
  lastOf(reasons: readonly Reason[]): Spoken | undefined;
  /** The very end, for what it says of a wait. */
  end(): string;
}

const INDEXES = new WeakMap<readonly Rule[], Map<string | undefined, WordIndex>>();

function indexOf(rules: readonly Rule[], agent: string | undefined): WordIndex {
  const own = rules.some((rule) => agent !== undefined && rule.agents?.includes(agent)) ? agent : undefined;
  let byAgent = INDEXES.get(rules);
  if (!byAgent) INDEXES.set(rules, (byAgent = new Map()));
  let index = byAgent.get(own);
  if (!index) byAgent.set(own, (index = indexWords(rules, own)));
  return index;
}

function wordsOf(ending: Ending, rules: readonly Rule[]): Words {
  // What a process says of its own end stands on stderr rather than among its output.
  const sources = [
    { where: 'tail', text: lookedAt(ending.tail ?? '') },
    { where: 'stderr', text: lookedAt(ending.stderrTail ?? '') },
    { where: 'stdout', text: lookedAt(ending.stdoutTail ?? '') },
  ].filter(({ text }) => text !== '');
  // That the work is done is for the world to say, where it was asked; at exit 0 it is no failure.
  const mayClaim = ending.landed === undefined && ending.exitCode !== 0;
  const marksOf = function* (text: string): Generator<Mark, void> {
    for (const mark of marksFromEnd(text, indexOf(rules, ending.agent))) if (mayClaim || mark.rule.reason !== 'crashed_after_output') yield mark;
  };
  const spokenIn = ({ where, text }: { where: string; text: string }, mark: Mark): Spoken => ({
    mark,
    where,
    nearby: text.slice(Math.max(0, mark.from - 512), mark.to + 512),
  });
  return {
    last() {
      let vague: Spoken | undefined;
      for (const source of sources) {
        const mark = decisive(marksOf(source.text));
        if (mark && !mark.rule.vague) return spokenIn(source, mark);
        if (mark) vague ??= spokenIn(source, mark);
      }
      return vague;
    },
    lastOf(reasons) {
      for (const source of sources) {
        for (const mark of marksOf(source.text)) {
          if (!mark.rule.vague && reasons.includes(mark.rule.reason)) return spokenIn(source, mark);
        }
      }
      return undefined;
    },
    end: () => sources[0]?.text.slice(-NEARBY) ?? '',
  };
}

function decisive(marks: Iterable<Mark>): Mark | undefined {
  let vague: Mark | undefined;
  for (const mark of marks) {
    if (vague && vague.from - mark.to > NEARBY) return vague;
    const { reason } = mark.rule;
    if (!mark.rule.vague && (vague ? REFINED_BY[vague.rule.reason]?.includes(reason) : reason !== 'unclassified')) return mark;
    if (mark.rule.vague) vague ??= mark;
  }
  return vague;
}

function byWords(ending: Ending, words: Words): Verdict | undefined {
  const found = words.last();
  return found && found.mark.rule.reason !== 'unclassified' ? spoken(ending, found, 'text', evidenceOfEnd(ending)) : undefined;
}

const spoken = (ending: Ending, { mark, where, nearby }: Spoken, basis: Basis, evidence: readonly Evidence[] = []): Verdict =>
  verdict(ending, mark.rule.reason, basis, mark.rule.name, [{ where, value: cut(mark.quote) }, ...evidence], nearby);

// ---- the verdict

const MAY_WAIT: readonly Reason[] = ['rate_limited', 'quota_exhausted', 'provider_overloaded', 'provider_timeout'];

function verdict(ending: Ending, first: Reason, basis: Basis, rule: string, evidence: readonly Evidence[], nearby = ''): Verdict {
  const told = ending.typed?.outcome === 'failed' ? ending.typed : undefined;
  const hint = MAY_WAIT.includes(first)
    ? readWait(nearby, { at: ending.at, local: PRINTS_LOCAL_TIME.includes(ending.agent ?? '') })
    : undefined;
  const retryAfterMs = told?.retryAfterMs ?? hint?.retryAfterMs;
  const reason = first === 'rate_limited' && (retryAfterMs ?? 0) > SHORT_WAIT_MS ? 'quota_exhausted' : first;
  const resetsAt = told?.resetsAt === undefined ? (hint?.resetsAt ?? resetAfter(ending, reason, retryAfterMs)) : utc(told.resetsAt);
  const stated = resetsAt !== undefined || retryAfterMs !== undefined || hint?.resetStated === true;
  return {
    class: REASONS[reason].class,
    reason,
    // A used-up quota that names no reset does not come back by itself.
    retry: reason === 'quota_exhausted' && !stated ? false : REASONS[reason].retry,
    basis,
    rule,
    evidence: unknownTyped(ending, basis, evidence),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(resetsAt === undefined ? {} : { resetsAt }),
  };
}

function resetAfter(ending: Ending, reason: Reason, retryAfterMs: number | undefined): string | undefined {
  if (reason !== 'quota_exhausted' || retryAfterMs === undefined || ending.at === undefined) return undefined;
  return utc(new Date(Date.parse(ending.at) + retryAfterMs));
}

function utc(time: string | Date): string | undefined {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

/** A typed reason that is none of ours is no verdict, but a person will want to read it. */
function unknownTyped(ending: Ending, basis: Basis, evidence: readonly Evidence[]): readonly Evidence[] {
  const said = ending.typed?.reason ?? ending.typed?.note;
  return said === undefined || basis === 'typed' ? evidence : [...evidence, { where: 'result.reason', value: cut(said) }];
}

function evidenceOfEnd(ending: Ending): Evidence[] {
  const evidence: Evidence[] = [];
  if (ending.httpStatus !== undefined) evidence.push({ where: 'http_status', value: String(ending.httpStatus) });
  if (ending.exitCode !== undefined) evidence.push({ where: 'exit.code', value: String(ending.exitCode) });
  if (ending.signal !== undefined) evidence.push({ where: 'exit.signal', value: ending.signal });
  return evidence;
}

const cut = (text: string): string => (text.length > 200 ? `${text.slice(0, 199)}…` : text);
