// What agents that speak ACP need beside the protocol, by the name of their program. One row an agent; an agent without a
// row needs nothing.

export interface AcpQuirk {
  /** Whole words of its argv that name it. */
  readonly program: RegExp;
  /** A mode of its own in which it asks nobody. */
  readonly mode?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
  /** How it logs in where this variable is set. */
  readonly login?: { readonly variable: string; readonly method: string };
}

/** Long waits are Outlive's; one more try inside keeps the conversation. A person's own settings beat these defaults. */
const GEMINI_DEFAULTS = JSON.stringify({ general: { maxAttempts: 2, enableAutoUpdate: false, enableAutoUpdateNotification: false } });
const QWEN_DEFAULTS = JSON.stringify({ general: { enableAutoUpdate: false }, model: { generationConfig: { maxRetries: 1 } } });

const QUIRKS: readonly AcpQuirk[] = [
  {
    program: /^gemini(?:-cli)?$/,
    env: { GEMINI_CLI_SYSTEM_DEFAULTS_PATH: '{files}/gemini.json', GEMINI_CLI_NO_RELAUNCH: 'true' },
    files: { 'gemini.json': GEMINI_DEFAULTS },
    login: { variable: 'GEMINI_API_KEY', method: 'gemini-api-key' },
  },
  {
    program: /^qwen(?:-code)?$/,
    env: { QWEN_CODE_SYSTEM_DEFAULTS_PATH: '{files}/qwen.json', QWEN_CODE_NO_RELAUNCH: 'true' },
    files: { 'qwen.json': QWEN_DEFAULTS },
  },
  { program: /^claude-agent-acp$/, mode: 'bypassPermissions', env: { CLAUDE_CODE_MAX_RETRIES: '2' } },
  { program: /^codex-acp$/, env: { NO_BROWSER: '1', INITIAL_AGENT_MODE: 'agent-full-access' } },
];

/** By the program, or by the package that `npx` or `node` starts. */
export function quirkOf(argv: readonly string[]): AcpQuirk | undefined {
  const names = argv.slice(0, 3).map((word) => /([^/@]+?)(?:@[\d.]+)?(?:\.[cm]?js)?$/.exec(word)?.[1] ?? '');
  return QUIRKS.find(({ program }) => names.some((name) => program.test(name)));
}
