// The end of a file that a process writes to. Only the end is ever read: an agent may write gigabytes.

import { open } from 'node:fs/promises';

/** At most the last `bytes` bytes, without the halves of characters at either end. Empty where there is no file. */
export async function readTail(path: string, bytes: number): Promise<string> {
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (!file) return '';
  try {
    const { size } = await file.stat();
    const from = Math.max(0, size - bytes);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.min(size, bytes)), 0, Math.min(size, bytes), from);
    const read = buffer.subarray(0, bytesRead);
    // `stream` leaves out a last character whose end has not been written yet.
    return new TextDecoder().decode(read.subarray(from === 0 ? 0 : firstWholeCharacter(read)), { stream: true });
  } finally {
    await file.close();
  }
}

function firstWholeCharacter(bytes: Buffer): number {
  const start = bytes.findIndex((byte) => (byte & 0b1100_0000) !== 0b1000_0000);
  // A UTF-8 character has at most three such bytes: more of them are no UTF-8 at all, and are shown as they are.
  return start >= 0 && start <= 3 ? start : 0;
}
