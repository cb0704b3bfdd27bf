import { spawn } from 'node:child_process';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it, onTestFinished } from 'vitest';
import { lockHost } from '../../src/host/host-lock.ts';
import { tempFolder } from './scratch.ts';

const SCRIPT = `
  import { lockHost } from ${JSON.stringify(new URL('../../src/host/host-lock.ts', import.meta.url).href)};
  process.stdin.once('data', () => lockHost(process.argv[1], 'h1').then(() => console.log('held'), ({ code }) => console.log(code)));
  console.log('ready');
`;

/** A process that takes the lock when it is told, and keeps it until the test ends. */
async function starter(state: string): Promise<{ take(): Promise<string | undefined> }> {
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', SCRIPT, state], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const gone = new Promise((resolve) => child.once('exit', resolve));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await gone;
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  await lines.next();
  return {
    take: async () => {
      child.stdin.write('go\n');
      return (await lines.next()).value;
    },
  };
}

it('a host has one worker at a time, also within one process, and the next one once it has let go', async () => {
  const state = await tempFolder();
  const unlock = await lockHost(state, 'h1');
  await expect(lockHost(state, 'h1')).rejects.toMatchObject({
    code: 'host_taken',
    message: expect.stringContaining(`pid ${process.pid}`),
  });
  expect(await (await starter(state)).take()).toBe('host_taken');
  await unlock();
  expect(await readdir(state)).toEqual([]);
  expect(await (await starter(state)).take()).toBe('held');
});

it('a worker that died leaves nothing that keeps the next one away', async () => {
  const state = await tempFolder();
  await writeFile(join(state, `worker-${2 ** 22 + 1}-1.lock`), '');
  // The number is somebody else's by now.
  await writeFile(join(state, `worker-${process.pid}-1.lock`), '');
  await lockHost(state, 'h1');
  expect(await readdir(state)).toHaveLength(1);
});

it('of several that start at the same moment after one that died, never two have it', { timeout: 60_000 }, async () => {
  const state = await tempFolder();
  await writeFile(join(state, `worker-${2 ** 22 + 1}-1.lock`), '');
  const starters = await Promise.all([starter(state), starter(state), starter(state)]);
  const said = await Promise.all(starters.map(({ take }) => take()));
  expect(said.filter((word) => word === 'held').length).toBeLessThan(2);
  expect(said.filter((word) => word !== 'held')).toEqual(expect.arrayContaining(['host_taken']));
});
