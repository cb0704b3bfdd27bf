import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { leaseClock, readLease, writeLease } from '../../src/host/lease.ts';
import { tempFolder } from './scratch.ts';

describe('the clock of leases', () => {
  it('counts seconds since the machine was booted, and never goes back', async () => {
    const before = leaseClock();
    const [uptime] = (await readFile('/proc/uptime', 'utf8')).split(' ').map(Number);
    const after = leaseClock();
    expect(uptime).toBeGreaterThanOrEqual(before);
    expect(after).toBeGreaterThanOrEqual(uptime ?? 0);
  });
});

describe('a lease', () => {
  it('is what was written last', async () => {
    const path = join(await tempFolder(), 'lease.json');
    await writeLease(path, 100);
    await writeLease(path, 160.25);
    expect(await readLease(path)).toBe(160.25);
  });

  it.each([
    ['half of one', '{"until":1'],
    ['none', 'null'],
    ['a text', '{"until":"later"}'],
    ['nothing', ''],
  ])('is left as it is known where there is %s', async (_, text) => {
    const path = join(await tempFolder(), 'lease.json');
    await writeFile(path, text);
    expect(await readLease(path)).toBeUndefined();
  });

  it('is left as it is known where there is no file, or none that can be read', async () => {
    const folder = await tempFolder();
    expect(await readLease(join(folder, 'lease.json'))).toBeUndefined();
    await mkdir(join(folder, 'folder'));
    expect(await readLease(join(folder, 'folder'))).toBeUndefined();
  });

  it('cannot be renewed for a run that has no folder', async () => {
    await expect(writeLease(join(await tempFolder(), 'none', 'lease.json'), 1)).rejects.toThrow(/ENOENT/);
  });
});
