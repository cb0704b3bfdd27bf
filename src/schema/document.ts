// YAML or JSON text to a plain value that remembers where each part of it stood. JSON is read as the YAML that it is,
// so that both get lines and columns.

import {
  type Alias,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
  type YAMLError,
  type Document as YamlDocument,
} from 'yaml';
import { type Complaint, complaintsOf, type Finding, type Path } from './complaints.ts';
import { MAX_BYTES, sayTooLarge } from './plain-json.ts';

/** `value` is null where the text holds nothing. `complaintsOf` puts the text's own findings and those of a schema into the order of the text. */
export interface ReadDocument {
  readonly value: unknown;
  readonly complaintsOf: (findings: readonly Finding[]) => readonly Complaint[];
}

type Read = ({ readonly ok: true } & ReadDocument) | { readonly ok: false; readonly complaints: readonly Complaint[] };

const TOO_DEEP = 'nested too deeply; expected a few levels';

/** Only the first mistake of syntax is told: those after it are mostly its echo. Never throws. */
export function readDocument(text: string, source: string): Read {
  const lines = new LineCounter();
  const position = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { source, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const refuse = (says: string, offset = 0): Read => ({ ok: false, complaints: [{ at: '', ...position(offset), says }] });
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_BYTES) return refuse(sayTooLarge(bytes));
  // Keys that stand there twice are found below: there they have a path, and finding them takes linear time.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true, uniqueKeys: false });
  const trouble = document.errors[0] ?? document.warnings[0];
  if (trouble) return refuse(saySyntax(trouble), trouble.pos[0]);
  try {
    const twice = keysThatStandTwice(document.contents);
    return {
      ok: true,
      value: document.toJS({ maxAliasCount: 100 }) as unknown,
      complaintsOf: (findings) =>
        complaintsOf([...twice, ...findings], (finding) => position(finding.offset ?? offsetOf(document, finding))),
    };
  } catch (error) {
    const alias = error instanceof RangeError ? undefined : brokenAlias(document);
    return alias === undefined ? refuse(TOO_DEEP) : refuse(alias.says, alias.offset);
  }
}

/** Why the values of aliases could not be put in their place: one leads nowhere, else they multiply beyond measure. */
function brokenAlias(document: YamlDocument): { readonly says: string; readonly offset: number } | undefined {
  const aliases: Alias[] = [];
  visit(document, { Alias: (_, alias) => void aliases.push(alias) });
  const lost = aliases.find((alias) => alias.resolve(document) === undefined);
  if (lost) return { says: `no anchor &${lost.source} stands before this alias; expected the value itself`, offset: startOf(lost) };
  return aliases[0] && { says: 'aliases that repeat too much; expected the values themselves', offset: startOf(aliases[0]) };
}

function saySyntax(error: YAMLError): string {
  switch (error.code) {
    case 'MULTIPLE_DOCS':
      return 'a second document begins here; expected one in a file';
    case 'TAB_AS_INDENT':
      return 'a tab; expected spaces: YAML is indented with spaces only';
    case 'NON_STRING_KEY':
      return 'a list or a mapping as a key; expected a plain word';
    case 'RESOURCE_EXHAUSTION':
      return TOO_DEEP;
    default:
      return `not readable as YAML or JSON: ${error.message}`;
  }
}

function keysThatStandTwice(node: unknown, path: Path = []): Finding[] {
  if (isSeq(node)) return node.items.flatMap((item, index) => keysThatStandTwice(item, [...path, index]));
  if (!isMap(node)) return [];
  const keys = new Set<string>();
  return node.items.flatMap((pair) => {
    const key = keyOf(pair.key);
    const here: Path = [...path, key];
    const first = !keys.has(key);
    keys.add(key);
    if (first) return keysThatStandTwice(pair.value, here);
    return [{ path: here, on: 'key' as const, says: 'stands here twice; expected each key once', offset: startOf(pair.key) }];
  });
}

/** Where a finding stands; for what is missing, where its parent begins. */
function offsetOf(document: YamlDocument, finding: Finding): number {
  let node: unknown = document.contents;
  let offset = startOf(node);
  for (const [depth, step] of finding.path.entries()) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find((candidate) => keyOf(candidate.key) === String(step));
      if (pair === undefined) return offset;
      node = pair.value;
      const onKey = finding.on === 'key' && depth === finding.path.length - 1;
      offset = onKey || !isNode(node) ? startOf(pair.key) : startOf(node);
    } else if (isSeq(node)) {
      node = node.items[Number(step)];
      offset = isNode(node) ? startOf(node) : offset;
    } else return offset;
  }
  return offset;
}

const keyOf = (key: unknown): string => String(isScalar(key) ? key.value : key);
const startOf = (node: unknown): number => (isNode(node) ? (node.range?.[0] ?? 0) : 0);
