import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { findProgram } from '../../src/host/find-program.ts';
import { tempFolder } from './scratch.ts';

/** Two folders with a program `tool` in each; `notes` in the first is none. */
async function places() {
  const folder = await tempFolder();
  const [first, second] = [join(folder, 'first'), join(folder, 'second')];
  for (const place of [first, second]) {
    await mkdir(join(place, 'a-folder'), { recursive: true });
    await writeFile(join(place, 'tool'), '#!/bin/sh\n');
    await chmod(join(place, 'tool'), 0o755);
  }
  await writeFile(join(first, 'notes'), '');
  await chmod(join(first, 'notes'), 0o644);
  return { folder, first, second, path: `${first}:${second}` };
}

const codeOf = (find: () => string): unknown => {
  try {
    return find();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return { code, message };
  }
};

it('a program is found in the first folder of the PATH that has it', async () => {
  const { first, second, path, folder } = await places();
  expect(findProgram('tool', path, '/')).toBe(join(first, 'tool'));
  expect(findProgram('tool', `${join(folder, 'none')}:${second}`, '/')).toBe(join(second, 'tool'));
});

it('a program without execution rights is passed over for a later one', async () => {
  const { first, second, path } = await places();
  await chmod(join(first, 'tool'), 0o644);
  expect(findProgram('tool', path, '/')).toBe(join(second, 'tool'));
});

it('a folder is no program', async () => {
  const { path } = await places();
  expect(codeOf(() => findProgram('a-folder', path, '/'))).toEqual({
    code: 'ENOENT',
    message: 'there is no program a-folder on this host',
  });
});

it('a name with a slash is a path, looked at from the working directory', async () => {
  const { first } = await places();
  expect(findProgram('./tool', '/nowhere', first)).toBe(join(first, 'tool'));
  expect(findProgram(join(first, 'tool'), undefined, '/')).toBe(join(first, 'tool'));
  expect(codeOf(() => findProgram('./tool', first, '/'))).toMatchObject({ code: 'ENOENT' });
});

it('an empty part of the PATH is the working directory', async () => {
  const { second } = await places();
  expect(findProgram('tool', '/nowhere:', second)).toBe(join(second, 'tool'));
});

it('without a PATH the system’s own is taken', () => {
  expect(findProgram('sh', undefined, '/')).toMatch(/\/bin\/sh$/);
});

it('a program that is there and may not be run says more than folders that have none', async () => {
  const { path } = await places();
  expect(codeOf(() => findProgram('notes', path, '/'))).toEqual({
    code: 'EACCES',
    message: expect.stringMatching(/^notes may not be executed: EACCES/),
  });
});

it('a link that leads nowhere, or round and round, is no program', async () => {
  const { first, path } = await places();
  await symlink('nowhere', join(first, 'lost'));
  await symlink('round', join(first, 'round'));
  expect(codeOf(() => findProgram('lost', path, '/'))).toMatchObject({ code: 'ENOENT' });
  expect(codeOf(() => findProgram('round', path, '/'))).toMatchObject({ code: 'ELOOP' });
});

it('nothing is no program', async () => {
  const { path } = await places();
  expect(codeOf(() => findProgram('', path, '/'))).toMatchObject({ code: 'ENOENT' });
});
