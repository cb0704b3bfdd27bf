// What a secret looks like where nobody knows its value: one row a form. Here are the keys that are known by how they begin;
// the places where texts put secrets are in `secret-places.ts`. Every pattern reads a text in a time that grows with its
// length alone. None rests on what may not stand beside a secret, but for characters that a hidden secret takes with it:
// so nothing next to one turns into a new one.

export interface SecretShape {
  readonly name: string;
  /** Lower case. A text whose lower case has none of them cannot match. */
  readonly hints: readonly string[];
  /** Global. The match is the secret, but for a group `keep` at its start. A group `before` ends where the match begins, and is secret too. */
  readonly find: RegExp;
  /** A text, and what is left of it. */
  readonly sample: readonly [text: string, left: string];
  /** Where the form is described. */
  readonly documented: string;
}

// Texts are joined here, so that a scanner of this source does not take a sample for a real secret.
type Row = [name: string, hints: readonly string[], find: RegExp, text: readonly string[], left: string, documented: string];
export const shape = (...[name, hints, find, text, left, documented]: Row): SecretShape => ({
  name,
  hints,
  find,
  sample: [text.join(''), left],
  documented,
});
const token = (name: string, hints: readonly string[], find: RegExp, text: readonly string[], documented: string): SecretShape =>
  shape(name, hints, find, text, '[redacted]', documented);

/** Where a word begins: also behind `\n` and `\u001b` of JSON, a colour and a percent code, that end in a letter or digit. */
const START = String.raw`(?:(?<![\w-])|(?<=\\[nrtbf])|(?<=\\u[\da-fA-F]{4})|(?<=\[[\d;]{0,12}m)|(?<=%[\da-fA-F]{2}))`;

/** A word that begins with `prefix`. The prefix is looked for first, because it is rare. */
const word = (prefix: string, rest: string): RegExp => new RegExp(`${prefix}(?<=${START}${prefix})${rest}`, 'g');

export const TOKEN_SHAPES: readonly SecretShape[] = [
  token(
    'anthropic',
    ['sk-'],
    /sk-ant-[\w-]{16,}/g,
    ['sk-ant-', 'api03-Zq3vT8-kLw0XyB_r5Nn2uHsEo9'],
    'Anthropic, "API keys"; `claude setup-token` (oat01)',
  ),
  token(
    'openai and alike',
    ['sk-'],
    word('sk-', String.raw`(?=[A-Za-z_-]{0,200}\d)[\w-]{20,}`),
    ['sk-', 'proj-Yb7TtQm2_k9RzWv4HhLs8PfJd3'],
    'OpenAI, "API keys" (sk-, sk-proj-, sk-svcacct-); OpenRouter (sk-or-v1-), DeepSeek and LiteLLM use the same form',
  ),
  token(
    'other model providers',
    ['gsk_', 'xai-', 'pplx-', 'nvapi', 'csk-', 'r8_'],
    word('(?:gsk_|xai-|pplx-|nvapi-|csk-|r8_)', String.raw`(?=[A-Za-z_-]{0,200}\d)[\w-]{30,}`),
    ['gsk_', 'h7Kd92mXwq4TzR0bNc8VyP1sLf6GjE3u'],
    'Groq, xAI, Perplexity, NVIDIA, Cerebras and Replicate, each in its "API keys"',
  ),
  token(
    'github',
    ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'],
    /gh[pousr]_[A-Za-z0-9_]{20,}(?:\.[\w-]{8,}){0,2}/g,
    ['ghp_', 'x9Kq2LmT7vRz4WbY8nCd1JhF6sGp3AeU5oHi'],
    'GitHub, "About authentication to GitHub", token formats',
  ),
  token(
    'github, fine-grained',
    ['b_pat_'],
    /github_pat_\w{20,}/g,
    ['github_pat_', '11ABCDEFG0aBcDeFgHiJkL_mNoPqRsTuVwXyZ0123456789'],
    'GitHub, "About authentication to GitHub", token formats',
  ),
  token(
    'gitlab',
    ['glpat', 'gldt-', 'glrt-', 'glcbt', 'glptt', 'gloas', 'glage', 'glsoa'],
    /gl(?:pat|dt|rt|cbt|ptt|oas|agent|soat)-[\w-]{20,}(?:\.\w{2,12}){0,2}/g,
    ['glpat-', 'z7Rk_w2XqT-9mLsV4bYn'],
    'GitLab, "Token overview", token prefixes',
  ),
  token(
    'slack',
    ['xox', 'xapp-'],
    /(?:xox[abeoprs]|xapp)-[\w.-]{10,}/g,
    ['xoxb-', '3141592653-2718281828459-Ab3dE7gH1jK5mN9pQ2sT'],
    'Slack, "Token types"',
  ),
  shape(
    'slack webhook',
    ['.slack'],
    /(?<keep>hooks\.slack(?:-gov)?\.com\\?\/(?:services|workflows|triggers)\\?\/)[\w-]{4,}(?:\\?\/[\w-]{4,}){1,4}/g,
    ['https://hooks.slack.com/', 'services/T0AB1CD2E/B3FG4HI5J/k6LmN7oPq8RsT9uVwX0yZ1a'],
    'https://hooks.slack.com/services/[redacted]',
    'Slack, "Sending messages using incoming webhooks"',
  ),
  token('aws access key id', ['akia', 'asia'], /A[KS]IA[A-Z0-9]{16}/g, ['AKIA', 'IOSFODNN7EXAMPLE'], 'AWS IAM, "Unique identifiers"'),
  shape(
    'aws secret access key',
    ['access'],
    /(?<keep>secret[ _-]?access[ _-]?key[^\n]{0,24}?)[a-z0-9/+]{40}/gi,
    ['AWS Secret Access Key [None]: ', 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'],
    'AWS Secret Access Key [None]: [redacted]',
    'AWS IAM, "Manage access keys"; `aws configure`',
  ),
  token('google api key', ['aiza'], /AIza[\w-]{30,}/g, ['AIza', 'Sy0Xb7Kq2mLwR9tVz4NcY8hJd1PfGs3Ue6o'], 'Google Cloud, "API keys"'),
  token(
    'google oauth',
    ['ya29.', 'gocspx'],
    /(?:ya29\.|GOCSPX-)[\w.-]{20,}/g,
    ['ya29.', 'a0AfH6SMBx7Kq2mLwR9tVz4NcY8hJd1PfGs3'],
    'Google Identity, "Using OAuth 2.0"',
  ),
  token(
    'hugging face',
    ['hf_'],
    word('hf_', '[A-Za-z0-9]{30,}'),
    ['hf_', 'kQxZrTmWbLyVnPcJdFsGhUeAoIqXwRtYzM'],
    'Hugging Face, "User access tokens"',
  ),
  token('npm', ['npm_'], /npm_[A-Za-z0-9]{36,}/g, ['npm_', 'a8Kq2LmT7vRz4WbY9nCd1JhF6sGp3AeU5oHi'], 'npm, "About access tokens"'),
  token('pypi', ['pypi-'], /pypi-[\w-]{40,}/g, ['pypi-', 'AgEIcHlwaS5vcmcCJDhmNzk1ZTQxLTU2YzctNDI5ZQACKlsz'], 'PyPI, "API tokens"'),
  token(
    'stripe',
    ['_live_', '_test_', 'whsec_'],
    /(?:[sr]k_(?:live|test)|whsec)_[A-Za-z0-9]{16,}/g,
    ['sk_live_', '4eC39HqLyjWDarjtT1zdp7dcAbCd'],
    'Stripe, "API keys"',
  ),
  token(
    'sendgrid',
    ['sg.'],
    word(String.raw`SG\.`, String.raw`[\w-]{16,}\.[\w-]{16,}`),
    ['SG.', 'kX2mLwR9tVz4NcY8hJd1Pf.Gs3Ue6oAiQbW5xZy7TnKr0MjHvDlSpCgEuFqBa1w2Y'],
    'Twilio SendGrid, "API keys"',
  ),
  shape(
    'telegram bot',
    [':aa'],
    /(?<keep>:)(?<=\d{8,10}:)AA[\w-]{32,}/g,
    ['110201543:', 'AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsawo'],
    '110201543:[redacted]',
    'Telegram, "Bot API", authorizing your bot',
  ),
  token(
    'discord bot',
    ['.'],
    word('[MNO]', String.raw`[\w-]{22,27}\.[\w-]{6}\.[\w-]{27,}`),
    ['MTk4NjIyNDgzNDcxOTI1MjQ4', '.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs'],
    'Discord, "API reference", authentication',
  ),
  shape(
    'discord webhook',
    ['/webho'],
    /(?<keep>\/api\/webhooks\/\d{5,25}\/)[\w-]{30,}/g,
    ['https://discord.com/api/webhooks/223704706495545344/', '3d89bb7572e0fb30d8128367b3b1b44fecd1726de135cbe28a41f8b2f777c372'],
    'https://discord.com/api/webhooks/223704706495545344/[redacted]',
    'Discord, "Webhook resource"',
  ),
  token(
    'jwt',
    ['eyj'],
    word('eyJ', String.raw`[\w-]{8,}\.eyJ[\w-]{8,}(?:\.[\w-]*){0,3}`),
    ['eyJhbGciOiJIUzI1NiJ9', '.eyJzdWIiOiIxMjM0NTY3ODkwIn0', '.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U'],
    'RFC 7519',
  ),
];
