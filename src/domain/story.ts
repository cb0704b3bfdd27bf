// How things are said to people: the same sentence in the history, in the Web UI and in the terminal. Evidence is
// quoted on one line and without its own full stop, so that a sentence can go on after it.

import { type Failure, failureType } from './failure.ts';
import type { BankSeen, Completeness, OutputSeen, Proof, Seen } from './output.ts';

const LONGEST_NOTE = 1000;

/** `run 2 ended as host.killed (exit.signal: SIGKILL)`. Evidence that only names the reason again is the agent's own verdict. */
export function sayFailure(n: number, failure: Failure): string {
  const { reason, evidence } = failure;
  const first = evidence.find(({ value }) => value !== reason && value !== failureType(reason));
  const ground = first ? quote(`${first.where}: ${first.value}`, 60) : evidence.length > 0 ? 'the agent says so' : undefined;
  return `${sayEnd(n, failure)}${ground === undefined ? '' : ` (${ground})`}`;
}

export const sayEnd = (n: number, failure: Failure): string => `run ${n} ended as ${failureType(failure.reason)}`;

const PROOFS: Readonly<Record<Proof, string>> = {
  good_end: 'the run itself said it was finished',
  checks: 'every check is green',
  outward_output: 'an output that only finished work makes is there',
  conclusive: 'the task calls any commit the whole work',
};

export function sayCompleteness(work: Completeness): string {
  switch (work.kind) {
    case 'complete':
      return `every output is present, and ${PROOFS[work.proof]}`;
    case 'unproven':
      return 'the outputs are there, but nothing proves that they are the whole work';
    case 'incomplete':
      return [...work.missing.map((output) => quote(output)), ...work.red.map((check) => `the check ${check.check} is red`)].join('; ');
    case 'unknown':
      return `it is not known what is there: ${work.unknown.map((unknown) => quote(unknown)).join('; ')}`;
  }
}

/** What a run left behind, for the next one and for people. */
export function sayLeft(n: number, { repository, outputs, bank }: Seen): string {
  const owed = outputs.filter((output) => output.by === 'agent');
  const left = [
    repository && repository.commits > 0 ? `${count(repository.commits, 'commit')} (${repository.head.slice(0, 10)})` : undefined,
    repository && repository.dirty > 0 ? `${count(repository.dirty, 'changed file')} not committed` : undefined,
    repository?.busy ? `a ${repository.busy} cut off in the middle` : undefined,
    ...owed.filter((output) => output.kind !== 'commit').map(sayThere),
  ].filter((part) => part !== undefined);
  if (left.length > 0) return `run ${n} left ${left.join(', ')}${sayBank(bank)}`;
  if (bank?.state === 'banked') return `what is kept of the work stands in ${bank.ref}`;
  const isUnseen = owed.some((output) => output.state === 'unknown' || output.state === 'stranded');
  if (!isUnseen) return `run ${n} left nothing behind`;
  return repository ? `run ${n} left nothing in its clone, and not all else could be seen` : `what run ${n} left could not be seen`;
}

/** `2 commits (3 files, +40 −2), head abc; every check green (npm test)`. */
export function sayWork({ repository, checks, outputs }: Seen): string {
  const { commits = 0, diff, head = '' } = repository ?? {};
  const size = diff ? `, ${count(diff.files, 'file')} changed (+${diff.insertions} −${diff.deletions})` : '';
  const work = repository
    ? `${count(commits, 'commit')}${size}, head ${head.slice(0, 10)}`
    : outputs.map(({ kind, evidence }) => `${kind}: ${quote(evidence)}`).join('; ');
  const isGreen = checks.every(({ state }) => state === 'green');
  const names = checks.map(({ check }) => check).join(', ');
  return `${work}; ${checks.length === 0 ? 'no check was asked for' : `${isGreen ? 'every check green' : 'not every check green'} (${names})`}`;
}

function sayThere({ kind, state }: OutputSeen): string | undefined {
  if (state === 'present') return `the ${kind} output`;
  return state === 'partial' ? `a part of the ${kind} output` : undefined;
}

function sayBank(bank: BankSeen | undefined): string {
  if (bank?.state === 'banked') return `, banked as ${bank.ref}`;
  return bank?.state === 'failed' ? `, not banked: ${quote(bank.evidence)}` : '';
}

/** What the next run must know: what is there already, to be verified first, and what was found wrong with it. */
export function tellNextRun({ n, failure, seen }: { n: number; failure: Failure; seen: Seen }, work: Completeness): string[] {
  const { missing, red } = work.kind === 'incomplete' ? work : { missing: [], red: [] };
  const notes = [
    `Run ${n} of this task ended before the task was done (${failureType(failure.reason)}). ${capital(sayLeft(n, seen))}.`,
    ...(seen.bank?.state === 'banked'
      ? ['The work so far is in your workspace. Verify it first, then do only the rest; do nothing twice.']
      : []),
    ...(missing.length > 0 ? [`Not done yet, as far as could be seen: ${missing.map((output) => quote(output)).join('; ')}.`] : []),
    ...red.map(({ check, words }) => (words ? `The check ${check} is red:\n${words}` : `The check ${check} is red.`)),
  ];
  return notes.map((note) => cut(note, LONGEST_NOTE));
}

/** Somebody else's words within a sentence of ours. */
export const quote = (text: string, length = 200): string =>
  cut(
    text
      .replace(/\s+/g, ' ')
      .trim()
      .replace(/[\s.;:,]+$/, ''),
    length,
  );

export const count = (number: number, thing: string): string => `${number} ${thing}${number === 1 ? '' : 's'}`;

const MOST_NAMED = 10;
/** The first of them by name. `all`: how many there are where not all were kept. */
export const someOf = (names: readonly string[], all = names.length): string =>
  `${names.slice(0, MOST_NAMED).join(', ')}${all > Math.min(names.length, MOST_NAMED) ? ' …' : ''}`;

export const cut = (text: string, length: number): string => (text.length <= length ? text : `${text.slice(0, length - 1)}…`);

export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

export const times = (number: number): string => ({ 1: 'once', 2: 'twice' })[number] ?? `${number} times`;
