// Every export of this file is a workflow type.
export { health } from './health.ts';
export { readLog } from './read-log.ts';
export { task } from './task.ts';
