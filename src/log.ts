// A worker's log: one JSON line an event on stderr, for whoever collects it. OUTLIVE_LOG sets the level.
import { type Logger, pino } from 'pino';

export type Log = Logger;

export const createLog = (env: NodeJS.ProcessEnv): Log =>
  pino({ name: 'outlive', level: env['OUTLIVE_LOG'] || 'info' }, pino.destination(2));
