// What a user's own worker or script imports.
export { type Config, ConfigError, loadConfig } from './config.ts';
export { connectClient, connectionOptions } from './connection.ts';
export { CodecFailed, loadDataConverter } from './data-converter.ts';
export type { TaskResult, TaskState, TaskStatus } from './domain/contract.ts';
export type { Answer, Stop } from './domain/question.ts';
export { RunFailure, type RunFailureDetails } from './domain/run-failure.ts';
export type { TaskSpec } from './domain/task.ts';
export { startTask, TaskDiffers, TaskSpecRefused } from './start-task.ts';
export { runWorker, type WorkerSettings } from './worker.ts';
