import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readTail } from '../../src/host/tail.ts';
import { tempFolder } from './scratch.ts';

async function tailOf(content: string | Buffer, bytes: number): Promise<string> {
  const file = join(await tempFolder(), 'log');
  await appendFile(file, content);
  return readTail(file, bytes);
}

describe('the tail of a file', () => {
  it('is all of a short file', async () => {
    expect(await tailOf('short', 100)).toBe('short');
  });

  it('is the end of a long one', async () => {
    expect(await tailOf('0123456789', 4)).toBe('6789');
  });

  it('does not begin with half a character', async () => {
    expect(await tailOf('a€bc', 4)).toBe('bc');
    expect(await tailOf('a€bc', 5)).toBe('€bc');
  });

  it('does not end with half a character', async () => {
    expect(await tailOf(Buffer.from('done €').subarray(0, -1), 100)).toBe('done ');
  });

  it('is empty where there is no file', async () => {
    expect(await readTail(join(await tempFolder(), 'none'), 10)).toBe('');
  });
});
