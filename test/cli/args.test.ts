import { InvalidArgumentError } from 'commander';
import { describe, expect, it } from 'vitest';
import { atLeastOne, choice, count, duration, hostId, hostIdFrom, queueWord, queueWords, setting, taskId } from '../../src/cli/args.ts';

describe('what people type after a command', () => {
  it.each([
    ['a task id', taskId, 'fix-login', 'fix-login'],
    ["the workflow's id, as the Web UI shows it", taskId, 'task/fix-login', 'fix-login'],
    ['a duration', duration, '30m', 1_800_000],
    ['a count', count, '0', 0],
    ['a count that must not be zero', atLeastOne, '4', 4],
    ['a pool', queueWord, 'gpu.large', 'gpu.large'],
    ['a host', hostId, 'build-1', 'build-1'],
    ["the id of a host's entity, as the Web UI shows it", hostId, 'health/host/build-1', 'build-1'],
    ['a choice', choice, 'retry', 'retry'],
  ] as const)('reads %s', (_, parse, text, value) => {
    expect((parse as (text: string) => unknown)(text)).toBe(value);
  });

  it.each([
    ['a task id in capitals', taskId, 'Fix'],
    ['a task id with a path in it', taskId, 'task/../x'],
    ['a duration without a unit', duration, '30'],
    ['a count that is none', count, '-1'],
    ['no runs at once', atLeastOne, '0'],
    ['a pool with a space', queueWord, 'gpu large'],
    ['a host whose queue would be a part of another one', hostId, 'build-1.runs'],
    ['a choice that nobody offers', choice, 'maybe'],
    ["a name of JavaScript's own", choice, 'toString'],
    ['a setting without a value', setting, 'runs'],
    ['a setting that an answer may not change', setting, 'owner=me'],
    ['a limit of time that is a number', setting, 'wall=5'],
    ['a limit of runs that is a duration', setting, 'runs=5m'],
  ] as const)('refuses %s', (_, parse, text) => {
    expect(() => (parse as (text: string) => unknown)(text)).toThrow(InvalidArgumentError);
  });

  it('collects what may be given again: pools and settings', () => {
    expect(queueWords('b', queueWords('a'))).toEqual(['a', 'b']);
    expect(setting('run.wall=2h', setting('runs=8'))).toEqual({ runs: 8, 'run.wall': '2h' });
  });

  it.each([
    ['Build-Box.example.com', 'build-box'],
    ['my mac (2)', 'my-mac-2'],
    ['日本', 'host'],
    ['', 'host'],
  ])('makes a host id out of %j', (hostname, id) => {
    expect(hostIdFrom(hostname)).toBe(id);
    expect(queueWord(id)).toBe(id);
  });
});
