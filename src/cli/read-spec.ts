// The text of a spec that a command was given: a file, or stdin.

import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import type { Agents } from '../agents/agent.ts';
import { loadConfig } from '../config.ts';
import type { OwnOutputs } from '../outputs/own.ts';
import { loadAgents } from '../registered-agents.ts';
import { loadOutputs } from '../registered-outputs.ts';
import { sayComplaint } from '../schema/complaints.ts';
import type { CheckedSpec } from '../schema/task-spec.ts';
import { CliError } from './errors.ts';
import type { Screen } from './screen.ts';

export type GoodSpec = Extract<CheckedSpec, { ok: true }>;

/** `parse` is given the text and its name. Throws CliError `bad_input` and `bad_spec`, the latter with every complaint. */
export async function readSpec(file: string, screen: Screen, parse: (text: string, source: string) => CheckedSpec): Promise<GoodSpec> {
  return goodOrThrow(parse(await readSource(file, screen), file === '-' ? 'stdin' : file));
}

/** Agents and outputs of the user's own that the configuration names: a spec may name them too. */
export async function registered({ env }: Screen): Promise<{ readonly agents: Agents; readonly outputs: OwnOutputs }> {
  const config = await loadConfig({ env, cwd: process.cwd() });
  return { agents: await loadAgents(config), outputs: await loadOutputs(config) };
}

export function goodOrThrow(checked: CheckedSpec, before = ''): GoodSpec {
  if (checked.ok) return checked;
  const lines = checked.complaints.map((complaint) => sayComplaint(complaint));
  throw new CliError('bad_spec', `${before}${lines.join('\n')}`, checked.complaints[0]?.at || undefined);
}

async function readSource(file: string, { stdin }: Screen): Promise<string> {
  if (file === '-') return text(stdin);
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new CliError(
      'bad_input',
      `The file ${file} cannot be read: ${(error as Error).message}. Name a file with a task, or - for stdin.`,
    );
  }
}
