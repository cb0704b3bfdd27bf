import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { appendLines, readJson, replaceFile, reserveFile } from '../../src/host/durable-file.ts';
import { tempFolder } from './scratch.ts';
import { fillUp, smallDisk } from './small-disk.ts';

describe('a list of lines', () => {
  it('grows by one line of JSON at a time', async () => {
    const path = join(await tempFolder(), 'list');
    await appendLines(path, [{ a: 'two\nlines' }]);
    await appendLines(path, [[1]]);
    expect(await readFile(path, 'utf8')).toBe('{"a":"two\\nlines"}\n[1]\n');
  });

  it('loses no line where many write at once', async () => {
    const path = join(await tempFolder(), 'list');
    await Promise.all(Array.from({ length: 50 }, (_, index) => appendLines(path, [{ index }])));
    const lines = (await readFile(path, 'utf8')).trim().split('\n');
    expect(new Set(lines).size).toBe(50);
  });

  it('takes the whole of a line or nothing of it, where the disk becomes full in the middle', async (context) => {
    const disk = await smallDisk(context);
    const path = join(disk, 'journal');
    const first = `${JSON.stringify({ words: 'x'.repeat(4000) })}\n`;
    await writeFile(path, first);
    await fillUp(disk);
    await expect(appendLines(path, [{ words: 'y'.repeat(200) }])).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(await readFile(path, 'utf8')).toBe(first);
    await rm(join(disk, 'ballast'));
    await appendLines(path, [{ words: 'z' }]);
    expect(await readFile(path, 'utf8')).toBe(`${first}{"words":"z"}\n`);
  });
});

describe('a file that is replaced', () => {
  it('is the new one as a whole, and nothing lies beside it', async () => {
    const folder = await tempFolder();
    const path = join(folder, 'lease.json');
    await replaceFile(path, { until: 1 });
    await replaceFile(path, { until: 2 });
    expect(await readJson(path)).toEqual({ until: 2 });
    expect(await readdir(folder)).toEqual(['lease.json']);
  });

  it('is never met half-written', async () => {
    const path = join(await tempFolder(), 'order.json');
    const long = 'x'.repeat(100_000);
    await replaceFile(path, { long });
    let isOver = false;
    const writing = Promise.all(Array.from({ length: 40 }, () => replaceFile(path, { long }))).finally(() => {
      isOver = true;
    });
    while (!isOver) expect(await readJson(path)).toEqual({ long });
    await writing;
  });

  it('leaves the old one and no litter where it cannot be put in its place', async () => {
    const folder = await tempFolder();
    const path = join(folder, 'taken');
    await mkdir(join(path, 'x'), { recursive: true });
    await expect(replaceFile(path, 1)).rejects.toThrow();
    expect(await readdir(folder)).toEqual(['taken']);
  });
});

describe('a file that is read', () => {
  it('is undefined where there is none, and an error where it is no JSON', async () => {
    const path = join(await tempFolder(), 'file');
    expect(await readJson(path)).toBeUndefined();
    await writeFile(path, '{"half":');
    await expect(readJson(path)).rejects.toThrow(SyntaxError);
  });
});

describe('a file whose room was reserved', () => {
  it('is there only once it is written', async () => {
    const path = join(await tempFolder(), 'outcome.json');
    const reserved = await reserveFile(path);
    expect(await readJson(path)).toBeUndefined();
    await reserved.write({ exitCode: 0 });
    expect(await readJson(path)).toEqual({ exitCode: 0 });
  });

  it('may be reserved anew by whoever comes after one that died', async () => {
    const folder = await tempFolder();
    const path = join(folder, 'outcome.json');
    await writeFile(`${path}.tmp`, 'of the first'.padEnd(5000));
    await (await reserveFile(path)).write({ by: 'the second' });
    expect(await readJson(path)).toEqual({ by: 'the second' });
    expect(await readdir(folder)).toEqual(['outcome.json']);
  });

  it('can be written on a disk that is full by then', async (context) => {
    const disk = await smallDisk(context);
    const path = join(disk, 'outcome.json');
    const reserved = await reserveFile(path);
    await fillUp(disk);
    await expect(appendLines(join(disk, 'journal'), [{ kind: 'ending' }])).rejects.toMatchObject({ code: 'ENOSPC' });
    await expect(replaceFile(join(disk, 'lease.json'), { until: 1 })).rejects.toMatchObject({ code: 'ENOSPC' });
    const value = { words: 'x'.repeat(4000) };
    await reserved.write(value);
    expect(await readJson(path)).toEqual(value);
  });

  it('is refused at once, and leaves nothing, where there is no room', async (context) => {
    const disk = await smallDisk(context);
    await fillUp(disk);
    await expect(reserveFile(join(disk, 'outcome.json'))).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(await readdir(disk)).toEqual(['ballast']);
  });
});
