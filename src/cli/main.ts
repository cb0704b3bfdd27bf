#!/usr/bin/env node
import { EXIT } from './errors.ts';
import { runCli } from './program.ts';

// Whoever reads our output may stop reading: `outlive list | head -1` is no error.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

process.exitCode = EXIT.notSo;
process.exitCode = await runCli(process.argv.slice(2), process);

// A connection that does not close must not keep the command from ending; output that is still to be read does.
const STILL_THERE_MS = 500;
setInterval(() => {
  if (process.stdout.writableLength === 0) process.exit();
}, STILL_THERE_MS).unref();
