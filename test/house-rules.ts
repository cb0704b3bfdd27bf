// The rules of the house that no linter knows: which folder may import which, names, lengths, cycles. They read source
// text and nothing else, so they can be tried on a small house in memory.

import { posix } from 'node:path';

/** Texts by path, such as `src/domain/task.ts`. */
export type House = ReadonlyMap<string, string>;

export interface Import {
  readonly from: string;
  /** As it is written. */
  readonly what: string;
  /** The file in the house that is meant; missing for a package or a built-in module. */
  readonly file?: string;
  readonly typeOnly: boolean;
}

type Layer = 'domain' | 'agents' | 'outputs' | 'host' | 'schema' | 'workflows' | 'activities' | 'cli' | 'root';

interface LayerRule {
  /** Layers it may import, besides itself. */
  readonly imports: readonly Layer[];
  /** Layers of which it may import types alone. */
  readonly types?: readonly Layer[];
  /** Packages and built-in modules, by name. Left out: any. */
  readonly packages?: readonly string[];
  readonly typePackages?: readonly string[];
}

/** Files right under src/, and folders that no rule names, are the root: they put the parts together. */
const RULES: Readonly<Record<Layer, LayerRule>> = {
  domain: { imports: [], packages: [] },
  agents: { imports: ['domain'], packages: [] },
  outputs: { imports: ['host', 'domain'] },
  host: { imports: ['domain'] },
  schema: { imports: ['domain'] },
  workflows: { imports: ['domain'], packages: ['@temporalio/workflow'], typePackages: ['@temporalio/common'] },
  activities: { imports: ['schema', 'agents', 'outputs', 'host', 'domain'], types: ['root'] },
  cli: { imports: ['root', 'activities', 'schema', 'agents', 'outputs', 'host', 'domain'], types: ['workflows'] },
  root: { imports: ['workflows', 'activities', 'schema', 'agents', 'outputs', 'host', 'domain'] },
};

const NAMES_THAT_SAY_NOTHING = /(^|-)(utils?|helpers?|common|managers?|services?|types|interfaces)($|-)/;
const MOST_LINES = 300;

/** One sentence for each breach, with the file, what it does, and the rule; empty in a house that is in order. */
export function complaints(house: House): string[] {
  return [
    ...importsOf(house).flatMap(complainOfImport),
    ...[...house].flatMap(([path, text]) => complainOfFile(path, text)),
    ...zodBehindWorkflows(house),
    ...cycles(house),
  ];
}

function complainOfImport({ from, what, file, typeOnly }: Import): string[] {
  const layer = layerOf(from);
  const rule = RULES[layer];
  const says = `${from} imports ${typeOnly ? 'types of ' : ''}${what}`;
  if (file === undefined) {
    const allowed = [...(rule.packages ?? [what]), ...(typeOnly ? (rule.typePackages ?? []) : [])];
    return allowed.includes(what) ? [] : [`${says}: ${layer} imports ${listOr(rule.packages ?? [], 'no package and no built-in module')}.`];
  }
  const target = layerOf(file);
  if (target === layer || rule.imports.includes(target) || (typeOnly && rule.types?.includes(target))) return [];
  const types = rule.types ? `, and types of ${rule.types.join(', ')}` : '';
  return [`${says}: ${layer} imports ${listOr(rule.imports, 'nothing outside itself')}${types}.`];
}

const listOr = (names: readonly string[], none: string): string => (names.length === 0 ? none : `only ${names.join(', ')}`);

function complainOfFile(path: string, text: string): string[] {
  const found: string[] = [];
  const name = posix.basename(path).replace(/\.ts$/, '');
  const lines = text.trimEnd().split('\n').length;
  if (NAMES_THAT_SAY_NOTHING.test(name)) found.push(`${path} has a name that says nothing: name it by the question it answers.`);
  if (lines > MOST_LINES) found.push(`${path} has ${lines} lines: a file has at most ${MOST_LINES}; find the second idea in it.`);
  if (/^export default\b|\bas default\b/m.test(withoutComments(text))) found.push(`${path} has a default export: every export has a name.`);
  return found;
}

/** zod costs each waiting workflow half a megabyte: it must not get into the bundle through a third file either. */
function zodBehindWorkflows(house: House): string[] {
  const imports = importsOf(house).filter(({ typeOnly }) => !typeOnly);
  const reached = new Set([...house.keys()].filter((path) => ['workflows', 'domain'].includes(layerOf(path))));
  for (const path of reached) for (const { from, file } of imports) if (from === path && file) reached.add(file);
  return imports
    .filter(({ from, what }) => reached.has(from) && /^zod($|\/)/.test(what))
    .map(({ from }) => `${from} imports zod and is part of the workflows' bundle: schemas stay at the border.`);
}

function cycles(house: House): string[] {
  const targets = new Map<string, string[]>([...house.keys()].map((path) => [path, []]));
  for (const { from, file, typeOnly } of importsOf(house)) if (file && !typeOnly) targets.get(from)?.push(file);
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) found.push(`${[...trail.slice(trail.indexOf(path)), path].join(' imports ')}: imports make no circle.`);
    if (trail.includes(path) || done.has(path)) return;
    for (const target of targets.get(path) ?? []) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const path of targets.keys()) visit(path, []);
  return found;
}

function layerOf(path: string): Layer {
  const [, folder = '', ...rest] = path.split('/');
  return rest.length > 0 && folder in RULES ? (folder as Layer) : 'root';
}

/** Static, dynamic and re-exporting imports. One with braces in which every name has its own `type` is still a value import. */
export function importsOf(house: House): Import[] {
  return [...house].flatMap(([from, text]) =>
    [...withoutComments(text).matchAll(IMPORT)].map((match): Import => {
      const what = match.groups?.['from'] ?? match.groups?.['bare'] ?? match.groups?.['dynamic'] ?? '';
      const file = what.startsWith('.') ? posix.join(posix.dirname(from), what) : undefined;
      return { from, what, typeOnly: match.groups?.['type'] !== undefined, ...(file ? { file } : {}) };
    }),
  );
}
const IMPORT =
  /^(?:import|export)\s+(?<type>type\s+)?[\w*{][^'";]*?from\s*'(?<from>[^']+)'|^import\s*'(?<bare>[^']+)'|\bimport\(\s*'(?<dynamic>[^']+)'/gm;

/** Whole lines of comment only: an import never stands behind code. */
const withoutComments = (text: string): string => text.replace(/^\s*\/\*[\s\S]*?\*\//gm, '').replace(/^\s*\/\/.*$/gm, '');
