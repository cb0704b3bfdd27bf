// Words that say that the run spent what it had, or that the work itself is the trouble. In order: within one line the
// first row that matches decides.

import type { TextRule } from './ending.ts';
import { plain, vague } from './text-rule.ts';

export const CONTEXT_WORDS: readonly TextRule[] = [
  plain(
    'answer_cut',
    'output_truncated',
    'output length max finish stop truncated limit tokens token incomplete maximum',
    /exceeded the \d{1,9} output token|output (?:token )?(?:maximum|limit)[^\n]{0,12}(?:exceeded|reached|hit)|(?:hit|reached|exceeded?) (?:the |its |a |an )?(?:maximum |max )?output token limit|exceeded output|finish_?reason\W{1,8}(?:length|max_tokens)\b|stop_?reason\W{1,8}max_tokens\b|reason:? ?"?max_output_tokens|LengthFinishReason|length limit was reached|(?:response|output|answer) (?:was |is |got )?(?:truncated|cut off)/im,
    "API Error: Claude's response exceeded the 32000 output token maximum.",
    'Claude Code, OpenAI, Google, aider',
  ),
  vague(
    'token_limit_words',
    'output_truncated',
    'limit',
    /\bhit (?:a|the|its) token limit/i,
    'Model gpt-4o has hit a token limit!',
    'aider, which says beside it which limit it was',
  ),
  plain(
    'turns_used',
    'turn_limit',
    'turns turn iterations iteration steps recursion reflections graph calls',
    /max(?:imum)?[_ -]?(?:number of )?(?:turns|iterations|steps|turn_requests)[^\n]{0,12}(?:reached|exceeded|hit|\(\d|$)|(?:reached|exceeded|hit|exhausted|used)[^\n]{0,20}max(?:imum)?[_ -]?(?:number of )?(?:turns|iterations|steps)|error_max_turns|MaxTurns\w{0,12}|MaxIterationsReached|iteration (?:limit|budget)\b|iteration_limit|recursion limit of \d{1,9}|GraphRecursionError|only \d{1,6} reflections allowed|TurnLimited|(?:step|turn|loop|tool call)s? (?:limit|budget) (?:was |has been |is )?(?:reached|exceeded|exhausted)|\bmax_turns\b(?!\W{1,4}\d)/im,
    'Reached maximum number of turns (30)',
    'Claude Code, LangChain, LangGraph, aider, OpenAI Agents',
  ),
  plain(
    'allowance_spent',
    'budget_exhausted',
    'budget cost time timed limit wall duration deadline spend expired',
    /error_max_budget|budget (?:has been |is |was )?(?:exceeded|exhausted|spent|used up)|BudgetExceeded|(?:exceeded|over|reached|hit)[^\n]{0,20}(?:max(?:imum)?[ _]?)?(?:budget|cost limit|spend limit|time limit|wall[- ]?(?:clock )?time|execution time)|max(?:imum)?[ _]?cost[^\n]{0,20}(?:reached|exceeded)|(?:cost|time|wall[- ]?(?:clock )?time|duration)[ _]limit (?:was |has been |is )?(?:reached|exceeded|hit)|\btimed[ _]out['"]?[:=] ?true|due to time limit|active longer than specified deadline|stopped due to [^\n]{0,20}time limit|\b(?:cli|agent|run|process|execution|task|job|session|subprocess|adapter|worker)\b[^\n]{0,30} timed out after|^\W{0,4}(?:error: )?timed out after \d|TimeoutExpired/im,
    'Budget has been exceeded! Current cost: 5.02, Max budget: 5.0',
    'LiteLLM, Claude Code, Slurm, Kubernetes, GitHub Actions',
  ),
];

/** Asked before the provider's words: whoever stops a run on purpose ends also what it was suffering from. */
export const CANCELLED_WORDS: readonly TextRule[] = [
  plain(
    'stopped_on_purpose',
    'cancelled',
    'cancelled canceled interrupted interrupt aborted stopped killed reassigned sigint proceed c',
    /(?:cancell?ed|interrupted|aborted|stopped|killed) by (?:the )?(?:user|operator|admin\w{0,10}|person|owner|human)|\buser (?:cancell?ed|aborted|interrupted|stopped)|KeyboardInterrupt|(?:operation|run|job|task|workflow|build|pipeline) (?:was |has been )cancell?ed|cancell?ed (?:before|because|on purpose|at |by (?!signal))|(?:run|task|job) cancell?ed\b|successfully killed|\bissue_reassigned\b|"?status"?: ?"?cancell?ed/i,
    'The operation was canceled by the user.',
    'GitHub Actions, Python, Slurm, supervisors of agents',
  ),
];

export const TASK_WORDS: readonly TextRule[] = [
  plain(
    'request_malformed',
    'invalid_request',
    'without must convert unsupported parameter invalid unknown unrecognized extra empty call schema function thinking encrypted image conversation rollout session root option arguments argument flag tools maximum minimum already roles support missing field input deserialize whitespace names params provider starts previous',
    /tool_(?:use|result|calls?)[^\n]{0,80}(?:without|must|missing|not found|did not|do not match|immediately)|(?:without|no) (?:a )?(?:matching |corresponding |preceding )?tool_(?:use|result|call)|no tool (?:call|output) found|unsupported (?:parameter|value)|(?:unknown|unrecognized|unexpected) (?:parameter|request argument|field|keyword argument|arguments?:|argument ')|\binvalid ['"`][\w.[\]]{1,60}['"`]:|invalid (?:user|assistant|system|tool) message|(?:above|below) (?:the )?(?:maximum|minimum) value|extra inputs are not permitted|must be non-empty|must not be empty|messages?[:.][^\n]{0,60}(?:must|cannot|can't) (?:have|be|contain|end|start)|invalid (?:json )?schema|invalid_function_parameters|thinking[^\n]{0,60}cannot be modified|invalid_encrypted_content|could not process image|image (?:dimensions )?exceeds?|no (?:saved |matching )?(?:conversation|rollout|session|thread)s? (?:was |were )?found|invalid session (?:id|identifier)|cannot be used with root|session (?:id )?\S{0,60} (?:is )?already in use|(?:unknown|unrecognized|invalid) (?:option|flag)|flag provided but not defined|unable to convert [^\n]{0,30}tool calls|roles must alternate|does not support (?:tools|function|images?|this)|missing (?:a )?required (?:parameter|field|property)|field required\b|input should be\b|deserialize the json body|trailing whitespace|names must be unique|UnsupportedParams|LLM Provider NOT provided|starts with `?msg_|previous response [^\n]{0,40}not found/i,
    'messages.4: `tool_use` ids were found without `tool_result` blocks immediately after',
    'Anthropic, OpenAI, LiteLLM, argument parsers',
  ),
  vague(
    'usage_printed',
    'invalid_request',
    'help',
    /^\s{1,12}-h, --help\b/m,
    '  -h, --help                      Show help  [boolean]',
    'argument parsers, which print their options where they take none of what they were given',
  ),
  plain(
    'consent_missing',
    'permission_needed',
    'permission permissions requested granted approval approve consent want mode rejecting confirm confirmation password allowed trust y',
    /requested permissions? to (?:use|run|edit|write|read|create|delete|access|fetch|execute)\b|haven't granted|mode, which blocks|(?:^|[^\w"])do you want to (?:create|make|proceed|allow|run|edit|overwrite|continue|fetch|use)\b|permission requested:|auto-rejecting|(?:requires?|needs?|waiting for|awaiting|without)[^\n]{0,20} (?:approval|confirmation|consent|permission)\b|permission to use [^\n]{0,60} (?:has been |was )?denied|approval (?:is )?required|not (?:allowed|permitted) to use (?:the )?\S{0,30} ?tool|sudo: a (?:password is|terminal is) required|needs your (?:permission|approval)|do you trust the files|(?:\[y\/n\]|\(y\/n\))\s{0,4}[:?]?\s{0,4}$/im,
    "Claude requested permissions to write to notes.md, but you haven't granted it yet.",
    'Claude Code, opencode, Codex, sudo',
  ),
  plain(
    'not_there',
    'infeasible',
    'repository git username ref installed honored branch prompts',
    /not a git repository|repository (?:'[^'\n]{0,200}' )?(?:was )?not found|does not appear to be a git repository|remote branch \S{1,120} not found|couldn't find remote ref|could not read (?:username|password)|terminal prompts disabled|must be installed on this|cannot be honored|could not read \S{0,30} ?git context|access to this repository is not|repository is (?:empty|archived)/i,
    'fatal: remote error: Repository not found.',
    'git, GitHub',
  ),
  plain(
    'answer_fails_checks',
    'output_rejected',
    'failures failed parse validation object schema conform output failing fail replace',
    /^=+ ?FAILURES ?=+|^=+ [^\n]{0,60}\d{1,6} failed\b|\btests?:\s{1,8}\d{1,6} failed|could not parse (?:the )?(?:LLM|model) output|OutputParser\w{0,12}|(?:output|answer|response)[^\n]{0,40}(?:failed|did not (?:match|conform|pass))[^\n]{0,20}(?:schema|validation|format|checks?)|NoObjectGenerated|test result: FAILED|did not conform to the edit format|search\/replace blocks? failed|^--- FAIL:|\b\d{1,6} failing\b|^FAILED \((?:failures|errors)=|\btests? failed\b/im,
    '==================== FAILURES ====================',
    'pytest, Jest, cargo, LangChain, AI SDK',
  ),
  plain(
    'typed_success_then_failure',
    'crashed_after_output',
    'subtype',
    /failed: subtype\W{1,4}success(?!: API Error)|^\s{0,8}subtype\s{0,12}= ?success\s{0,8}$|"subtype": ?"success".{0,400}"is_error": ?false|"is_error": ?false.{0,400}"subtype": ?"success"/im,
    'Claude run failed: subtype=success: the change is committed',
    'supervisors that call a typed success a failure; a landed look outweighs it',
  ),
];
