import { describe, expect, it } from 'vitest';
import { COLOURED, PLAIN } from '../../src/cli/ink.ts';
import { renderTask } from '../../src/cli/render.ts';
import { renderList } from '../../src/cli/render-list.ts';
import { ASKING, DONE, NOW, RUNNING } from './a-task.ts';

const look = { ink: PLAIN, now: NOW };

describe('a task as text', () => {
  it('tells runs, grounds, decisions and outputs, and ends with the exact commands that answer', () => {
    expect(renderTask(ASKING, look)).toMatchInlineSnapshot(`
      "fix-login  Fix the login redirect
        state  asking (unchecked: its spec has no checks)
        owner  web-team

      runs
        1  command on host-a, 2026-03-01 10:00:00Z, 12 min: failed host.killed
           known by what the supervisor did, with progress
           exit.signal: SIGKILL
           → retry after 5 s: killed once, by nobody known: another host may do better
           1200 tokens in, 0.50 USD
        2  command on host-b, 2026-03-01 10:00:00Z, 12 min: failed host.killed
           known by what the supervisor did, with progress
           exit.signal: SIGKILL
           → ask: killed on two hosts: the task is suspect
           1200 tokens in, 0.50 USD

      outputs
        commit  present              1 commit, 4f2a9c1
        push    absent   by Outlive  no branch outlive/fix-login at the origin

      answers
        2026-03-01 11:00:00Z  ana answered q1:  retry (use the staging key)
        refused  2026-03-01T11:01:00.000Z "maybe" is no choice here

      question
        q2, asked 30 min ago, owner web-team
        The run was killed on two hosts. Is the task too large for them?
          exit.signal: SIGKILL
        answer with one of
          outlive answer fix-login retry --note '…'  one more run; your note goes into its prompt
          outlive answer fix-login finish            you vouch for the work that is there: Outlive makes the rest without a run
          outlive answer fix-login close             the work cannot be done: the task ends as failed"
    `);
  });

  it('tells how a task ended and what it took', () => {
    expect(renderTask(DONE, look)).toMatchInlineSnapshot(`
      "fix-login  Fix the login redirect
        state  done
        owner  web-team

      runs
        1  command on host-a, 2026-03-01 10:00:00Z, 12 min: finished

      outputs
        file  present    report.md (made 2026-03-01 10:11:00Z)

      result
        done: every output is present, every check green
        2 runs (1 × host.killed), waited 3 min"
    `);
  });

  it('says how long a run has been under way', () => {
    expect(renderTask(RUNNING, look)).toMatchInlineSnapshot(`
      "fix-login  Fix the login redirect
        state  running
        owner  web-team

      runs
        1  command, 2026-03-01 11:58:00Z, for 2 min now: under way"
    `);
  });

  it('says where the work is kept', () => {
    const bank = {
      state: 'banked',
      ref: 'refs/outlive/fix-login/run-1-0198c0de',
      head: '4f2a9c1b2d3e4f5a',
      at: 'origin',
      host: 'host-a',
    } as const;
    const lineOf = (task: object) => renderTask({ ...RUNNING, ...task }, look).split('\n')[3];
    expect(lineOf({ bank })).toBe('  bank   refs/outlive/fix-login/run-1-0198c0de at 4f2a9c1b2d, at the origin');
    expect(lineOf({ bank: { ...bank, wip: 'aa', at: 'host' } })).toBe(
      '  bank   refs/outlive/fix-login/run-1-0198c0de at 4f2a9c1b2d, and uncommitted work beside it, on host host-a only',
    );
  });

  it('says that no host has taken a run yet', () => {
    expect(renderTask({ ...RUNNING, state: 'queued' }, look)).toMatchInlineSnapshot(`
      "fix-login  Fix the login redirect
        state  queued
        owner  web-team

      runs
        1  command, offered 2026-03-01 11:58:00Z: no host has taken it yet"
    `);
  });

  it('says so too of a run that an incident holds back, and not that it is under way', () => {
    expect(renderTask({ ...RUNNING, state: 'held' }, look)).toContain('1  command, offered 2026-03-01 11:58:00Z: no host has taken it yet');
  });

  it('says what a hold waits for, until when, and why', () => {
    const hold = {
      for: 'time',
      since: '2026-03-01T11:59:00.000Z',
      until: '2026-03-01T12:05:00.000Z',
      owner: 'web-team',
      because: 'rate limited: the provider asked for 6 min',
    } as const;
    expect(renderTask({ ...RUNNING, state: 'held', runs: [], hold }, look)).toMatchInlineSnapshot(`
      "fix-login  Fix the login redirect
        state  held
        owner  web-team
        waits  for a time since 2026-03-01 11:59:00Z (60 s), until 2026-03-01 12:05:00Z (5 min left): rate limited: the provider asked for 6 min"
    `);
  });

  it('prints nothing that an agent wrote as a command to the terminal', () => {
    const nasty = '\u001b[2J\u001b]0;owned\u0007\u009b31mred\nstate  done\u202e';
    const outputs = ASKING.outputs.map((output) => ({ ...output, evidence: nasty }));
    const text = renderTask({ ...ASKING, title: nasty, owner: nasty, outputs }, look);
    expect(text.split('\n').slice(0, 3)).toEqual([
      'fix-login  31mred state done',
      `  state  asking (unchecked: its spec has no checks)`,
      '  owner  31mred state done',
    ]);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  });

  it('colours nothing but what is coloured on a terminal: the words are the same', () => {
    const coloured = renderTask(ASKING, { ink: COLOURED, now: NOW });
    expect(coloured).toContain('\u001b[33masking\u001b[39m');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours
    expect(coloured.replace(/\u001b\[\d+m/g, '')).toBe(renderTask(ASKING, look));
  });
});

describe('the fleet as text', () => {
  it('is a table with one line a task', () => {
    const rows = [
      {
        id: 'fix-login',
        title: 'Fix the login redirect',
        state: 'asking',
        owner: 'web-team',
        runs: 2,
        reason: 'host.killed',
        since: '2026-03-01T11:30:00.000Z',
      },
      { id: 'a', title: 'x'.repeat(80), state: 'queued', owner: '', runs: 0, since: '2026-03-01T11:59:59.000Z' },
    ] as const;
    expect(renderList(rows, look)).toMatchInlineSnapshot(`
      "id         state   for     runs  owner     reason       title
      fix-login  asking  30 min  2     web-team  host.killed  Fix the login redirect
      a          queued  1 s     0     -         -            xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…"
    `);
  });

  it('says how to start one where there is none', () => {
    expect(renderList([], look)).toBe('No task matches. Start one: outlive submit FILE');
  });
});
