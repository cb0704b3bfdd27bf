// What a user's own worker or script imports.
export type { Agent, Agents, AgentWords, Driver, Launch, Reader, Start } from './agents/agent.ts';
export { asked, denied, failed, finished, type Heard, spent, spentInAll, spoke, toolBegan, triesAgain } from './agents/heard.ts';
export { type Config, ConfigError, loadConfig } from './config.ts';
export { connectClient, connectionOptions } from './connection.ts';
export { CodecFailed, loadDataConverter } from './data-converter.ts';
export type { TaskResult, TaskState, TaskStatus } from './domain/contract.ts';
export type { Ending, Rule } from './domain/ending.ts';
export type { Notice } from './domain/notice.ts';
export { PROCESS_RULES } from './domain/process-rules.ts';
export type { Answer, Stop } from './domain/question.ts';
export { RunFailure, type RunFailureDetails } from './domain/run-failure.ts';
export type { TaskSpec } from './domain/task.ts';
export type { Notify } from './host/notice-channels.ts';
export { createOutlive, type Outlive, type OutliveOptions } from './outlive.ts';
export type { ProbeAnswer } from './outputs/output-type.ts';
export type { OwnAsked, OwnOutputs, OwnOutputType } from './outputs/own.ts';
export { type StartOptions, startTask, TaskDiffers, TaskSpecRefused } from './start-task.ts';
export { runWorker, type WorkerSettings } from './worker.ts';
