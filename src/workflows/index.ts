// Every export of this file is a workflow type.
export { task } from './task.ts';
