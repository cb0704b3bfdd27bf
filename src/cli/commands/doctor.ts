import { hostname } from 'node:os';
import { loadConfig } from '../../config.ts';
import { connectionOptions } from '../../connection.ts';
import { loadDataConverter } from '../../data-converter.ts';
import { stateDir } from '../../host/state-dir.ts';
import { loadAgents } from '../../registered-agents.ts';
import { hostIdFrom } from '../args.ts';
import { type Finding, machineFindings } from '../doctor-machine.ts';
import { placeFindings } from '../doctor-place.ts';
import { placeFacts } from '../doctor-place-facts.ts';
import { serverFindings } from '../doctor-server.ts';
import { EXIT, type ExitCode } from '../errors.ts';
import type { Ink } from '../ink.ts';
import { columns, plain } from '../layout.ts';
import type { Screen } from '../screen.ts';

/** Is everything here that is needed? Each finding with what to do about it. */
export async function doctor(screen: Screen): Promise<ExitCode> {
  const target = connectionOptions(screen.env);
  const machine = await machineFindings(stateDir(hostIdFrom(hostname()), screen.env), screen.env);
  const place = await placeFacts(screen.env);
  const findings = [
    ...machine,
    ...(place ? placeFindings(place) : []),
    await config(screen.env),
    ...(await serverFindings(target, screen.env)),
  ];
  const ok = findings.every(({ state }) => state !== 'bad');
  screen.give({ ok, findings });
  screen.say(renderFindings(findings, screen.ink));
  return ok ? EXIT.ok : EXIT.notSo;
}

async function config(env: NodeJS.ProcessEnv): Promise<Finding> {
  try {
    const config = await loadConfig({ env, cwd: process.cwd() });
    await loadDataConverter(config);
    const agents = Object.keys(await loadAgents(config));
    const { source = 'no file: the defaults hold', dataConverter } = config;
    const parts = [
      source,
      ...(agents.length > 0 ? [`agents of your own: ${agents.join(', ')}`] : []),
      ...(dataConverter ? [`payloads encoded by ${dataConverter}`] : []),
    ];
    return { name: 'configuration', state: 'ok', found: parts.join(', ') };
  } catch (error) {
    return { name: 'configuration', state: 'bad', found: (error as Error).message, todo: 'No worker starts with it: correct the file.' };
  }
}

export function renderFindings(findings: readonly Finding[], ink: Ink): string {
  const inks = { ok: ink.green, warn: ink.yellow, bad: ink.red };
  const rows = findings.flatMap(({ name, state, found, todo }) => [
    [{ text: state, paint: inks[state] }, name, plain(found)],
    ...(todo ? [['', '', { text: todo, paint: ink.dim }]] : []),
  ]);
  return columns(rows);
}
