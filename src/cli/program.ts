// The command line itself: commands, options, help. Each command's code is loaded when it is called, because Temporal's
// client takes a third of a second to load and `schema`, `classify` and the help have no use for it.

import { Argument, Command, CommanderError, Option } from 'commander';
import { VERSION } from '../version.ts';
import * as args from './args.ts';
import { EXIT, type ExitCode, reportError } from './errors.ts';
import { type Screen, type Streams, screenOn } from './screen.ts';

const HELP = `
Examples:
  outlive up                          a server and a worker on this machine
  outlive submit task.yaml --wait     start a task and follow it
  outlive list --state asking         what waits for a person
  outlive show fix-login              one task's whole story
  outlive logs fix-login -f           what its agent writes
  outlive answer fix-login retry --note 'use the staging key'

Exit codes:
  0  ok
  1  what was asked for is not so
  2  usage or bad input
  3  no server
  4  --wait ended at a question

Configuration:
  outlive.yaml, optional: OUTLIVE_CONFIG, else ./outlive.yaml, else ~/.config/outlive/outlive.yaml.

Server:
  TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_PROFILE and Temporal's profile file; 127.0.0.1:7233 by default.
  OUTLIVE_DEBUG=1 adds stack traces to errors.`;

const HELP_OF_UP = `
The server it starts:
  It listens on the port of TEMPORAL_ADDRESS, else on 7233; where that default is taken, on a free port, which it says. The
  Web UI is on 8233, or on a free port. Ctrl-C ends both; tasks go on with the next \`outlive up\` of the same host id.`;

/** Runs one command line (without `node` and the script) and gives its exit code. Never throws. */
export async function runCli(argv: readonly string[], streams: Streams): Promise<ExitCode> {
  // Wanted before the parser knows it, for what the parser itself complains about.
  const screen = screenOn(streams, argv.includes('--json'));
  let code: ExitCode = EXIT.ok;
  const program = buildProgram(streams, screen, (ended) => {
    code = ended;
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
    return code;
  } catch (error) {
    return error instanceof CommanderError ? afterParser(error, screen) : reportError(error, screen);
  }
}

function afterParser(error: CommanderError, screen: Screen): ExitCode {
  if (error.exitCode === 0) return EXIT.ok;
  screen.give({ error: { code: 'usage', message: error.message.replace(/^error: /, '') } });
  return EXIT.usage;
}

interface Call {
  readonly screen: Screen;
  // biome-ignore lint/suspicious/noExplicitAny: the parsers named beside each argument and option give them their types
  readonly args: any[];
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly options: any;
}

function buildProgram(streams: Streams, screen: Screen, end: (code: ExitCode) => void): Command {
  const program = new Command('outlive')
    .description('Durable tasks that outlive their runs: unattended AI-agent work on Temporal.')
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', HELP)
    .exitOverride()
    .showHelpAfterError('Run with --help to see how it is used.')
    .configureOutput({
      writeOut: (text) => void streams.stdout.write(text),
      writeErr: (text) => void (screen.json || streams.stderr.write(text)),
    });

  const on = (command: Command, act: (call: Call) => Promise<ExitCode>) =>
    command.option('--json', 'print JSON and nothing else on stdout').action(async () => {
      end(await act({ screen, args: command.processedArgs, options: command.opts() }).catch((error) => reportError(error, screen)));
    });

  program.commandsGroup('Run:');
  on(
    withWorkerOptions(
      program
        .command('up')
        .description('a dev server, unless one is reachable, and a worker: everything on one machine')
        .addHelpText('after', HELP_OF_UP),
    ),
    async ({ options, screen }) => (await import('./commands/up.ts')).up(options, screen),
  );
  on(
    withWorkerOptions(program.command('worker').description('a worker for the server that is there; SIGTERM ends it within 10 s')),
    async ({ options, screen }) => (await import('./commands/worker.ts')).worker(options, screen),
  );

  program.commandsGroup('Tasks:');
  on(
    program
      .command('submit')
      .description('start a task; the same spec again changes nothing')
      .argument('<file>', 'YAML or JSON, - for stdin')
      .option('--wait', 'follow it until it ends (0 or 1) or asks (4)')
      .option('--timeout <duration>', 'how long --wait waits, as in 30m; the task goes on', args.duration),
    async ({ args: [file], options, screen }) => (await import('./commands/submit.ts')).submit(file, options, screen),
  );
  on(
    program
      .command('again')
      .description('a closed task once more, as <id>-r2, from what its runs left')
      .argument('<id>', 'the task', args.taskId)
      .option('--spec <file>', 'with another spec: YAML or JSON, - for stdin'),
    async ({ args: [id], options, screen }) => (await import('./commands/again.ts')).again(id, options, screen),
  );
  on(
    program
      .command('list')
      .description('the fleet')
      .addOption(new Option('--state <state>', 'only those').choices(args.TASK_STATES))
      .option('--owner <owner>', 'only of that owner')
      .option('--min-runs <n>', 'only with so many runs or more', args.count),
    async ({ options, screen }) => (await import('./commands/list.ts')).list(options, screen),
  );
  on(
    program
      .command('report')
      .description('what happened: tasks, runs by reason, waits, waste, questions')
      .option('--since <duration>', 'as in 12h, which is the default', args.duration),
    async ({ options, screen }) => (await import('./commands/report.ts')).report(options, screen),
  );
  on(
    program.command('show').description("one task's whole story: runs, evidence, decisions").argument('<id>', 'the task', args.taskId),
    async ({ args: [id], screen }) => (await import('./commands/show.ts')).show(id, screen),
  );
  on(
    program
      .command('logs')
      .description("what a task's agent wrote")
      .argument('<id>', 'the task', args.taskId)
      .option('--run <n>', 'of that run (default: the newest)', args.atLeastOne)
      .option('-f, --follow', 'as it comes, run after run, until the task is closed or asks'),
    async ({ args: [id], options, screen }) => (await import('./commands/logs.ts')).logs(id, options, screen),
  );
  on(
    program
      .command('answer')
      .description('answer the question that a task asks, or alike questions at once')
      .argument('[id]', 'the task; none with --reason', args.taskId)
      .addArgument(new Argument('[choice]', 'one of the choices that `show` lists').argParser(args.choice))
      .option('--question <id>', 'only if this is the open question')
      .option('--reason <reason>', 'all tasks that ask because a run ended so, as in `answer --reason killed retry`', args.reason)
      .option('--owner <owner>', 'with --reason: only of that owner')
      .option('--dry-run', 'with --reason: list them, answer nothing')
      .option('--note <text>', 'told to the next run, kept with the answer')
      .option('--set <limit=value>', 'another limit for the rest of the task, as in runs=8; may be repeated', args.setting)
      .option('--by <name>', 'who answers (default: $USER)'),
    async ({ args: [id, choice], options, screen }) =>
      options.reason
        ? (await import('./commands/answer-alike.ts')).answerAlike(args.alikeChoice(id, choice), options, screen)
        : (await import('./commands/answer.ts')).answer(...args.oneAnswer(id, choice), options, screen),
  );
  on(
    program
      .command('stop')
      .description('stop a task for good; what its run left is kept')
      .argument('<id>', 'the task', args.taskId)
      .option('--why <text>', 'kept in its result')
      .option('--by <name>', 'who stops it (default: $USER)'),
    async ({ args: [id], options, screen }) => (await import('./commands/stop.ts')).stop(id, options, screen),
  );

  program.commandsGroup('Hosts:');
  on(program.command('hosts').description('every host: is it there, which runs live on it, who took it out'), async ({ screen }) =>
    (await import('./commands/hosts.ts')).hosts(screen),
  );
  on(
    program
      .command('drain')
      .description('take a host out: no new runs there, living ones go on')
      .argument('<host>', 'the host', args.hostId)
      .option('--undo', 'take it back')
      .option('--why <text>', 'shown by `hosts`')
      .option('--by <name>', 'who takes it out (default: $USER)'),
    async ({ args: [host], options, screen }) => (await import('./commands/drain.ts')).drain(host, options, screen),
  );
  on(
    program
      .command('pause')
      .description('no new runs at all, or from some pools; living ones go on')
      .option('--pool <pool>', 'only of this pool; may be repeated (default: of all)', args.queueWords)
      .option('--undo', 'let them run again')
      .option('--why <text>', 'shown by `hosts`')
      .option('--by <name>', 'who pauses (default: $USER)'),
    async ({ options, screen }) => (await import('./commands/pause.ts')).pause(options, screen),
  );

  on(
    program
      .command('incidents')
      .description('what is ill that many tasks share, and who waits for it')
      .argument('[word]', 'open: no run that needs it starts; close: what waits goes on')
      .addArgument(new Argument('[scope]', 'as in provider/anthropic').argParser(args.scope))
      .option('--why <text>', 'kept with it')
      .option('--by <name>', 'who says so (default: $USER)'),
    async ({ args: [word, scope], options, screen }) => {
      const said = args.wordOnIncident(word, scope);
      const { incidents, incidentByHand } = await import('./commands/incidents.ts');
      return said ? incidentByHand(said.word, said.of, options, screen) : incidents(screen);
    },
  );

  program.commandsGroup('Tools:');
  on(
    program
      .command('classify')
      .description('last words of runs (JSON lines) to failures: class, reason, may it be retried')
      .argument('[file]', 'JSON lines, - for stdin', '-'),
    async ({ args: [file], screen }) => (await import('./commands/classify-file.ts')).classifyFile(file, screen),
  );
  on(
    program
      .command('replay')
      .description("today's classifier and policy over recorded ends: which decisions would be others? exit 1 if any")
      .option('--since <duration>', 'of tasks that are open, or were closed since then (default: 7d)', args.duration)
      .option('--file <file>', 'read what --save has written, not the server')
      .option('--save <file>', 'write what was read, for --file'),
    async ({ options, screen }) => (await import('./commands/replay.ts')).replay(options, screen),
  );
  on(program.command('schema').description('JSON Schema of a task'), async ({ screen }) =>
    (await import('./commands/schema.ts')).schema(screen),
  );
  on(
    program
      .command('check')
      .description('are the credentials of this machine valid? checks them now, for free')
      .argument('[credential]', 'only this one'),
    async ({ args: [name], screen }) => (await import('./commands/check.ts')).check(name, screen),
  );
  on(program.command('doctor').description('is everything here that is needed? what to do if not'), async ({ screen }) =>
    (await import('./commands/doctor.ts')).doctor(screen),
  );
  on(
    program
      .command('demo')
      .description('the guided tour: one short story for each class of failure, with real processes')
      .option('--keep', 'leave the Web UI open at the end, until Ctrl-C'),
    async ({ options, screen }) => (await import('./commands/demo.ts')).demo(options, screen),
  );
  program
    .command('help')
    .description('print the help of a command')
    .argument('[command]')
    .action((name?: string) => helpOn(program, name));
  return program;
}

/** Not the parser's own: that one takes help for a mistake where the exit code is set beforehand, and every word for a command. */
function helpOn(program: Command, name: string | undefined): void {
  const command = name === undefined ? program : program.commands.find((one) => one.name() === name);
  if (!command) program.error(`error: unknown command '${name}'`);
  command.outputHelp();
}

function withWorkerOptions(command: Command): Command {
  return command
    .option('--host-id <id>', "this host's stable id (default: the machine's name)", args.hostId)
    .option('--pool <pool>', 'take the runs of this pool; may be repeated (default: default)', args.queueWords)
    .option('--capacity <n>', 'runs at once, whichever pool they come from (default: 1)', args.atLeastOne)
    .addOption(new Option('--role <role>', 'move tasks on, take runs, or both (default: all)').choices(args.ROLES))
    .option('--config <file>', 'outlive.yaml');
}
