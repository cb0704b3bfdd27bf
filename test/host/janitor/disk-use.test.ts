import { link, mkdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { createDiskMeter } from '../../../src/host/janitor/disk-use.ts';
import { tempFolder } from '../scratch.ts';

const signal = new AbortController().signal;

async function makeTree(): Promise<{ folder: string; one: string; two: string }> {
  const folder = await tempFolder();
  const [one, two] = [join(folder, 'one'), join(folder, 'two')];
  for (const path of [join(one, 'deep'), two]) await mkdir(path, { recursive: true });
  await writeFile(join(one, 'deep', 'objects'), Buffer.alloc(1_000_000, 1));
  await link(join(one, 'deep', 'objects'), join(two, 'objects'));
  await writeFile(join(two, 'own'), Buffer.alloc(10_000, 1));
  await symlink(one, join(two, 'elsewhere'));
  return { folder, one, two };
}

/** What the system says of them, asked in this order. */
async function du(...folders: string[]): Promise<number[]> {
  const { stdout } = await execa('du', ['-sk', ...folders]);
  return stdout.split('\n').map((line) => Number(line.split('\t')[0]) * 1024);
}

describe('what folders take', () => {
  it('is what the system says, with objects that they share counted once', async () => {
    const { one, two } = await makeTree();
    const measure = createDiskMeter(signal);
    const measured = [(await measure(one)).bytes, (await measure(two)).bytes];
    expect(measured).toEqual(await du(one, two));
    expect(measured[1]).toBeLessThan(100_000);
  });

  it('is counted anew by another look', async () => {
    const { one, two } = await makeTree();
    await createDiskMeter(signal)(one);
    expect((await createDiskMeter(signal)(two)).bytes).toBeGreaterThan(1_000_000);
  });

  it('comes with the time of the newest change', async () => {
    const { one } = await makeTree();
    const then = new Date('2030-01-01T00:00:00Z');
    await utimes(join(one, 'deep', 'objects'), then, then);
    expect((await createDiskMeter(signal)(one)).newest).toBe(then.getTime());
  });

  it('is nothing where nothing is', async () => {
    expect(await createDiskMeter(signal)(join(await tempFolder(), 'nowhere'))).toEqual({ bytes: 0, newest: 0 });
  });
});
