import { describe, expect, it } from 'vitest';
import { MAX_STATED_WAIT_MS } from '../../src/domain/backoff.ts';
import { decide } from '../../src/domain/decide.ts';
import type { Decision, Facts } from '../../src/domain/decision.ts';
import { REASON_NAMES, type Reason } from '../../src/domain/failure.ts';
import type { Seen } from '../../src/domain/output.ts';
import {
  at,
  banked,
  check,
  clone,
  committed,
  endOf,
  factsOf,
  failureOf,
  limitsOf,
  outputSeen,
  runOf,
  sameAgain,
  seenOf,
  taskOf,
} from './facts.ts';

const HOUR_MS = 3_600_000;
const unchecked = taskOf({ checks: [] });
const { workspace: _, ...withoutRepository } = taskOf();

/** What follows from facts: the kind, and whatever else of the decision the case is about. */
type Case = readonly [facts: Facts, kind: Decision['kind'], also?: Record<string, unknown>];
type Cases = Readonly<Record<string, Case>>;

const says = (...words: string[]) =>
  expect.stringMatching(new RegExp(words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.*'), 's'));
const asks = (over: Record<string, unknown> = {}) => ({ ask: expect.objectContaining(over) });
const within = (low: number, high: number) => expect.toSatisfy((ms: number) => ms >= low && ms <= high, `between ${low} and ${high}`);

/** The same end on a second host, on the only host, and the same words twice on one of several. */
const suspectOf = (reason: Reason): Cases => ({
  'asks when a second host ends it the same way': [
    factsOf(reason, { runs: sameAgain(reason, ['h1', 'h2'], { progress: true }) }),
    'ask',
    { because: says('2 hosts (h1, h2)', 'against the task') },
  ],
  'asks when the only host ends it the same way twice': [
    factsOf(reason, { runs: sameAgain(reason, ['h1', 'h1'], { progress: true }), hosts: ['h1'] }),
    'ask',
    reason === 'tool_missing' ? {} : { because: says('twice on the only host') },
  ],
  'asks when the same words come twice without progress': [factsOf(reason, { runs: sameAgain(reason, ['h1', 'h1']) }), 'ask'],
});

const elsewhereAtOnce = (reason: Reason): Cases => ({
  'goes to another host at once': [factsOf(reason), 'retry', { avoid: ['h1'], because: says(`host.${reason}`, 'goes to another host') }],
  'stays where there is no other host': [factsOf(reason, { hosts: ['h1'] }), 'retry', { because: says('run 2 of at most 6 follows') }],
  ...suspectOf(reason),
});

const busyProvider = (reason: Reason): Cases => ({
  'backs off, on any host': [factsOf(reason), 'retry', { afterMs: within(22_500, 37_500), because: says('of backoff') }],
  'backs off longer the second time': [
    factsOf(reason, { runs: sameAgain(reason, ['h1', 'h2']) }),
    'retry',
    { afterMs: within(45_000, 75_000) },
  ],
  'waits as long as the provider asks, and at most a tenth more': [
    factsOf(reason, { runs: [runOf(1, failureOf(reason, { retryAfterMs: 60_000 }))] }),
    'retry',
    { afterMs: within(60_000, 66_000), because: says('as the provider asked') },
  ],
  'waits until the time that the provider names': [
    factsOf(reason, { runs: [runOf(1, failureOf(reason, { resetsAt: at(endOf(1) + 60_000) }))] }),
    'retry',
    { afterMs: within(60_000, 66_000) },
  ],
  'takes a wait that is none for no word at all': [
    factsOf(reason, { runs: [runOf(1, failureOf(reason, { retryAfterMs: 0 }))] }),
    'retry',
    { afterMs: within(22_500, 37_500) },
  ],
  'asks when its budget is used up': [
    factsOf(reason, { runs: sameAgain(reason, ['h1', 'h2', 'h3']) }),
    'ask',
    { because: says(`3 runs ended as ${reason}`, 'the limit for one reason is 3') },
  ],
});

const sameInputs = (reason: Reason): Cases => ({
  'plans the work in steps where nothing is there': [
    factsOf(reason),
    'split',
    { because: says('run 2 of at most 6 plans the work in steps', 'it left nothing that another run could begin with') },
  ],
  'asks where it may not be split, a bare retry is no answer, and a person may split it': [
    factsOf(reason, { task: taskOf({ split: 'never' }) }),
    'ask',
    {
      ...asks({ needsChange: true, choices: ['retry', 'split', 'look', 'wait', 'close'] }),
      because: says('it left nothing that another run could begin with', 'it is not to be split (split: never)'),
    },
  ],
  'asks where there is no branch to work on in steps': [
    factsOf(reason, { task: withoutRepository }),
    'ask',
    { ...asks({ needsChange: true, choices: ['retry', 'look', 'wait', 'close'] }), because: says('without a repository') },
  ],
  'asks where it was a step already': [
    factsOf(reason, { task: taskOf({ step: { k: 1, of: 3 } }), runs: [runOf(3, failureOf(reason), { step: 1 })] }),
    'ask',
    { ...asks({ choices: ['retry', 'adopt', 'look', 'wait', 'close'] }), because: says('a step is not split again') },
  ],
  'asks where it was the planning': [
    factsOf(reason, { runs: [runOf(1, failureOf(reason)), runOf(2, failureOf(reason), { plans: true })] }),
    'ask',
    { because: says('the plan itself came to that end') },
  ],
  'begins a new conversation with what is there': [
    factsOf(reason, {
      seen: committed([check('red')]),
      runs: [runOf(1, failureOf(reason, { progress: true }))],
      done: 'abcdef1 half of the work\n src/a.ts | 2 +-',
    }),
    'enrich',
    {
      because: says('run 2 of at most 6 begins a new conversation with what is there'),
      notes: expect.arrayContaining([says('Verify it first'), says('Done so far:\nabcdef1 half of the work'), says('This is a new one')]),
    },
  ],
  'asks where the output alone was too much': [
    factsOf(reason, {
      seen: committed([check('red')]),
      runs: [runOf(1, failureOf(reason, { progress: true, rule: 'ended_by_output_limit' }))],
    }),
    'ask',
    { ...asks({ needsChange: true }), because: says('its output would be as much') },
  ],
  'plans the work in steps when the new one comes to the same end': [
    factsOf(reason, {
      seen: committed([check('red')]),
      runs: [runOf(1, failureOf(reason, { progress: true })), runOf(2, failureOf(reason, { progress: true }), { enriched: true })],
      done: 'abcdef1 half of the work',
    }),
    'split',
    { because: says('has come to the same end'), notes: expect.arrayContaining(['Done so far:\nabcdef1 half of the work']) },
  ],
  'begins a new conversation in a step too, once for each': [
    factsOf(reason, {
      task: taskOf({ step: { k: 2, of: 3 }, limits: limitsOf({ perReason: 9 }) }),
      seen: committed([check('red')]),
      runs: [
        runOf(1, failureOf(reason, { progress: true })),
        runOf(2, failureOf(reason, { progress: true }), { enriched: true }),
        runOf(3, failureOf(reason, { progress: true }), { step: 2 }),
      ],
    }),
    'enrich',
  ],
});

const refusedCredential = (reason: Reason): Cases => ({
  'is checked before anything else is tried': [factsOf(reason), 'check', { because: says('its credential is checked before') }],
  'is tried again where the check says that it is valid': [
    factsOf(reason, { credential: { state: 'valid', evidence: 'GET /v1/models: 200' } }),
    'retry',
    { afterMs: within(22_500, 37_500), because: says('says that it is valid (GET /v1/models: 200)') },
  ],
  'asks where the check says that it is not': [
    factsOf(reason, { credential: { state: 'invalid', evidence: 'GET /v1/models: 401' } }),
    'ask',
    {
      because: says('says that it is not valid (GET /v1/models: 401)'),
      ...asks({ evidence: expect.arrayContaining([{ where: 'credential', value: 'invalid: GET /v1/models: 401' }]) }),
    },
  ],
  'is tried twice more where the check could not tell': [
    factsOf(reason, { runs: sameAgain(reason, ['h1', 'h2']), credential: UNTOLD }),
    'retry',
    { because: says('could not tell whether it is valid (no answer)', 'at most 2 times more') },
  ],
  'asks the third time that the check could not tell': [
    factsOf(reason, {
      runs: sameAgain(reason, ['h1', 'h2', 'h1']),
      task: taskOf({ limits: limitsOf({ perReason: 9 }) }),
      credential: UNTOLD,
    }),
    'ask',
    { because: says('could not tell', '3 runs ended that way') },
  ],
});
const UNTOLD = { state: 'unknown', evidence: 'no answer' } as const;

const asksAtOnce = (reason: Reason, because: string): Cases => ({
  'asks at once': [factsOf(reason), 'ask', { because: says(because) }],
});

const quota = (over: { retryAfterMs?: number; resetsAt?: string }) => [runOf(1, failureOf('quota_exhausted', over))];

const BY_REASON: Readonly<Record<Reason, Cases>> = {
  credential_rejected: refusedCredential('credential_rejected'),
  credential_revoked: refusedCredential('credential_revoked'),
  rate_limited: busyProvider('rate_limited'),
  quota_exhausted: {
    'holds until the reset': [
      factsOf('quota_exhausted', { runs: quota({ resetsAt: at(endOf(1) + 5 * HOUR_MS) }) }),
      'hold',
      { afterMs: within(5 * HOUR_MS, 5 * HOUR_MS + 300_000), because: says('the quota resets at 2025-06-01T05:01:00Z') },
    ],
    'holds as long as the provider asks': [
      factsOf('quota_exhausted', { runs: quota({ retryAfterMs: 2 * HOUR_MS }) }),
      'hold',
      { afterMs: within(2 * HOUR_MS, 2 * HOUR_MS + 300_000) },
    ],
    'holds for a whole millisecond where a part of one is left': [
      factsOf('quota_exhausted', { runs: quota({ retryAfterMs: 0.3 }) }),
      'hold',
      { afterMs: within(1, 2) },
    ],
    'retries once the reset has passed': [
      factsOf('quota_exhausted', { runs: quota({ resetsAt: at(endOf(1) + 5 * HOUR_MS) }), now: at(endOf(1) + 6 * HOUR_MS), look: 2 }),
      'retry',
      { because: says('was to be reset at 2025-06-01T05:01:00Z') },
    ],
    'asks when no reset was stated': [factsOf('quota_exhausted'), 'ask', { because: says('no reset time was stated') }],
    'asks when the reset cannot be read': [
      factsOf('quota_exhausted', { runs: quota({ resetsAt: 'next Tuesday' }) }),
      'ask',
      { because: says('no reset time was stated') },
    ],
    'asks when the reset is further away than any plan': [
      factsOf('quota_exhausted', { runs: quota({ resetsAt: at(endOf(1) + MAX_STATED_WAIT_MS + 1000) }) }),
      'ask',
      { because: says('longer than the 8 d that a task waits by itself') },
    ],
  },
  provider_overloaded: busyProvider('provider_overloaded'),
  provider_timeout: busyProvider('provider_timeout'),
  model_unavailable: asksAtOnce('model_unavailable', 'another run would ask for the same model'),

  out_of_memory: elsewhereAtOnce('out_of_memory'),
  disk_full: elsewhereAtOnce('disk_full'),
  tool_missing: {
    'goes to another host at once': [factsOf('tool_missing'), 'retry', { avoid: ['h1'] }],
    'goes to another host where nobody could say which there are': [withoutHosts('tool_missing'), 'retry', { avoid: ['h1'] }],
    'asks when no other host takes these runs': [
      factsOf('tool_missing', { hosts: ['h1'] }),
      'ask',
      { because: says('no other host takes runs of the pool default') },
    ],
    ...suspectOf('tool_missing'),
  },
  killed: elsewhereAtOnce('killed'),
  evicted: elsewhereAtOnce('evicted'),
  heartbeat_lost: elsewhereAtOnce('heartbeat_lost'),
  network_dropped: {
    'goes to another host, with backoff': [factsOf('network_dropped'), 'retry', { avoid: ['h1'], afterMs: within(22_500, 37_500) }],
    ...suspectOf('network_dropped'),
  },

  context_window_exceeded: sameInputs('context_window_exceeded'),
  output_truncated: sameInputs('output_truncated'),
  turn_limit: sameInputs('turn_limit'),
  budget_exhausted: sameInputs('budget_exhausted'),

  crashed_after_output: {
    'finishes when the look confirms it': [factsOf('crashed_after_output', { seen: committed([check('green')]) }), 'finish'],
    'asks when the work is there and nothing proves it whole': [
      factsOf('crashed_after_output', { task: unchecked, seen: committed() }),
      'ask',
      asks({ choices: ['retry', 'finish', 'look', 'wait', 'close'] }),
    ],
    'asks when the look finds less than was said': [
      factsOf('crashed_after_output'),
      'ask',
      { because: says('taken for done', 'commit absent'), ...asks({ choices: ['retry', 'look', 'wait', 'close'] }) },
    ],
  },

  refused: asksAtOnce('refused', 'the answer would be the same'),
  invalid_request: asksAtOnce('invalid_request', 'as malformed as before'),
  infeasible: asksAtOnce('infeasible', 'only its owner can say'),
  output_rejected: {
    'gives one more run the words of the red check': [
      factsOf('output_rejected', { seen: committed([check('red', 'exit 1\n2 failing')]) }),
      'retry',
      {
        because: says('told what is wrong: the check npm test is red'),
        notes: expect.arrayContaining(['The check npm test is red:\nexit 1\n2 failing']),
      },
    ],
    'gives one more run the names of what is missing': [
      factsOf('output_rejected'),
      'retry',
      { notes: expect.arrayContaining(['Not done yet, as far as could be seen: commit absent: it is not there.']) },
    ],
    'asks the second time, and a person may vouch for work with a red check': [
      factsOf('output_rejected', { seen: committed([check('red')]), runs: sameAgain('output_rejected', ['h1', 'h2'], { progress: true }) }),
      'ask',
      {
        because: says('2 runs came back without an output that passes'),
        ...asks({ choices: ['retry', 'finish', 'look', 'wait', 'close'] }),
      },
    ],
  },
  permission_needed: asksAtOnce('permission_needed', 'only a person can give the consent'),
  cancelled: {
    stops: [factsOf('cancelled'), 'stop'],
    'stops though the work is there': [factsOf('cancelled', { seen: committed([check('green')]) }), 'stop'],
  },

  unclassified: {
    ...asksAtOnce('unclassified', 'what is not understood is never retried'),
    'asks though there is progress, another host and no run used up': [
      factsOf('unclassified', { seen: committed([check('red')]), runs: [runOf(1, failureOf('unclassified', { progress: true }))] }),
      'ask',
    ],
  },
};

function withoutHosts(reason: Reason): Facts {
  const { hosts: _, ...facts } = factsOf(reason);
  return facts;
}

function each(cases: Cases): void {
  it.each(Object.entries(cases))('%s', (_sentence, [facts, kind, also]) => {
    expect(decide(facts)).toMatchObject({ kind, ...also });
  });
}

for (const reason of REASON_NAMES) describe(reason, () => each(BY_REASON[reason] ?? {}));

it.each(REASON_NAMES)('%s has at least one case', (reason) => {
  expect(Object.keys(BY_REASON[reason] ?? {})).not.toEqual([]);
});

describe('work that has landed', () => {
  it.each(REASON_NAMES.filter((reason) => reason !== 'cancelled'))(
    'is finished without another run when it is proven, after %s',
    (reason) => {
      expect(decide(factsOf(reason, { seen: committed([check('green')]) }))).toMatchObject({
        kind: 'finish',
        because: says('but its work is there', 'every check is green'),
      });
    },
  );

  const pushed = seenOf({ outputs: [outputSeen('commit', 'present'), outputSeen('push', 'present', { by: 'outlive' })] });
  each({
    'is finished by the good end of its run': [factsOf('killed', { task: unchecked, seen: { ...committed(), goodEnd: true } }), 'finish'],
    'is finished where the task calls any commit conclusive': [
      factsOf('killed', { task: taskOf({ checks: [], outputs: [{ kind: 'commit', by: 'agent', conclusive: true }] }), seen: committed() }),
      'finish',
    ],
    'is finished where its branch stands at the origin': [
      factsOf('killed', { task: taskOf({ checks: [], outputs: [...unchecked.outputs, { kind: 'push', by: 'outlive' }] }), seen: pushed }),
      'finish',
    ],
    'is finished while its host does not answer': [factsOf('heartbeat_lost', { over: false, seen: committed([check('green')]) }), 'finish'],
    'is finished when every ledger is used up': [
      factsOf('killed', { task: taskOf({ limits: limitsOf({ runs: 1 }) }), seen: committed([check('green')]) }),
      'finish',
    ],
    'is continued where nothing proves it whole': [
      factsOf('killed', { task: unchecked, seen: committed(), runs: [runOf(1, failureOf('killed', { progress: true }))] }),
      'retry',
      {
        because: says('nothing proves that they are the whole work', '1 commit (abcdef1234), banked as'),
        notes: [
          says('Run 1 of this task ended before the task was done (host.killed)', 'Run 1 left 1 commit'),
          'The work so far is in your workspace. Verify it first, then do only the rest; do nothing twice.',
        ],
      },
    ],
    'is continued though its files are not committed': [
      factsOf('killed', { seen: seenOf({ outputs: [outputSeen('commit', 'partial')], repository: clone({ dirty: 2 }), bank: banked }) }),
      'retry',
      { because: says('2 changed files not committed'), notes: expect.arrayContaining([says('Verify it first')]) },
    ],
    'is continued from the bank of a host that does not answer': [
      factsOf('heartbeat_lost', { seen: strandedBut(banked) }),
      'retry',
      { because: says('what is kept of the work stands in refs/outlive/'), notes: expect.arrayContaining([says('Verify it first')]) },
    ],
  });

  it('is not promised to a run that starts without it', () => {
    expect(decide(factsOf('killed')).notes).not.toContainEqual(says('Verify it first'));
  });
});

function strandedBut(bank?: Seen['bank']): Seen {
  return { at: at(endOf(1)), outputs: [outputSeen('commit', 'stranded')], checks: [], goodEnd: false, ...(bank ? { bank } : {}) };
}

/** The holds of one end that is looked at again and again, until somebody is asked. */
function waitsUntilAsked(factsAt: (look: number) => Facts): number[] {
  const waits: number[] = [];
  for (let look = 1; ; look += 1) {
    const { kind, afterMs = 0 } = decide(factsAt(look));
    if (kind !== 'hold') return waits;
    waits.push(afterMs);
  }
}

describe('a run that a person wants, long after they were asked', () => {
  const answered = { kind: 'retry', because: 'ann answered retry: go on' } as const;
  each({
    'follows where nothing has come about meanwhile, whatever its reason': [
      factsOf('refused', { answered, granted: 1 }),
      'retry',
      { because: says('ann answered retry: go on', 'had not come about by another hand', 'run 2 of at most 7') },
    ],
    'plans where that was the answer': [factsOf('turn_limit', { answered: { ...answered, kind: 'split' } }), 'split'],
    'does not follow where the whole work is there by now': [factsOf('refused', { answered, seen: committed([check('green')]) }), 'finish'],
    'does not follow before the run before it is known to be over': [factsOf('heartbeat_lost', { answered, over: false }), 'hold'],
    'goes past what the gates would ask about': [
      factsOf('killed', { answered, task: taskOf({ limits: limitsOf({ runs: 1 }) }), runs: sameAgain('killed', ['h1', 'h2']) }),
      'retry',
    ],
  });
});

describe('what nobody could see', () => {
  const byPush = taskOf({ checks: [], outputs: [{ kind: 'push', by: 'agent' }] });
  const unseen = (look: number, reason: Reason = 'killed', over: Partial<Facts> = {}) =>
    factsOf(reason, { look, task: byPush, seen: seenOf({ outputs: [outputSeen('push', 'unknown')] }), ...over });

  each({
    'is looked at again': [unseen(1), 'hold', { afterMs: within(22_500, 37_500), because: says('a failed look is no proof of absence') }],
    'is looked at again before a person is asked for another reason': [unseen(1, 'unclassified'), 'hold'],
    'is looked at again though something else is missing for certain': [
      factsOf('killed', {
        task: taskOf({ outputs: [...unchecked.outputs, ...byPush.outputs] }),
        seen: seenOf({ outputs: [outputSeen('commit', 'absent'), outputSeen('push', 'unknown')] }),
      }),
      'hold',
    ],
    'is looked at again where a check gave no answer': [
      factsOf('killed', { seen: committed([check('unknown', 'it was cut off')]) }),
      'hold',
      { because: says('check npm test: it was cut off') },
    ],
    'is looked at again where a check was not run': [
      factsOf('killed', { seen: committed() }),
      'hold',
      { because: says('1 check not run') },
    ],
  });

  it('is a person’s in the end', () => {
    const looks = waitsUntilAsked(unseen).length + 1;
    expect(decide(unseen(looks))).toMatchObject({
      because: says(`after ${looks} looks it is still not known what is there (push: the origin could not be asked)`),
      ...asks({ choices: ['retry', 'look', 'wait', 'close'], text: says('then answer `look`') }),
    });
  });

  it('is looked at after waits that grow, for about half an hour', () => {
    const waits = waitsUntilAsked(unseen);
    expect(waits).toEqual(waits.toSorted((a, b) => a - b));
    const wholeMs = waits.reduce((sum, ms) => sum + ms, 0);
    expect(wholeMs).toBeGreaterThan(20 * 60_000);
    expect(wholeMs).toBeLessThan(45 * 60_000);
  });
});

describe('a host that is not known to be done', () => {
  const silent = (look: number, reason: Reason = 'heartbeat_lost') => factsOf(reason, { look, over: false, seen: strandedBut() });
  each({
    'gets the time of its lease': [silent(1), 'hold', { afterMs: 300_000, because: says('run 1 may still be at work on h1') }],
    'gets it whatever the run ended as': [silent(1, 'unclassified'), 'hold', { afterMs: 300_000 }],
    'is a person’s then': [
      silent(2),
      'ask',
      { because: says('h1 still does not answer'), ...asks({ text: says('make sure that nothing of the run lives') }) },
    ],
  });
});

describe('work that could not be banked', () => {
  const unbanked = (look: number) =>
    factsOf('killed', {
      look,
      seen: seenOf({ repository: clone({ commits: 1 }), bank: { state: 'failed', evidence: 'fatal: no route to the origin.' } }),
    });
  each({
    'is banked again before a run starts without it': [
      unbanked(1),
      'hold',
      { because: says('banked again in', 'fatal: no route to the origin)') },
    ],
  });

  it('is a person’s in the end', () => {
    expect(decide(unbanked(waitsUntilAsked(unbanked).length + 1))).toMatchObject({ because: says('could still not be banked') });
  });
});

describe('a wait', () => {
  const limited = (now: number) =>
    factsOf('rate_limited', { runs: [runOf(1, failureOf('rate_limited', { retryAfterMs: 2 * HOUR_MS }))], now: at(now), look: 2 });
  const whole = decide(limited(endOf(1))).afterMs ?? 0;

  it('is not waited twice when the decision is made anew', () => {
    expect(decide(limited(endOf(1) + HOUR_MS)).afterMs).toBe(whole - HOUR_MS);
    expect(decide(limited(endOf(1) + whole))).not.toHaveProperty('afterMs');
  });

  it('is no shorter where the host’s clock is ahead of ours', () => {
    expect(decide(limited(endOf(1) - 60_000)).afterMs).toBe(whole);
  });

  each({
    'of more than a plan’s length is a person’s': [
      factsOf('rate_limited', { runs: [runOf(1, failureOf('rate_limited', { retryAfterMs: Number.MAX_VALUE }))] }),
      'ask',
      { because: says('until the end of time') },
    ],
    'that is no number is no word at all': [
      factsOf('rate_limited', { runs: [runOf(1, failureOf('rate_limited', { retryAfterMs: Number.NaN }))] }),
      'retry',
      { because: says('of backoff') },
    ],
  });
});

describe('another host', () => {
  const onTwo = [runOf(1, failureOf('tool_missing'), { host: 'h1' }), runOf(2, failureOf('killed'), { host: 'h2' })];
  each({
    'is one that has not failed the task yet': [factsOf('killed', { runs: onTwo }), 'retry', { avoid: ['h1', 'h2'] }],
    'is any but the last where all have failed it': [factsOf('killed', { runs: onTwo, hosts: ['h1', 'h2'] }), 'retry', { avoid: ['h2'] }],
    'is not looked for when the provider is to blame': [
      factsOf('rate_limited', { runs: [runOf(1, failureOf('rate_limited'))] }),
      'retry',
      { because: says('run 2 of at most 6 follows') },
    ],
  });

  it('is not named where the run never had a host', () => {
    const { host: _, ...homeless } = runOf(1, failureOf('killed'));
    expect(decide(factsOf('killed', { runs: [homeless] }))).not.toHaveProperty('avoid');
  });
});

describe('a ledger', () => {
  const five = sameAgain('rate_limited', ['h1', 'h2', 'h1', 'h2', 'h1', 'h2']).map((run, index) =>
    index % 2 === 0 ? run : { ...run, failure: failureOf('provider_overloaded') },
  );
  const sixUsed = (granted: number) =>
    factsOf('provider_overloaded', { runs: five, granted, task: taskOf({ limits: limitsOf({ perReason: 9 }) }) });
  const unstarted = (granted: number) =>
    factsOf('network_dropped', {
      granted,
      runs: sameAgain('rate_limited', ['h1', 'h1', 'h1']).map((run) => ({ ...run, entered: false })),
    });
  each({
    'of runs asks when it is used up': [sixUsed(0), 'ask', { because: says('the limit of 6 runs is used up') }],
    'of runs is lifted by a person’s grant': [sixUsed(1), 'retry', { because: says('run 7 of at most 7') }],
    'of runs that never started asks too': [unstarted(0), 'ask', { because: says('3 runs could not even start') }],
    'of runs that never started is lifted by a grant': [unstarted(1), 'retry', { because: says('run 4 of at most 10') }],
    'of run time asks when it is used up': [
      factsOf('killed', { task: taskOf({ limits: limitsOf({ wallMs: 60_000 }) }) }),
      'ask',
      { because: says('run time of 60 s is used up'), ...asks({ text: says('Answer `retry` for one more run') }) },
    ],
    'of cost counts a run of unknown cost as its cap': [
      factsOf('killed', { task: taskOf({ limits: limitsOf({ costUsd: 5, run: { wallMs: 1, stallMs: 1, costUsd: 5 } }) }) }),
      'ask',
      { because: says("the task's $5 are used up ($5.00 counted)") },
    ],
  });
});

describe('the same failure twice', () => {
  each({
    'is a person’s without progress': [
      factsOf('killed', { runs: sameAgain('killed', ['h1', 'h1']) }),
      'ask',
      { because: says('came twice without any progress') },
    ],
    'is retried with progress': [factsOf('killed', { runs: sameAgain('killed', ['h1', 'h1'], { progress: true }) }), 'retry'],
    'is not the same after a grant, until it comes again': [
      factsOf('killed', { runs: sameAgain('killed', ['h1', 'h1']), granted: 1 }),
      'retry',
    ],
  });
});

describe('a question', () => {
  it('carries what was seen of the end, of every output and of every check', () => {
    const { ask } = decide(factsOf('unclassified', { seen: committed([check('red', 'exit 1')]) }));
    expect(ask).toEqual({
      text: 'Run 1 ended as unknown.unclassified (the agent says so): the last words do not say, or say something that no reason covers. What is not understood is never retried. Run 1 left 1 commit (abcdef1234), banked as refs/outlive/fix-login/run-1-0a1b2c3d. Read the run’s last words, then answer `retry` or `close`.',
      evidence: [
        { where: 'result.reason', value: 'unclassified' },
        { where: 'output commit', value: 'present: it is there' },
        { where: 'check npm test', value: 'red: exit 1' },
      ],
      choices: ['retry', 'finish', 'look', 'wait', 'close'],
    });
  });

  it('tells the run that a person may start what the last one left', () => {
    const { notes } = decide(factsOf('turn_limit', { seen: committed([check('red', 'exit 1')]) }));
    expect(notes).toEqual([
      says('Run 1 of this task ended before the task was done (context.turn_limit)'),
      says('Verify it first'),
      'The check npm test is red:\nexit 1',
    ]);
  });
});

describe('what is said', () => {
  const sentences = Object.entries(BY_REASON).flatMap(([reason, cases]) =>
    Object.entries(cases).map(([sentence, [facts]]) => [`${reason} ${sentence}`, decide(facts)] as const),
  );

  it.each(sentences)(
    'tells the end of the run, or the wait, in the hundred characters that a timeline shows: %s',
    (_name, { because, kind }) => {
      const start = because.slice(0, 100);
      expect(start).toMatch(kind === 'hold' ? /again|resets at/ : kind === 'stop' ? /stopped/ : /^run \d+ ended as [a-z_]+\.[a-z_]+/);
    },
  );

  it.each(sentences)('has no doubled or stray punctuation: %s', (_name, { because, ask, notes = [] }) => {
    for (const text of [because, ask?.text ?? '', ...notes])
      expect(text).not.toMatch(/[.;:,]\s*[.;:,]|\(\s*\)|\s[.;:,]| {2}|undefined|NaN/);
  });

  it('quotes evidence on one line and without its own full stop', () => {
    const evidence = [{ where: 'stderr', value: 'error: it broke.\n  at line 3.\n' }];
    expect(decide(factsOf('unclassified', { runs: [runOf(1, failureOf('unclassified', { evidence }))] })).because).toBe(
      'run 1 ended as unknown.unclassified (stderr: error: it broke. at line 3); what is not understood is never retried, so a person is asked',
    );
  });
});
