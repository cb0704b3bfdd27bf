import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { sayComplaint } from '../../src/schema/complaints.ts';
import { checkTaskSpec, parseSpecAgain, parseTaskSpec } from '../../src/schema/task-spec.ts';

const fixture = (name: string): string => readFileSync(new URL(`../fixtures/specs/${name}`, import.meta.url), 'utf8');

function linesOf(checked: ReturnType<typeof checkTaskSpec>): string[] {
  return checked.ok ? [] : checked.complaints.map((complaint) => sayComplaint(complaint));
}

const SPEC = {
  id: 'write-report',
  agent: { use: 'command', argv: ['./agent.sh'] },
  prompt: 'Write the report.',
  workspace: { repo: '/srv/shop' },
  outputs: [{ kind: 'commit' }],
};
/** The complaints about a good spec with these keys put in. */
const complaints = (change: object): string[] => linesOf(checkTaskSpec({ ...SPEC, ...change }));
const repo = (address: unknown): string[] => complaints({ workspace: { repo: address } });
const base = (name: unknown): string[] => complaints({ workspace: { repo: '/srv/shop', base: name } });
const output = (...outputs: unknown[]): string[] => complaints({ outputs });

const KINDS = 'expected one of commit, push, pull_request, comment, file, command, http';
const PATH = 'expected a path relative to the workspace and inside it (no .., nothing in .git)';
const SPAN = 'expected a duration such as 500ms, 30s, 10m, 8h or 5d, more than 0 and at most 30d';
const NAME = 'expected 1 to 63 characters a-z, 0-9 and -, not beginning with -';
const REPO = 'no address of a repository; expected https://…, ssh://…, git@host:path, file:///… or the absolute path of a local repository';
const SECRET = 'holds credentials; expected an address without them: git on the hosts must have them (a credential helper, an SSH key)';
const VARIABLE = 'no name for a variable; expected a name of letters, digits and _, not beginning with a digit or with OUTLIVE_';
const COUNT = 'expected a whole number from 1 to 1000';

describe('a good spec', () => {
  it('gets every default', () => {
    const checked = parseTaskSpec(fixture('good/smallest.yaml'), 'smallest.yaml');
    expect(checked.ok && checked.task).toEqual({
      id: 'write-report',
      title: 'Write the report.',
      owner: 'nobody',
      agent: { use: 'command', argv: ['./agent.sh'] },
      prompt: 'Write the report.',
      outputs: [{ kind: 'file', by: 'agent', path: 'report.md' }],
      checks: [],
      limits: { runs: 6, perReason: 3, wallMs: 28_800_000, run: { wallMs: 3_600_000, stallMs: 600_000 } },
      split: 'never',
      bank: 'host',
      pool: 'default',
      env: {},
    });
  });

  it('keeps everything that it says', () => {
    const checked = parseTaskSpec(fixture('good/everything.yaml'), 'everything.yaml');
    const program = ['node', 'fix.mjs', '--prompt', '{prompt}', ''];
    expect(checked.ok && checked.task).toEqual({
      id: 'fix-login-redirect',
      title: 'Fix the login redirect',
      owner: 'web-team',
      agent: { use: 'command', argv: program },
      prompt: 'The login page sends people to the wrong place.\nFind out why; mend it.\n',
      workspace: { repo: 'https://github.com/acme/shop.git', base: 'release/2.x' },
      continues: 'fix-login',
      outputs: [
        { kind: 'commit', by: 'agent', conclusive: true },
        { kind: 'push', by: 'agent' },
        { kind: 'pull_request', by: 'agent', title: 'Fix the login redirect', body: 'It went elsewhere.', draft: true },
        { kind: 'comment', by: 'outlive', issue: 41, body: 'Fixed.' },
        { kind: 'file', by: 'agent', path: 'docs/report.md' },
        { kind: 'command', by: 'agent', argv: program, timeoutMs: 30_000 },
      ],
      checks: [
        { argv: ['npm', 'test'], timeoutMs: 300_000 },
        { argv: ['npm', 'run', 'lint'], timeoutMs: 600_000 },
      ],
      approve: 'before_finish',
      split: 'never',
      limits: { runs: 8, perReason: 2, wallMs: 43_200_000, costUsd: 20, run: { wallMs: 1_800_000, stallMs: 120_000, costUsd: 2.5 } },
      bank: 'host',
      pool: 'gpu-1',
      credentials: ['anthropic'],
      env: { CI: '1', NODE_ENV: 'test' },
    });
  });

  it('may be JSON with tabs, in any script; the title is the first line that says something', () => {
    const checked = parseTaskSpec(fixture('good/tabs.json'), 'tabs.json');
    expect(checked.ok && checked.task).toMatchObject({
      title: 'Grüße aus 日本 😀',
      workspace: { repo: 'git@github.com:acme/shop.git', base: 'main' },
      outputs: [
        { kind: 'commit', by: 'agent', conclusive: false },
        { kind: 'push', by: 'outlive' },
      ],
      bank: 'origin',
    });
  });

  it('is given back as it was written, beside what it means', () => {
    const checked = checkTaskSpec({ ...SPEC, title: undefined });
    expect(checked.ok && checked.spec).toEqual(SPEC);
  });

  it('may be split where its agent understands that it is to plan, and for a program of the user’s own where it says so', () => {
    const split = (change: object) => {
      const checked = checkTaskSpec({ ...SPEC, ...change });
      return checked.ok && checked.task.split;
    };
    expect([split({ agent: 'claude' }), split({ agent: 'claude', split: 'never' }), split({}), split({ split: 'auto' })]).toEqual([
      undefined,
      'never',
      'never',
      undefined,
    ]);
  });

  it('that gives a run less time than the usual stall gets a stall of that time', () => {
    const checked = checkTaskSpec({ ...SPEC, limits: { run: { wall: '5m' } } });
    expect(checked.ok && checked.task.limits.run).toEqual({ wallMs: 300_000, stallMs: 300_000 });
  });

  it('with a long first line gets a title of 80 characters', () => {
    const checked = checkTaskSpec({ ...SPEC, prompt: `${'😀'.repeat(90)}\nmore` });
    expect(checked.ok && checked.task.title).toBe(`${'😀'.repeat(79)}…`);
  });

  it.each([
    'https://github.com/acme/shop.git',
    'http://localhost:3000/@scope/shop',
    'ssh://git@github.com:22/acme/shop.git',
    'ssh://github.com/acme/shop.git',
    'git@github.com:acme/shop.git',
    'https://[::1]/shop',
    'file:///srv/my shop.git',
    '/srv/my shop',
  ])('may work in %s', (address) => {
    expect(repo(address)).toEqual([]);
  });

  it.each(['main', 'release/2.x', 'feature/späť', 'v1@2', '0'.repeat(40)])('may start from %s', (name) => {
    expect(base(name)).toEqual([]);
  });
});

describe('a bad spec', () => {
  it('is told every mistake at once, each in one line with its place', () => {
    expect(linesOf(parseTaskSpec(fixture('bad/many-mistakes.yaml'), 'task.yaml'))).toEqual([
      'task.yaml:1:1 prompt: missing; expected a text that says what to do',
      `task.yaml:1:5 id: found "Fix_Login"; ${NAME}`,
      'task.yaml:2:8 agent: "cluade" is no agent; expected one of claude, codex, opencode, acp, command, module (did you mean claude?)',
      'task.yaml:3:1 promt: unknown key; expected one of id, title, owner, agent, prompt, workspace, continues, outputs, checks, approve, split, limits, bank, pool, credentials, env (did you mean prompt?)',
      `task.yaml:5:9 workspace.repo: ${SECRET}`,
      `task.yaml:7:11 outputs[0].kind: "comit" is no kind of output; ${KINDS} (did you mean commit?)`,
      `task.yaml:12:11 outputs[2].path: found "../report.md"; ${PATH}`,
      'task.yaml:14:19 checks[0].argv[1]: found 5; expected text (put it in quotes)',
      `task.yaml:15:14 checks[0].timeout: found "ten minutes"; ${SPAN}`,
      `task.yaml:17:9 limits.runs: found 0; ${COUNT}`,
      `task.yaml:18:16 limits.run.turns: found "many"; ${COUNT}`,
      'task.yaml:18:29 limits.run.stall: longer than limits.run.wall (1 h); expected at most that',
      'task.yaml:19:10 approve: "always" is no time of approval; expected before_finish',
      'task.yaml:20:14 env.TOKEN: found a number; expected text (put it in quotes)',
      `task.yaml:20:22 env.2ND: ${VARIABLE}`,
    ]);
  });

  it.each<[string, string[], string[]]>([
    ['an id that is too long', complaints({ id: 'a'.repeat(64) }), [`id: found "${'a'.repeat(59)}…"; ${NAME}`]],
    ['no prompt', complaints({ prompt: undefined }), ['prompt: missing; expected a text that says what to do']],
    ['a prompt of blanks', complaints({ prompt: ' \n' }), ['prompt: found " \\n"; expected a text that says what to do']],
    [
      'a NUL in the prompt',
      complaints({ prompt: 'a\0b' }),
      ['prompt: found "a\\u0000b"; expected a text that says what to do, without a NUL character'],
    ],
    ['a title of two lines', complaints({ title: 'a\nb' }), ['title: found "a\\nb"; expected one line of at most 200 characters']],
    [
      'an owner that YAML takes for a number',
      complaints({ owner: 7 }),
      ['owner: found 7; expected one line of at most 100 characters (put it in quotes)'],
    ],
    [
      'itself to continue',
      complaints({ continues: SPEC.id }),
      ['continues: names this very task; expected the id of an earlier, closed task'],
    ],
    [
      'a path to continue',
      complaints({ continues: 'task/fix' }),
      ['continues: found "task/fix"; expected the id of an earlier, closed task'],
    ],
    [
      'an address with credentials among its outputs',
      complaints({ outputs: [{ kind: 'http', url: 'https://u:p@status.example.com/' }] }),
      ['outputs[0].url: found text; expected an address of http or https, without credentials in it'],
    ],
    [
      'a status that says both',
      complaints({ outputs: [{ kind: 'http', url: 'https://status.example.com/', present: [200, 404] }] }),
      ['outputs[0]: the status 404 is among present and absent; expected it in one of them'],
    ],
    ['no agent', complaints({ agent: undefined }), ['agent: missing; expected an agent such as claude or {use: command, argv: […]}']],
    [
      'an agent without its kind',
      complaints({ agent: { argv: ['x'] } }),
      ['agent.use: missing; expected one of claude, codex, opencode, acp, command, module'],
    ],
    [
      'an agent with the keys of another',
      complaints({ agent: { use: 'module', argv: ['x'] } }),
      [
        'agent.path: missing; expected the path of a .js, .mjs, .cjs, .ts, .mts or .cts file',
        'agent.argv: unknown key; expected one of use, path',
      ],
    ],
    [
      'an agent that needs more than its name',
      complaints({ agent: 'acp' }),
      ['agent: "acp" needs more than its name; expected {use: acp, argv: […]}'],
    ],
    [
      'an agent that nobody knows',
      complaints({ agent: { use: 'comand', argv: ['x'] } }),
      ['agent.use: "comand" is no agent; expected one of claude, codex, opencode, acp, command, module (did you mean command?)'],
    ],
    [
      'an agent that nobody has registered',
      complaints({ agent: { use: 'mine', options: { depth: 3 } } }),
      ['agent.use: "mine" is no agent; expected one of claude, codex, opencode, acp, command, module'],
    ],
    [
      'an agent without a program',
      complaints({ agent: { use: 'command', argv: [] } }),
      ['agent.argv: found an empty list; expected a program and its arguments, such as [node, fix.mjs]'],
    ],
    [
      'a program without a name',
      complaints({ agent: { use: 'command', argv: [''] } }),
      ['agent.argv: found a list; expected the name of a program first, as in [node, fix.mjs]'],
    ],
    [
      'a NUL in an argument',
      complaints({ agent: { use: 'command', argv: ['a', '\0'] } }),
      ['agent.argv[1]: found "\\u0000"; expected text without a NUL character'],
    ],
    [
      'an argument that is a command line',
      complaints({ checks: [{ argv: 'npm test' }] }),
      ['checks[0].argv: found "npm test"; expected a program and its arguments, such as [npm, test]'],
    ],
    [
      'a prompt too long for an argument',
      complaints({ prompt: 'é'.repeat(70_000), agent: { use: 'command', argv: ['agent', '-p={prompt}'] } }),
      [
        'agent.argv[1]: the prompt is too long for an argument (128 KiB); expected a program that reads the file named by OUTLIVE_PROMPT_FILE',
      ],
    ],
    ['no outputs', output(), ['outputs: found an empty list; expected at least one output, such as {kind: commit}']],
    [
      'outputs that are no list',
      complaints({ outputs: { kind: 'commit' } }),
      ['outputs: found a mapping; expected a list of outputs such as [{kind: commit}]'],
    ],
    ['an output that is a word', output('commit'), ['outputs[0]: found "commit"; expected an output such as {kind: commit}']],
    [
      'a pull request by Outlive without a push',
      output({ kind: 'commit' }, { kind: 'pull_request', title: 'Fix' }),
      ['outputs[1]: a pull request by Outlive needs {kind: push} among the outputs: it is opened from the pushed branch'],
    ],
    [
      'two comments on one issue',
      output({ kind: 'comment', issue: 41, body: 'a' }, { kind: 'comment', issue: 41, body: 'b' }),
      ['outputs[1]: the same output as outputs[0]; expected each output once'],
    ],
    [
      'a comment on nothing',
      output({ kind: 'comment', issue: 0, body: 'a' }),
      ['outputs[0].issue: found 0; expected the number of an issue or a pull request'],
    ],
    [
      'no credential at all',
      complaints({ credentials: [] }),
      ['credentials: found an empty list; expected at least one name, or no credentials at all'],
    ],
    [
      'a credential that is none',
      complaints({ credentials: ['sk-ant-x/y'] }),
      ['credentials[0]: found text; expected the name of a credential: a letter, then a-z, 0-9 and -'],
    ],
    ['an output without its kind', output({ path: 'a' }), [`outputs[0].kind: missing; ${KINDS}`]],
    ['a key of another output', output({ kind: 'commit', by: 'agent' }), ['outputs[0].by: unknown key; expected one of kind, conclusive']],
    [
      'a pusher that there is not',
      output({ kind: 'commit' }, { kind: 'push', by: 'me' }),
      ['outputs[1].by: "me" is no maker; expected one of outlive, agent'],
    ],
    [
      'the same output twice',
      output({ kind: 'file', path: 'a' }, { kind: 'file', path: './a' }),
      ['outputs[1]: the same output as outputs[0]; expected each output once'],
    ],
    [
      'two pushes',
      output({ kind: 'push', by: 'agent' }, { kind: 'push' }),
      ['outputs[1]: the same output as outputs[0]; expected each output once'],
    ],
    [
      'a push by Outlive of nothing',
      output({ kind: 'push' }),
      ['outputs[0]: a push by Outlive needs {kind: commit} among the outputs: without it nothing says when there is something to push'],
    ],
    [
      'a commit without a repository',
      complaints({ workspace: undefined }),
      ['outputs[0]: a commit needs workspace.repo: without a repository there is nothing to commit to'],
    ],
    [
      'a bank without a repository',
      complaints({ workspace: undefined, bank: 'host', outputs: [{ kind: 'file', path: 'a' }] }),
      ['bank: needs workspace.repo beside it: without a repository there is nothing to keep'],
    ],
    [
      'a bank that there is not',
      complaints({ bank: 'orgin' }),
      ['bank: "orgin" is no bank; expected one of origin, host (did you mean origin?)'],
    ],
    [
      'a workspace that is empty',
      complaints({ workspace: null }),
      ['workspace: found nothing; expected a workspace such as {repo: https://github.com/acme/shop.git, base: main}'],
    ],
    ['no time at all', complaints({ limits: { wall: '0s' } }), [`limits.wall: found "0s"; ${SPAN}`]],
    ['more time than a month', complaints({ limits: { wall: '31d' } }), [`limits.wall: found "31d"; ${SPAN}`]],
    ['half a run', complaints({ limits: { runs: 1.5 } }), [`limits.runs: found 1.5; ${COUNT}`]],
    ['runs without end', complaints({ limits: { perReason: 1001 } }), [`limits.perReason: found 1001; ${COUNT}`]],
    [
      'a stall longer than the run',
      complaints({ limits: { run: { wall: '1m', stall: '90s' } } }),
      ['limits.run.stall: longer than limits.run.wall (60 s); expected at most that'],
    ],
    [
      'a cost of nothing',
      complaints({ limits: { costUsd: 0, run: { costUsd: 1 } } }),
      ['limits.costUsd: found 0; expected an amount in US dollars, more than 0'],
    ],
    [
      'a cost of the task alone',
      complaints({ limits: { costUsd: 5 } }),
      ['limits.costUsd: needs limits.run.costUsd beside it: a run whose cost is not known counts as that much'],
    ],
    [
      'a cost of the run alone',
      complaints({ limits: { run: { costUsd: 5 } } }),
      ['limits.run.costUsd: needs limits.costUsd beside it: the cost of all runs together'],
    ],
    ['a pool with a dot', complaints({ pool: 'a.b' }), [`pool: found "a.b"; ${NAME}`]],
    ['a variable of ours', complaints({ env: { OUTLIVE_RUN: '9' } }), [`env.OUTLIVE_RUN: ${VARIABLE}`]],
    ['variables as text', complaints({ env: 'TOKEN=s3cret' }), ['env: found text; expected a mapping such as {CI: "1"}']],
    ['a variable with a NUL', complaints({ env: { A: 's3cret\0' } }), ['env.A: found text; expected text without a NUL character']],
    [
      'a variable called __proto__',
      complaints({ env: JSON.parse('{"__proto__": "x"}') }),
      ['env.__proto__: unknown key; expected another name'],
    ],
    [
      'a key with a line break',
      complaints({ 'a\nb': 1 }),
      [
        '["a\\nb"]: unknown key; expected one of id, title, owner, agent, prompt, workspace, continues, outputs, checks, approve, split, limits, bank, pool, credentials, env',
      ],
    ],
    [
      'a value that JSON has not',
      complaints({ title: 10n }),
      ['title: holds what JSON cannot carry; expected text, a number, a list or a mapping'],
    ],
    [
      'a spec that is too large',
      complaints({ prompt: 'x'.repeat(600_000) }),
      ['587 KiB; expected at most 512 KiB, because the server refuses large messages: put long material into a file of the repository'],
    ],
    [
      'nothing',
      linesOf(checkTaskSpec(undefined)),
      ['found nothing; expected a task: a mapping with at least id, agent, prompt and outputs'],
    ],
  ])('with %s gets its line', (_, told, lines) => {
    expect(told).toEqual(lines);
  });

  it.each(['/etc/passwd', '../a', 'a/../../b', '.', './', 'a/', '.git/hooks/pre-push', 'sub/.GIT/config', ''])(
    'may not owe the file %j',
    (path) => {
      expect(output({ kind: 'file', path })).toEqual([`outputs[0].path: found ${JSON.stringify(path)}; ${PATH}`]);
    },
  );

  it.each([
    'https://u:s3cret@github.com/a',
    'https://s3cret@github.com/a',
    'ssh://git:s3cret@host/a',
    'git:s3cret@host:a',
    'ftp://u:s3cret@host/a',
  ])('with credentials in %s is refused without a word of them', (address) => {
    expect(repo(address)).toEqual([`workspace.repo: ${SECRET}`]);
  });

  it.each([
    '',
    'shop',
    './shop',
    'ext::sh -c id',
    '-uorigin',
    'ssh://-oProxyCommand=id/a',
    'git@host:-a',
    'https://host',
    'https://host/a?token=s3cret',
    'file://host/a',
    '/srv/a\nb',
    7,
  ])('may not work in %j', (address) => {
    expect(repo(address)).toEqual([`workspace.repo: ${REPO}`]);
  });

  it('may not work in an address without end, and is told so at once', () => {
    expect(repo(':'.repeat(400_000))).toEqual(['workspace.repo: no address of a repository; expected at most 2000 characters']);
  });

  it.each(['', '-b', '@', 'a..b', 'a b', '/a', 'a/', 'a//b', '.a', 'a/.b', 'a.lock', 'a.', 'a@{1}', 'a~1', 'a:b', 'a\\b'])(
    'may not start from %j',
    (name) => {
      expect(base(name)).toEqual([`workspace.base: found ${JSON.stringify(name)}; expected the name of a branch`]);
    },
  );

  it('with mistakes without end gets the first fifty', () => {
    const many = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`x${index}`, 1]));
    expect(complaints(many)).toHaveLength(51);
    expect(complaints(many).at(-1)).toBe('and 10 more');
  });
});

describe('a text that is no spec', () => {
  const nested = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
  const bomb = `a: &a [1, 1]\nb: &b [${'*a,'.repeat(9)}]\nc: &c [${'*b,'.repeat(9)}]\nd: [${'*c,'.repeat(9)}]\n`;
  it.each<[string, string, string]>([
    ['nothing', '', '1:1 holds nothing; expected a task with at least id, agent, prompt and outputs'],
    ['only a comment', '# later\n', '1:1 holds nothing; expected a task with at least id, agent, prompt and outputs'],
    ['a word', 'fix it', '1:1 found "fix it"; expected a task: a mapping with at least id, agent, prompt and outputs'],
    ['a tab', 'id: a\nagent:\n\tuse: command\n', '3:1 a tab; expected spaces: YAML is indented with spaces only'],
    ['a second document', fixture('bad/two-documents.yaml'), '2:1 a second document begins here; expected one in a file'],
    [
      'a list that is not closed',
      'id: a\noutputs: [',
      '2:11 not readable as YAML or JSON: Flow sequence in block collection must be sufficiently indented and end with a ]',
    ],
    ['a tag', 'id: !js a', '1:5 not readable as YAML or JSON: Unresolved tag: !js'],
    ['a key that is a list', '? [a]\n: b', '1:3 a list or a mapping as a key; expected a plain word'],
    ['an alias of nothing', 'id: *x', '1:5 no anchor &x stands before this alias; expected the value itself'],
    ['aliases that multiply', bomb, '2:8 aliases that repeat too much; expected the values themselves'],
    ['a value within itself', 'id: &x [*x]', '1:9 id[0][0]: nested too deeply; expected at most 32 levels'],
    [
      'too much',
      `prompt: ${'x'.repeat(600_000)}`,
      '1:1 586 KiB; expected at most 512 KiB, because the server refuses large messages: put long material into a file of the repository',
    ],
  ])('because it holds %s gets one line', (_, text, line) => {
    expect(linesOf(parseTaskSpec(text, 'task.yaml'))).toEqual([`task.yaml:${line}`]);
  });

  it('because it nests without end gets one line', () => {
    expect(linesOf(parseTaskSpec(nested, 'task.yaml'))).toEqual([
      expect.stringMatching(/^task\.yaml:1:\d+ nested too deeply; expected a few levels$/),
    ]);
  });

  it('is told of every key that stands there twice, and of all else', () => {
    const text = 'id: a\nid: b\nenv: {1: x, "1": y}\nagent: {use: command, argv: [x]}\nprompt: p\noutputs: [{kind: file, path: /a}]\n';
    expect(linesOf(parseTaskSpec(text, 'task.yaml'))).toEqual([
      'task.yaml:2:1 id: stands here twice; expected each key once',
      'task.yaml:3:13 env.1: stands here twice; expected each key once',
      `task.yaml:6:30 outputs[0].path: found "/a"; ${PATH}`,
    ]);
  });
});

describe('the spec of a task that is done once more', () => {
  const again = (text: string) => parseSpecAgain(text, 'task.yaml', { id: 'report-r3', continues: 'report-r2' });
  const rest = 'agent: {use: command, argv: [x]}\nprompt: p\noutputs: [{kind: file, path: a}]\n';

  it.each([
    ['says nothing of its id', ''],
    ['has the id of the first', 'id: report\n'],
    ['has the id of the one before', 'id: report-r2\ncontinues: report-r2\n'],
  ])('that %s gets the next id, and what it continues', (_, head) => {
    const checked = again(head + rest);
    expect(checked.ok && checked.spec).toMatchObject({ id: 'report-r3', continues: 'report-r2' });
  });

  it('is told of everything that does not fit, each with its place', () => {
    expect(linesOf(again('id: other\ncontinues: report\nagent: {use: command, argv: [x]}\nprompt: ""\n'))).toEqual([
      'task.yaml:1:1 outputs: missing; expected a list of outputs such as [{kind: commit}]',
      'task.yaml:1:5 id: found "other", which is another task; expected no id, or "report"',
      'task.yaml:2:12 continues: found "report"; expected nothing, or "report-r2", which is done once more',
      'task.yaml:4:9 prompt: found ""; expected a text that says what to do',
    ]);
  });

  it('may be no mapping at all', () => {
    expect(linesOf(again('[]'))).toEqual([
      'task.yaml:1:1 found an empty list; expected a task: a mapping with at least id, agent, prompt and outputs',
    ]);
    expect(linesOf(again(''))).toContain('task.yaml:1:1 agent: missing; expected an agent such as claude or {use: command, argv: […]}');
  });
});
