// What does the end of a run mean? From everything that is known of it to one verdict with its ground. Asked in the order of
// strength: did we end it; is the work there; what did the agent say of itself in typed fields; the HTTP status; the exit
// code; the words. What nobody can tell is `unknown.unclassified`, which never retries. No clock, no I/O: `at` is an input.

import { type Spoken, type Words, wordsOf } from './cause-in-words.ts';
import { sayDuration } from './duration.ts';
import type { CodeRule, Ending, NameRule, Rule, Verdict } from './ending.ts';
import { type Basis, type Evidence, isReason, REASONS, type Reason } from './failure.ts';
import { PROCESS_RULES, REFINED_BY } from './process-rules.ts';
import type { EndedBy } from './run.ts';
import { cut, each, evidenceOfEnd, succeeded, verdict } from './verdict.ts';

export function classify(ending: Ending, rules: readonly Rule[] = PROCESS_RULES): Verdict {
  const words = wordsOf(ending, rules);
  return (
    byJournal(ending) ??
    bySupervisor(ending) ??
    byGoodEnd(ending, rules, words) ??
    byOutputs(ending) ??
    byMemory(ending) ??
    byRecorder(ending, words) ??
    byTyped(ending, rules) ??
    byCode(ending, 'http_status', statusRule(rules, ending), words) ??
    byCode(ending, 'exit_code', exitRule(rules, ending), words) ??
    byWords(ending, words) ??
    verdict(ending, 'unclassified', { basis: 'none', rule: 'no_rule', evidence: evidenceOfEnd(ending) })
  );
}

// ---- did we end it

const ENDED_BY: Readonly<Record<Exclude<EndedBy, 'itself' | 'stall'>, Reason>> = {
  wall_limit: 'budget_exhausted',
  output_limit: 'budget_exhausted',
  turn_limit: 'turn_limit',
  budget: 'budget_exhausted',
  cancel: 'cancelled',
  lease: 'heartbeat_lost',
  drain: 'evicted',
  supervisor_lost: 'killed',
};

/** Nobody knows what became of a run whose journal cannot be relied on, and a guess might do its work twice. */
function byJournal(ending: Ending): Verdict | undefined {
  if (ending.unreadable === undefined) return undefined;
  const evidence = [{ where: 'journal', value: cut(ending.unreadable) }];
  return verdict(ending, 'unclassified', { basis: 'none', rule: 'journal_unreadable', evidence });
}

function bySupervisor(ending: Ending): Verdict | undefined {
  const { endedBy, vanished } = ending;
  if (endedBy === undefined || endedBy === 'itself') return undefined;
  const evidence: Evidence[] = [{ where: 'ended_by', value: endedBy }];
  if (ending.durationMs !== undefined) evidence.push({ where: 'duration', value: sayDuration(ending.durationMs) });
  if (ending.suffered?.words) evidence.push({ where: 'agent.retry', value: cut(ending.suffered.words) });
  if (endedBy === 'supervisor_lost' && vanished) return takenAway(ending, vanished, evidence);
  const reason = endedBy === 'stall' ? stalled(ending) : ENDED_BY[endedBy];
  return verdict(ending, reason, { basis: 'supervisor', rule: `ended_by_${endedBy}`, evidence });
}

type Vanished = NonNullable<Ending['vanished']>;
const VANISHED: Readonly<Record<Vanished, { readonly reason: Reason; readonly says: string }>> = {
  boot: { reason: 'evicted', says: 'the machine was booted again' },
  container: { reason: 'evicted', says: 'its container has been replaced by another one' },
  state: { reason: 'evicted', says: "its host's state folder is another one, and nothing is known of the run there" },
  processes: { reason: 'killed', says: 'agent and supervisor are gone, and neither could say why' },
};

/** Supervisor and agent went together, and what is left of their place tells why. */
function takenAway(ending: Ending, vanished: Vanished, evidence: readonly Evidence[]): Verdict {
  const { reason, says } = VANISHED[vanished];
  const seen = [{ where: 'vanished', value: says }, ...evidence];
  if (ending.oomKilled) return verdict(ending, 'out_of_memory', { basis: 'supervisor', rule: 'oom_kill', evidence: [OOM_KILL, ...seen] });
  return verdict(ending, reason, { basis: 'supervisor', rule: `vanished_${vanished}`, evidence: seen });
}

const OOM_KILL: Evidence = { where: 'oom_kill', value: "the kernel's count of kills for lack of memory rose while it ran" };

/** A SIGKILL that nobody of us sent, and the kernel says that it killed for memory. */
function byMemory(ending: Ending): Verdict | undefined {
  if (!ending.oomKilled) return undefined;
  return verdict(ending, 'out_of_memory', { basis: 'supervisor', rule: 'oom_kill', evidence: [OOM_KILL, ...evidenceOfEnd(ending)] });
}

const stalled = (ending: Ending): Reason => (ending.awaitsModel ? 'provider_timeout' : 'heartbeat_lost');

/** A recorder ended what was still going. The cause is what the run suffered from, if its words tell, else its silence. */
function byRecorder(ending: Ending, words: Words): Verdict | undefined {
  const { harness, harnessSignal } = ending;
  if (harnessSignal !== undefined) {
    const evidence = [{ where: 'harness_signal', value: cut(harnessSignal) }];
    return verdict(ending, harnessSignal === 'SIGINT' ? 'cancelled' : 'killed', { basis: 'supervisor', rule: 'recorder_signal', evidence });
  }
  if (!harness) return undefined;
  const evidence = [{ where: 'harness', value: cut(`${harness.sent} after ${harness.timeoutS} s, stall`) }];
  const { suffered } = ending;
  if (suffered?.reason) {
    const retry = { where: 'agent.retry', value: cut(suffered.words) };
    return verdict(ending, suffered.reason, { basis: 'supervisor', rule: 'recorder_timeout', evidence: [retry, ...evidence] });
  }
  const found = words.suffered() ?? words.last();
  if (found && isOutside(found.mark.rule.reason)) return spoken(ending, found, words, 'supervisor', evidence);
  return verdict(ending, stalled(ending), { basis: 'supervisor', rule: 'recorder_timeout', evidence });
}

const isOutside = (reason: Reason): boolean => REASONS[reason].class === 'adapter' || reason === 'network_dropped';

// ---- has the work landed

const landedWhole = ({ landed }: Ending): boolean => landed !== undefined && (landed.complete ?? landed.commits > 0);

/** Exit 0 or the agent's word that it finished is a claim: a look at the world, a status or the very last words may contradict it. */
function byGoodEnd(ending: Ending, rules: readonly Rule[], words: Words): Verdict | undefined {
  const claim = claimOf(ending);
  if (!claim) return undefined;
  const red = ending.redChecks ?? [];
  if (red.length > 0) {
    return verdict(ending, 'output_rejected', { basis: 'outputs', rule: 'check_red', evidence: [claim, ...each('check.red', red)] });
  }
  const missing = missingOf(ending);
  if (missing.length === 0 && landedWhole(ending)) return succeeded(claim);
  if (missing.length > 0 && ending.denied) {
    return verdict(ending, 'permission_needed', {
      basis: 'typed',
      rule: 'agent_denied',
      evidence: [...each('agent.denied', ending.denied), claim],
    });
  }
  const failure = byCode(ending, 'http_status', statusRule(rules, ending), words) ?? byLastLines(ending, words, missing.length > 0);
  if (failure) return failure;
  if (missing.length === 0) return succeeded(claim);
  const evidence = [claim, ...each('output.missing', missing)];
  if (isSilent(ending)) return verdict(ending, 'unclassified', { basis: 'none', rule: 'good_end_without_a_word', evidence });
  return verdict(ending, 'output_rejected', { basis: 'outputs', rule: 'output_missing', evidence });
}

function claimOf(ending: Ending): Evidence | undefined {
  const { exitCode, typed } = ending;
  const denied = ending.signal ?? ending.notStarted ?? ending.harness ?? ending.harnessSignal;
  if (denied !== undefined || typed?.outcome === 'failed') return undefined;
  if (exitCode === 0) return { where: 'exit.code', value: '0' };
  return exitCode === undefined && typed?.outcome === 'finished' ? { where: 'result.outcome', value: 'finished' } : undefined;
}

function missingOf(ending: Ending): readonly string[] {
  const { goodEndMissing = [], landed } = ending;
  if (goodEndMissing.length > 0 || !landed || landedWhole(ending)) return goodEndMissing;
  return [landed.commits === 0 ? 'a commit' : 'the whole work'];
}

const isSilent = (ending: Ending): boolean =>
  !ending.stdoutTail &&
  !ending.stderrTail &&
  !ending.tail &&
  !ending.typed &&
  !ending.usage &&
  !ending.landed?.dirty &&
  ending.awaitsModel === undefined;

/** Where nothing is missing, only plain words outweigh a good end. */
function byLastLines(ending: Ending, words: Words, isMissing: boolean): Verdict | undefined {
  const found = words.atEnd(isMissing);
  return found && (isMissing || !found.mark.rule.vague) && found.mark.rule.reason !== 'unclassified'
    ? spoken(ending, found, words, 'text')
    : undefined;
}

function byOutputs(ending: Ending): Verdict | undefined {
  const { landed } = ending;
  if (!landed || !landedWhole(ending)) return undefined;
  const value = `${landed.commits} commits, ${landed.dirty} changed files${landed.complete ? ', seen to be complete' : ''}`;
  const evidence = [{ where: 'landed', value }, ...evidenceOfEnd(ending)];
  return verdict(ending, 'crashed_after_output', { basis: 'outputs', rule: 'work_landed', evidence });
}

// ---- typed fields and codes

/** Nobody can say of themselves that they died after the work, and `unclassified` says nothing. */
const NOT_FOR_THE_AGENT: readonly Reason[] = ['crashed_after_output', 'unclassified'];

function byTyped(ending: Ending, rules: readonly Rule[]): Verdict | undefined {
  const { notStarted, typed } = ending;
  if (!notStarted && neverLived(ending)) {
    return verdict(ending, 'tool_missing', {
      basis: 'exit_code',
      rule: 'never_lived',
      evidence: [{ where: 'duration', value: '0 s, no exit and not a word' }],
    });
  }
  if (notStarted) {
    const rule = nameRule(rules, ending, 'not_started', notStarted.code);
    const evidence = [{ where: 'exit.not_started', value: cut(`${notStarted.code}: ${notStarted.message}`) }];
    if (!rule) return verdict(ending, 'unclassified', { basis: 'none', rule: 'start_unexplained', evidence });
    return verdict(ending, rule.reason, { basis: 'typed', rule: rule.name, evidence });
  }
  if (typed?.reason === undefined || typed.outcome !== 'failed') return undefined;
  const reason = reasonNamed(typed.reason);
  if (!reason || NOT_FOR_THE_AGENT.includes(reason)) return undefined;
  const { reasonIn } = typed;
  return verdict(ending, reason, {
    basis: 'typed',
    rule: reasonIn ? 'agent_reason' : 'result_reason',
    evidence: [reasonIn ? { where: reasonIn.where, value: cut(reasonIn.value) } : { where: 'result.reason', value: typed.reason }],
  });
}

/** Who saw a process neither work nor end nor say anything, and knows that this took no time, could not start it. */
const neverLived = ({ durationMs, exitCode, signal, stdoutTail, stderrTail }: Ending): boolean =>
  durationMs === 0 && exitCode === undefined && signal === undefined && stdoutTail === '' && stderrTail === '';

/** `rate_limited` and `adapter.rate_limited` name a reason; nothing else does. */
function reasonNamed(name: string): Reason | undefined {
  const bare = name.slice(name.indexOf('.') + 1);
  return isReason(bare) && (name === bare || name === `${REASONS[bare].class}.${bare}`) ? bare : undefined;
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
  if (found && found.mark.rule.reason !== rule.reason) return spoken(ending, found, words, 'text', evidence);
  if (rule.reason === 'unclassified') return undefined;
  return verdict(ending, rule.reason, { basis, rule: rule.name, evidence, waitIn: words.ofWaits(found) });
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

const statusRule = (rules: readonly Rule[], ending: Ending): CodeRule | undefined =>
  ending.httpStatus === undefined ? undefined : codeRule(rules, ending, 'http_status', ending.httpStatus);

/** Shells and containers tell a signal as 128 + its number; a row for such a code comes first. */
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

function byWords(ending: Ending, words: Words): Verdict | undefined {
  const found = words.last();
  return found && found.mark.rule.reason !== 'unclassified' ? spoken(ending, found, words, 'text', evidenceOfEnd(ending)) : undefined;
}

function spoken(ending: Ending, found: Spoken, words: Words, basis: Basis, evidence: readonly Evidence[] = []): Verdict {
  const { mark, where } = found;
  const quote = { where, value: cut(mark.quote) };
  return verdict(ending, mark.rule.reason, { basis, rule: mark.rule.name, evidence: [quote, ...evidence], waitIn: words.ofWaits(found) });
}
