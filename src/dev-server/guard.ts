// Holds a dev server as its child, so that the server never outlives the process that asked for it: when that
// process goes, however it goes, the kernel closes the channel between them, and the guard ends the server.
// Runs in a session of its own, so a Ctrl-C in the terminal reaches neither; needs nothing but node.
// Arguments: log file (or empty), binary, the binary's arguments.

import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import type { GuardMessage } from './guard-message.ts';

const PATIENCE_MS = 5000;
const TAIL_LENGTH = 4000;

const [, , logFile = '', binary = '', ...args] = process.argv;
const log = logFile ? createWriteStream(logFile, { flags: 'a' }) : undefined;
// A full disk must not end the server: it works without its log.
log?.on('error', () => undefined);
let tail = '';

const server = spawn(binary, args, { stdio: ['ignore', 'pipe', 'pipe'] });
for (const output of [server.stdout, server.stderr]) output.on('data', keep);
server.on('spawn', () => tell({ kind: 'started', pid: server.pid as number }));
server.on('error', (error) => over(error.message));
server.on('close', (code, signal) => over(signal ? `killed by ${signal}` : `exit code ${code}`));

process.on('disconnect', endServer);
// The parent may have gone while this file was being loaded, before anybody listened.
if (!process.connected) endServer();
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, endServer);

function keep(chunk: Buffer): void {
  tail = (tail + chunk.toString()).slice(-TAIL_LENGTH);
  log?.write(chunk);
}

function endServer(): void {
  server.kill('SIGTERM');
  setTimeout(() => server.kill('SIGKILL'), PATIENCE_MS).unref();
}

/** Once it is told of, its log is whole. */
function over(because: string): void {
  const end = () => tell({ kind: 'ended', because, tail }, () => process.exit(0));
  if (!log || log.destroyed) end();
  else log.end(end);
}

/** The callback is called even where nobody listens any more. */
function tell(message: GuardMessage, then: () => void = () => undefined): void {
  if (process.connected) process.send?.(message, then);
  else then();
}
