// A disk of one megabyte, to fill. Only root may mount one, and only on Linux.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { onTestFinished, type TestContext } from 'vitest';
import { freeSpace } from '../../src/host/free-space.ts';
import { tempFolder } from './scratch.ts';

/** Skips the test, with the system's word why, where no disk can be mounted. */
export async function smallDisk({ skip }: TestContext): Promise<string> {
  const folder = join(await tempFolder(), 'disk');
  await mkdir(folder);
  const mounted = await execa('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder], { reject: false, stdin: 'ignore' });
  if (mounted.exitCode !== 0) {
    const why = `no small disk can be mounted here: ${mounted.stderr || mounted.shortMessage}`;
    process.stderr.write(`skipped: ${why}\n`);
    skip(why);
  }
  onTestFinished(async () => void (await execa('umount', [folder])));
  return folder;
}

/** Until not one more byte goes onto it. */
export async function fillUp(disk: string): Promise<void> {
  const left = freeSpace(disk);
  await writeFile(join(disk, 'ballast'), Buffer.alloc(left));
}
