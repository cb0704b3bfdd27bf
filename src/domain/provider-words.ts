// Words of model providers, their gateways and their clients. In order: within one line the first row that matches
// decides, so what is rarer and plainer (a used-up quota) stands before what it is wrapped in (a rate limit).

import type { TextRule } from './ending.ts';
import { plain, vague } from './text-rule.ts';

export const PROVIDER_WORDS: readonly TextRule[] = [
  plain(
    'request_over_rate',
    'context_window_exceeded',
    'large',
    /request (?:body )?too large|prompt is too large|request_too_large|payload too large|entity too large/i,
    'Request too large for gpt-4o on tokens per min (TPM): Limit 30000, Requested 42000.',
    'OpenAI, GitHub Models, Anthropic: one request larger than the whole limit never fits',
  ),
  plain(
    'limit_of_a_day',
    'quota_exhausted',
    'day rpd tpd',
    /per[ _-]?day\b.{0,60}(?:limit|quota)|(?:limit|quota).{0,120}(?:\bper[ _-]?day\b|_per_day\b|PerDay|\((?:RPD|TPD)\))/i,
    'Rate limit reached for gpt-4o on requests per day (RPD): Limit 200, Used 200',
    'OpenAI, Google, Groq, OpenRouter: called a rate, but no short wait clears it',
  ),
  plain(
    'capacity_for_seconds',
    'rate_limited',
    'capacity quota minute rate retry delay',
    /exhausted your capacity.{0,80}reset after \d{1,3}s|quota.{0,120}per[- _]?minute|(?:requests|tokens)PerMinute|please retry in \d{1,4}(?:\.\d{1,12})?s\b|retry_?delay["']?: ?["']\d{1,4}(?:\.\d{1,12})?s\b|rate limit of [\d,]{1,12} [^\n]{0,24}per (?:minute|second)/i,
    'You have exhausted your capacity on this model. Your quota will reset after 0s.',
    'Gemini: named a quota, counted in a minute',
  ),
  plain(
    'shared_budget',
    'quota_exhausted',
    'budget',
    /(?:exceeded|crossed|over|exhausted)[^\n]{0,20}\bbudget\b[^\n]{0,40}\b(?:team|user|org\w{0,12}|project|deployments?|customer|provider|tag)\b|\b(?:team|user|org\w{0,12}|project|deployments?|customer|provider|tag)\b[^\n]{0,80}(?:crossed|over|exceeded) (?:its |the |their )?budget|budget[^\n]{0,30}\b(?:exceeded|crossed|exhausted)\b[^\n]{0,20}\b(?:team|user|org\w{0,12}|project|deployments?|customer|provider|tag)\b/i,
    'Exceeded budget for deployment model_name: gpt-4o',
    'LiteLLM proxy',
  ),
  plain(
    'plan_limit',
    'quota_exhausted',
    'limit limits cap allowance usage upgrade',
    /(?:usage|session|weekly|daily|monthly|hour(?:ly)?|plan|spend(?:ing)?|key|subscription)[- ]?(?:usage |spend |request )?(?:limit|cap)s? (?:was |has been |have been |is )?(?:reached|exceeded|hit)|\b(?:hit|reached|exceeded) (?:your|the|my|its|this month's) (?!rate\b|token|context|output|max|request|concurren)(?:[\w'-]{1,16} ){0,3}(?:limit|cap|allowance)s?\b|usage_limit_(?:reached|exceeded)|out of (?:extra )?usage|extra usage is required|exceed your account['’]s rate limit|upgrade (?:your plan|to (?:increase|continue|a paid))/i,
    "You've hit your usage limit · resets 3pm (Europe/Paris)",
    'Claude and ChatGPT plans, OpenRouter keys, Groq and OpenAI per day',
  ),
  plain(
    'quota_used_up',
    'quota_exhausted',
    'quota quotas quotaexceeded',
    /insufficient[_ ]quota|exceeded your (?:current |monthly |daily )?quota|quota (?:has been |is |was )?(?:exceeded|exhausted|used up|reached|not enough)|exhausted your (?:\w{1,12} ){0,2}quota|exceeds? (?:the |your )?(?:\w{1,12} )?quota|out of quota|quotaexceeded/i,
    'You exceeded your current quota, please check your plan and billing details.',
    'OpenAI, Google, Azure',
  ),
  plain(
    'no_money',
    'quota_exhausted',
    'credit credits balance billing payment funds overdue arrearage trial subscription',
    /credit balance|insufficient[_ ](?:account )?(?:balance|credits?|funds)|(?:requires|need|add) more (?:credits|funds)|credits? (?:is |are )?required|(?:out of|no|not enough|never purchased|run out of) (?:remaining )?credits|credits (?:are |have been )?(?:exhausted|depleted|used)|billing[_ ](?:error|disabled|hard|not[_ ]active|details)|billing (?:is|account)\b.{0,40}(?:disabled|not|closed)|check your .{0,20}billing|payment (?:is )?required|balance is (?:too low|insufficient|not enough)|arrearage|add funds|trial (?:has )?(?:ended|expired)|subscription (?:has )?(?:ended|expired)/i,
    'Your credit balance is too low to access the Anthropic API.',
    'Anthropic, DeepSeek, OpenRouter, Google',
  ),
  plain(
    'input_over_window',
    'context_window_exceeded',
    'context long tokens token prompt length input longer size conversation compaction compact reduced compacted len ctx',
    /prompt(?: is)? too long|context[_ ]?(?:length|window|limit|size)?[_ ]?(?:has been |is )?(?:exceed(?:ed|s)|reached|overflow\w{0,4}|full)\b|exhausted context window|(?:exceeds?|exceeded|exceeding|beyond|over|reached|larger than|longer than|greater than|out of room in) (?:the |its |your )?(?:[\w.'-]{1,40} ){0,4}context(?:[ _](?:length|window|limit|size))?|context[_ ](?:length|window)(?:[_ ]limit)?[_ ]?exceed|model_context_window_exceeded|maximum context length|input (?:or prompt |text |message )?is too long|input (?:token|length)[^\n]{0,60}exceed|compaction failed|compact[^\n]{0,40}(?:exceeds|too large)|prompt (?:tokens?|length|contains)[^\n]{0,60}(?:exceed|too (?:many|long)|limit)|input tokens exceed|exceeds? the (?:maximum|configured|model)[^\n]{0,30} (?:number of )?(?:input )?tokens(?! per)|token limit exceeded|too many tokens(?!,? please wait| per)|(?:total|message)s? length exceeds?|too many (?:input|prompt) tokens|reduce the length of|string too long|string_above_max_length|conversation (?:is )?too long|could not be reduced below|cannot be compacted|available ?context \S{1,12} is less|max_model_len|n_ctx|tokens in your prompt|tokens? (?:count )?exceeds (?:the )?(?:limit|maximum|model)|prompt length is \d|too long for (?:this|the|requested) model|max size: \d{1,9} tokens|payload size exceeds/i,
    'prompt is too long: 204833 tokens > 200000 maximum',
    'Anthropic, OpenAI, Google, Bedrock, Azure, vLLM, llama.cpp, LiteLLM',
  ),
  plain(
    'policy',
    'refused',
    'policy filter filtered filtering refusal safety flagged guardrail moderation prohibited aipolicy cyber inspection inappropriate sensitive policies',
    /usage polic(?:y|ies)|content[ _-](?:filter(?:ing|ed)?|management|policy)[ _-]?(?:policy|violation)?(?!\w{0,2}(?:tests?|docs?))|ResponsibleAIPolicy|ContentPolicyViolation|stop_?reason\W{1,6}refusal|violat(?:es?|ed|ing) [^\n]{0,40}polic|data_?inspection_?failed|(?:inappropriate|sensitive) content|finish_?reason\W{1,8}(?:content[-_]filter|safety|prohibited_content)|(?:blocked|rejected|stopped)[^\n]{0,40}\b(?:safety|prohibited|moderation|guardrails?)|flagged (?:as|for|by) |model_refusal|guardrail (?:intervened|blocked)|cyber_?policy|provider_policy_blocked|safety system/i,
    'Claude Code is unable to respond to this request, which appears to violate our Usage Policy',
    'Anthropic, OpenAI, Azure, Google, Bedrock, OpenRouter',
  ),
  plain(
    'access_withdrawn',
    'credential_revoked',
    'revoked disabled permission allowed member suspended deactivated authorized banned hold scopes scope region territory country access granted account denied organization permitted accessible',
    /\b(?:token|key|credential|access|grant|login|session|certificate)s? (?:has been |was |is |have been |were )?revoked|has disabled [^\n]{0,40}(?:access|subscription)|(?:organi[sz]ation|account|api[ _]key|key|user|workspace|api|service)\b[^\n]{0,40} (?:has been |is |was |have been )(?:disabled|suspended|deactivated|blocked|banned|locked|on hold|terminated)|account_(?:deactivated|suspended|on_hold)|(?:currently )?not (?:currently )?(?:allowed|permitted|enabled) for this (?:organi[sz]ation|account|workspace)|no longer a member|permission_error|(?:is )?not authorized (?:to (?:perform|access|use|invoke)|for this)|only authorized for use with|is not permitted to|insufficient_scope|does not have (?:access to claude|permission to|the required|required)|missing (?:required )?scopes?|insufficient (?:permissions? for this operation|scopes?|authentication scopes)|unsupported_country|(?:country|region|territory)[^\n]{0,30} (?:is )?not supported|oauth_org_not_allowed|SERVICE_DISABLED|write access to repository not granted|permission (?:to )?\S{1,120} (?:was )?denied (?:to|on|for)|resource not accessible by/i,
    'OAuth token has been revoked. Please run /login',
    'Anthropic, OpenAI, Bedrock, Google, GitHub',
  ),
  plain(
    'key_not_accepted',
    'credential_rejected',
    'key keys token apikey authentication credentials login logged authenticate reauthenticate reauthentication grant client jwt auth authentication signature password publickey expired bearer refresh required clienttokenid header sign',
    /(?:invalid|incorrect|wrong|malformed|unknown|bad) (?:x-)?(?:api|auth|access|bearer|authentication|provider|ssh|id|session|refresh)?[-_ ]?(?:key|token|credentials)\b|invalid[_ ]api[_ ]key|API_KEY_INVALID|api[ _]key (?:is )?(?:not (?:valid|found|set|provided|configured)|invalid|missing|expired)|(?:no|missing|without|provide (?:a|an|your)) (?:valid )?(?:\w{1,20} )?api[ _]key|authentication_error|authentication_failed|(?:invalid|no|missing)[^\n]{0,20}(?:authentication|auth) credentials|(?:token|session|credentials?|login|key|jwt)\b[^\n]{0,24} (?:has |have |is |was )?expired|token_expired|expired ?token|(?:token|key|credentials?) (?:is|are) (?:invalid|incorrect|not valid|wrong)|failed to (?:authenticate|refresh)[^\n]{0,20}(?:token)?|(?:authentication|login) (?:has )?failed\b|requires? authentication|auth(?:entication)? login\b|must be logged in|header is required|security token[^\n]{0,40}(?:invalid|expired)|UnrecognizedClient|InvalidClientTokenId|InvalidSignature|SignatureDoesNotMatch|not logged in|run \/login|please (?:re-?)?(?:log ?in|sign in(?! to the)|login|authenticate)|re-?authenticat(?:e|ion)|invalid_grant|refresh_token_(?:reused|expired|invalidated)|resolve authentication method|LoadAPIKeyError|missing environment variable:? \W{0,2}\w{0,40}(?:KEY|TOKEN)|(?:unable to locate|could not (?:load|find)|no)[^\n]{0,24} credentials|credentials were not found|Authentication failed for|permission denied \(publickey|bad credentials|access key id[^\n]{0,30} does not exist|missing bearer|auth(?:entication)? (?:is )?required|AuthenticationError/i,
    'Invalid authentication credentials: invalid x-api-key',
    'Anthropic, OpenAI, Google, AWS, OpenRouter, git, GitHub',
  ),
  plain(
    'no_such_model',
    'model_unavailable',
    'model models endpoints deployment throughput case life version',
    /model_not_found|\bmodel\b[^\n]{0,80} (?:is |was |could )?not (?:be )?(?:found|exist|available to|supported)|the (?:requested )?model\b[^\n]{0,80} does not exist|model\b[^\n]{0,80} does(?: not|n't) exist|model\b[^\n]{0,60} may not exist|no (?:such|matching) model|(?:unknown|invalid|unsupported) model(?:[ _](?:name|id|identifier))?\b|model (?:identifier|name|id)[^\n]{0,20} is (?:invalid|not valid|unknown)|not_found_error[^\n]{0,60}\bmodel:|no (?:allowed |available )?(?:providers|endpoints) (?:are )?(?:found|available)|on-demand throughput|use case details have not|(?:do(?:es)? not|don't|doesn't) have access to (?:the |this )?model|model\b[^\n]{0,60} (?:has been |is no longer |was )(?:deprecated|retired|decommissioned|discontinued|supported|available)|reached its end of life|DeploymentNotFound|deployment for this resource does not exist|not (?:available|authorized) (?:for|to access) this model|no access to (?:the )?model|is not a valid model|is not found for API version|issue with the selected model|"message": ?"model: /i,
    "The model 'gpt-9' does not exist or you do not have access to it.",
    'OpenAI, Anthropic, Bedrock, Azure, Google, Ollama, OpenRouter',
  ),
  plain(
    'server_throttles',
    'rate_limited',
    'limiting requests concurrent tokens acceleration increased concurrency secondary',
    /temporarily limiting requests|too many concurrent|concurrency limit|too many tokens, please wait|rate increased too quickly|acceleration limit|secondary rate limit/i,
    'Server is temporarily limiting requests (not your usage limit)',
    'Anthropic, Bedrock, GitHub',
  ),
  plain(
    'provider_full',
    'provider_overloaded',
    'overloaded demand load capacity unavailable upstream loading deployments deployment instances instance models model servers workers server provider busy experiencing',
    /(?<![/-])\boverloaded(?:_error)?\b(?!-| (?:mapping|tests?|function|method|operator|constructor|signature))|(?:high|heavy|unusual) (?:demand|load)|out of capacity|(?:at|over|insufficient|exceeded|full|lacks?) capacity|at full capacity|(?<!resource )temporarily unavailable|service[_ ]?unavailable|currently unavailable|\bserver[_ ](?:is )?busy|unexpected server error|experiencing (?:issues|problems|an outage|high|heavy)|no healthy upstream|upstream (?:connect|request|server|error)|model is (?:currently |still )?loading|no (?:available )?(?:deployments?|models?|instances?|servers?|workers?) (?:is |are )?available|the server had an error|provider returned error/i,
    '529 {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}',
    'Anthropic, OpenAI, Google, Envoy, LiteLLM, OpenRouter',
  ),
  plain(
    'too_slow',
    'provider_timeout',
    'timeout timed time deadline long received stalled apitimeout',
    /(?<!\b(?:tool|mcp|command)[ _])\b(?:request|response|operation|model|stream|read|call|completion|api)\b[^\n]{0,20} (?:has )?timed? ?out\b(?!:)|(?:stream|response|read|idle|header|body|request|api|first token)[- _]?(?:idle )?timeout(?: error)?\b(?! ?[:=] ?(?:none|\d))|\bread ?timeout|APITimeoutError|litellm\.Timeout|UND_ERR_(?:HEADERS|BODY)_TIMEOUT|(?:Headers|Body)TimeoutError|deadline[_ ]?exceeded(?!: job)|timeout of \d{1,9} ?ms exceeded|timed out (?:waiting|while waiting|after \d)[^\n]{0,40}(?:model|provider|response|token|api|stream|reply)|client\.timeout|ModelTimeout|\btook too long to respond|stream (?:has )?stalled|no (?:response|data|tokens?|events?) (?:was )?received (?:from|for|within)/i,
    'API Error: Stream idle timeout - partial response received',
    'Anthropic, OpenAI, LiteLLM, undici, httpx, gRPC, axios, Go',
  ),
];

/** What takes the retry away from a family: a gateway or client that fails over its own code will do so again. */
const OWN_FAULT = plain(
  'fault_in_client',
  'unclassified',
  'attribute key name index reference assertion none local undefined positional keyword iterable subscriptable callable',
  /\b(?:Attribute|Key|Name|Index|Reference|UnboundLocal|Assertion)Error\b|TypeError: (?!fetch failed|terminated|failed to fetch|network)|'NoneType' object/,
  "litellm.APIConnectionError: 'NoneType' object has no attribute 'choices'",
  'Python and Node exceptions inside LiteLLM and other gateways',
);

/** Families: a status in words, a type that wraps many causes. */
export const PROVIDER_FAMILIES: readonly TextRule[] = [
  OWN_FAULT,
  vague(
    'rate_limit_words',
    'rate_limited',
    'rate throttling throttled throttlingexception requests minute min resource exhausted slow tpm rpm toomanyrequests ratelimit ratelimiterror',
    /rate[-_ ]?limit(?:ed|ing)?[-_ ]?(?:error|exceeded|reached|hit|was|has|is|for)|\brate[- ]limited\b|(?:hit|exceed(?:ed|s)?|reached) (?:\S{1,20} ){0,3}rate[- ]limits?|RateLimitError|too ?many ?requests|throttling(?:exception|error|_error)?\b|(?:was|been|is|request) throttled|(?:requests|tokens) (?:per|\/) ?(?:min(?:ute)?|second|hour)\b|resource (?:has been )?exhausted|RESOURCE_EXHAUSTED|slow down/i,
    'Rate limit reached for gpt-4o on tokens per min. Limit: 40000 / min. Please try again in 20ms.',
    'OpenAI, Anthropic, Bedrock, Google',
  ),
  vague(
    'unauthorized_words',
    'credential_rejected',
    'unauthorized unauthenticated unauthorised auth',
    /\bunauthori[sz]ed\b|\bUNAUTHENTICATED\b/i,
    'unauthorized: the server did not take the login',
    'HTTP, gRPC',
  ),
  vague(
    'forbidden_words',
    'credential_revoked',
    'forbidden denied access',
    /\bforbidden\b|\baccess ?denied(?:exception)?\b|\bPERMISSION_DENIED\b/i,
    'AccessDeniedException: no access',
    'HTTP, gRPC, AWS',
  ),
  vague(
    'server_error_words',
    'provider_overloaded',
    'internal server gateway unavailable',
    /internal server error\b|internal (?:error|failure) (?:has )?(?:been )?(?:encountered|occurred)|InternalServer(?:Error|Exception)|\bserver_error\b|\bbad gateway\b|gateway time-?out|"?status"?: ?"?(?:UNAVAILABLE|INTERNAL)\b|^\W{0,8}UNAVAILABLE\b|\bUNAVAILABLE\b[^\n]{0,4}$/im,
    'HTTP/1.1 502 Bad Gateway',
    'gateways, Anthropic, OpenAI, Google',
  ),
  vague(
    'bad_request_words',
    'invalid_request',
    'invalid bad validation argument badrequesterror badrequest request',
    /invalid_request_error|Bad ?Request(?:Error)?|INVALID_ARGUMENT|ValidationException/i,
    '{"type":"error","error":{"type":"invalid_request_error","message":"…"}}',
    'Anthropic, OpenAI, Google, Bedrock',
  ),
];
