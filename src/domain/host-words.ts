// Words that say what the host did to a run: memory, disk, programs, network, the machine itself. In order: within one
// line the first row that matches decides.

import type { TextRule } from './ending.ts';
import { plain, vague } from './text-rule.ts';

export const HOST_WORDS: readonly TextRule[] = [
  plain(
    'kernel_out_of_memory',
    'out_of_memory',
    'oom oomkilled memory',
    /\boom[-_ ]?(?:kill|reaper)|\boomkilled\b|out of memory: kill|memory cgroup out of memory|exceeded (?:its )?memory limit|low on memory/i,
    'Out of memory: Killed process 4242 (node) total-vm:9120044kB',
    'Linux kernel, Kubernetes',
  ),
  plain(
    'runtime_out_of_memory',
    'out_of_memory',
    'memory heap alloc allocation enomem oom out',
    /\bheap out of memory|reached heap limit|OutOfMemory(?:Error|Exception)|cannot allocate memory|\bENOMEM\b|\bstd::bad_alloc\b|memory allocation of \d{1,20} bytes failed|^[ \t]{0,8}MemoryError\b|virtual memory exhausted|\ballocation failed\b|(?:unable|failed) to (?:allocate|reserve|commit|map)[^\n]{0,40}\bmemory\b|\bran out of memory\b|\bmemory is exhausted\b|\bOutOfMemory\b|\bOOM\b|requires more (?:system |gpu )?memory|\bout of memory(?=\s{0,4}(?:$|[.,:;()!]))/im,
    'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory',
    'V8, Python, Java, Go, Rust, C++, CUDA, Ollama',
  ),
  plain(
    'no_space',
    'disk_full',
    'enospc edquot space quota disk errno',
    // ENOSPC is also what Linux answers when file watchers run out; that is no full disk.
    /(?<![/-])\bENOSPC\b(?!: system limit|-)|(?<![/-])\bEDQUOT\b(?!-)|no space left on device|disk quota exceeded|\bdisk is full\b|not enough (?:free |disk ){0,2}space|insufficient (?:free |disk ){1,2}space|\[errno (?:28|122)\]|\berrno['"]?: ?-?(?:28|122)\b/i,
    'OSError: [Errno 28] No space left on device',
    'Linux errno, SQLite, Windows',
  ),
  plain(
    'machine_taken_away',
    'evicted',
    'evicted eviction preempted preemption spot drain drained draining shutdown shutting environment sandbox container runner instance pod',
    /\b(?:pod|container|job|workload|task|instance|node|machine|vm)\b.{0,40}\b(?:was |been |is |being )(?:evicted|preempted|reclaimed|drained)|\bevict(?:ed|ing|ion)\b.{0,40}\b(?:pod|node|container|worker)|spot (?:instance )?(?:interruption|termination|reclaim)|preemption notice|runner has received a shutdown signal|(?:system|machine|host|instance|node|server) is (?:shutting|going) down|\b(?:environment|sandbox|workspace vm)\b (?!variable)(?:\S{1,60} )?(?:(?:was |has been |is )?(?:not found|offline|deleted|terminated|destroyed|expired|reclaimed|stopped))|environment_deleted|no such container|\bcontainer (?:\S{1,70} )?(?:no longer exists|was removed|is being stopped)|worker is draining/i,
    'The node was low on resource: ephemeral-storage. Pod was evicted.',
    'Kubernetes, GitHub Actions, AWS spot, remote agent environments',
  ),
  vague(
    'sight_lost',
    'heartbeat_lost',
    'lost heartbeat heartbeats running reporting responding stuck hung communication detached unresponsive disappeared vanished gone alive silent',
    /\bprocess[ _]lost\b|\bprocess_detached\b|\bpid \d{1,10} is no longer running|process is no longer running|stopped (?:reporting|responding to heartbeats)|(?:missed|no|lost|without) (?:\w{1,12} )?heartbeats?\b|heartbeat (?:timeout|timed out|lost|missed|expired)|lost communication with the (?:server|host|worker|runner)|\b(?:run|agent|session|worker|process)\b.{0,40}\b(?:is|appears|seems|got|was) (?:to be )?(?:stuck|hung|unresponsive|not responding)\b|\b(?:agent|worker|process|pid \d{1,10}) (?:disappeared|vanished|is gone|is no longer alive|is not alive|went silent)\b|WorkerLostError/i,
    'Process lost -- child pid 4242 is no longer running',
    'supervisors of agents, GitHub Actions, Celery, Temporal',
  ),
  plain(
    'program_not_found',
    'tool_missing',
    'found enoent recognized executable exec errno binary command directory program installed syscall daemon cpu elf such spawn dependency native required requires require unsupported',
    /\bcommand not found\b|\bcommand \S{1,80} not found\b|\b(?:sh|bash|zsh|dash): (?:line )?\d{1,5}: [^\s:]{1,80}: not found|['"] is not recognized\b|is not recognized as (?:an internal|the name)|\bspawn\b[^\n]{0,200}\bENOENT\b|\bENOENT\b[^\n]{0,60}\b(?:posix_)?spawn\b|\bsyscall['"]?: ?['"]spawn|executable file not found|exec format error|cannot execute binary|\benv: .{1,60}: no such file|FileNotFoundError: \[Errno 2\] No such file or directory: '[\w-]{1,60}'|\[Errno 2\] No such file or directory: '[^'\n]{0,120}\/\.?bin\/[^'\n]{1,60}'|\bexec\w{0,6}\b[^\n]{0,80}: no such file or directory|could not (?:find|locate) .{0,40}(?:binary|executable)|\b(?:executable|binary|program)\b.{0,80}(?:not found|not installed|is missing|could not be found|does not exist)|not found in \$?PATH\b|cannot connect to the docker daemon|bad cpu type|wrong elf class|\bfailed to start command\b|\b(?:is not installed|not installed) (?:on this|or not in)|executable doesn't exist at|missing optional dependency |cannot find native binding|cannot execute: required file|\brequires? (?:at least )?node(?:\.js)? ?(?:version )?(?:>=|\^|v?\d)|unsupported (?:node|python) version/im,
    'bash: line 1: claude: command not found',
    'shells, Node spawn, Go exec, Windows',
  ),
  plain(
    'library_not_found',
    'tool_missing',
    'shared library relocating glibc symbol module dyld main class glibcxx named object',
    /loading shared librar|cannot open shared object|error relocating|\bGLIBC(?:XX)?_[\d.]{1,8}.{0,4} not found|symbol not found|\bdyld\b.{0,20}(?:library|symbol) not|\bcannot find (?:module|package) ['"]|ERR_MODULE_NOT_FOUND|ModuleNotFoundError: No module named|could not find or load main class/i,
    'node: error while loading shared libraries: libatomic.so.1: cannot open shared object file',
    'glibc, musl, macOS, Node, Python, Java',
  ),
];

export const NETWORK_WORDS: readonly TextRule[] = [
  plain(
    'captive_page',
    'network_dropped',
    'moment attention cookies html captive token network sign doctype',
    /just a moment\.\.\.|attention required! \| cloudflare|enable javascript and cookies|unexpected token '?<'?|sign in to the .{0,20}network|network restrictions|captive portal/i,
    'Unexpected token \'<\', "<!DOCTYPE "... is not valid JSON',
    'proxies and edges that answer with a page of their own',
  ),
  plain(
    'tls',
    'network_dropped',
    'cert certificate tls ssl self x509 handshake signature certificates unable unknown',
    /SELF_SIGNED_CERT|UNABLE_TO_(?:VERIFY|GET)_\w{0,30}|CERT_HAS_EXPIRED|ERR_TLS_\w{1,30}|certificate[ _](?:verify[ _]failed|has expired|is not trusted)|self[- ]signed certificate|unable to (?:verify|get) .{0,30}certificate|\bx509: |\b(?:ssl|tls)\b.{0,40}\b(?:alert|handshake|wrong version|error)|unknown ?ca\b|invalid peer certificate/i,
    'Failed to connect to api.example.com: SELF_SIGNED_CERT_IN_CHAIN',
    'OpenSSL through Node, Python, curl, Go, rustls',
  ),
  plain(
    'proxy',
    'network_dropped',
    'proxy tunneling tunnel',
    /proxy authentication required|\bproxy after connect|\bproxy ?(?:error|connection|refused|failed|unreachable)|tunneling socket|tunnel connection failed|ERR_PROXY/i,
    'curl: (56) Received HTTP code 407 from proxy after CONNECT',
    'curl, Node, Python requests',
  ),
  plain(
    'name_not_resolved',
    'network_dropped',
    'resolve enotfound again resolution getaddrinfo service name host unknown hostname dns resolved',
    /could not resolve (?:host|proxy)|\bENOTFOUND\b|\bEAI_AGAIN\b|name resolution|\bgetaddrinfo\b|name or service not known|UnknownHostException|no such host\b|could not be resolved|dns error/i,
    'fatal: unable to access: Could not resolve host: github.com',
    'git, Node errno, Python, Java, Go',
  ),
  plain(
    'connection_lost',
    'network_dropped',
    'econnreset econnrefused econnaborted etimedout ehostunreach enetunreach eproto socket connection connect hang peer closed unreachable route disconnected remote premature incomplete eof stream errno chunked',
    /(?<![/-])\bE(?:CONNRESET|CONNREFUSED|CONNABORTED|TIMEDOUT|HOSTUNREACH|NETUNREACH|PROTO)\b(?!-)|UND_ERR_(?:SOCKET|CONNECT)\w{0,12}|socket hang up|socket (?:connection )?(?:was )?(?:closed|disconnected)|other side closed|(?<!\b(?:mcp|acp|ipc) )connection (?:was )?(?:refused|reset|aborted|closed|lost|dropped|forcibly|timed out)|connection to .{0,60} (?:refused|reset|lost|closed|failed)|network is unreachable|no route to host|(?:peer|server) (?:closed|hung up)|remote(?:protocol|disconnected)|server ?disconnected|incomplete (?:chunked )?read|IncompleteMessage|premature (?:close|end)|stream (?:disconnected|closed) before|unexpected eof|\[errno (?:54|104|110|111|113|10054|10060|10061)\]|connect(?:ion)? timed? ?out|chunked ?encoding ?error|ssh: connect to host|unexpectedly closed the connection/i,
    'read ECONNRESET',
    'Node errno, undici, Bun, Python requests and httpx, git, ssh, Rust hyper',
  ),
  plain(
    'not_connected',
    'network_dropped',
    'connect internet network connection connector retries dial net',
    /(?:unable|cannot|could ?n[o']t|failed) to connect|cannot connect to|poor internet|internet connection|network (?:error|is down|connection (?:error|lost|failed))|NetworkError\b|NewConnectionError|ClientConnector\w{0,20}|max retries exceeded with url|\bdial tcp\b|\bnet::ERR_|\bERR_NETWORK\b/i,
    'Unable to connect to API due to poor internet connection',
    'Claude Code, Python requests, aiohttp, Go net',
  ),
  plain(
    'broken_answer',
    'network_dropped',
    'chunks segment sse malformed finish decoding ended stream json',
    /(?:request|response|stream) ended without (?:sending|producing|returning|receiving)\b|could not parse (?:message|response|body|chunk) (?:into|as) json|incomplete json segment|non-sse response|empty or malformed response \(HTTP 200\)|ended without (?:a |any )?(?:finish[ _]reason|events|a response)|stream (?:ended|closed|finished) (?:unexpectedly|early|prematurely)|invalid json response|error decoding response body/i,
    'Model stream ended without a finish reason.',
    'clients whose stream of an answer broke off, or was a page of somebody else: Anthropic, Gemini CLI, Qwen Code, reqwest',
  ),
  vague(
    'connection_error',
    'network_dropped',
    'connection apiconnection fetch terminated sending download remote eof rpc httpx httpcore',
    /\bconnection error\b|APIConnectionError\b(?=\W{0,3}(?:$|connection))|\bfetch failed\b|TypeError: terminated|"terminated"|error sending request|remote end hung up|\bearly eof\b|\bRPC failed\b|http(?:x|core)\.(?:Read|Write|Connect)Error|failed to (?:fetch|download)\b/i,
    'APIConnectionError: Connection error.',
    'OpenAI and Anthropic SDKs, undici, LiteLLM, reqwest',
  ),
];

/** A bare signal in words: the last thing to believe, for whoever names a cause beside it says more. */
export const KILLED_WORDS: readonly TextRule[] = [
  vague(
    'killed_words',
    'killed',
    'killed terminated sigkill sigterm signal 137 143 kill',
    /^\s{0,8}(?:\S{1,40}: line \d{1,5}:\s{1,8}\d{1,8} )?(?:killed|terminated)\s{0,8}(?:$|\S{1,60}\s{0,4}$)|^\[\d{1,3}\][-+ \d]{1,16}(?:killed|terminated)\b|signal: (?:killed|terminated)|\bSIG(?:KILL|TERM)\b|(?:exit(?:ed)?|return(?:ed)?|status|code)\b.{0,16}\b(?:137|143)\b|(?:killed|terminated) by (?:signal|sig)|"?status"?(?:>|: ?"?)killed|signal (?:9|15)\b/im,
    'command exited: signal: killed',
    'shells, Go exec, Node child processes, task runners',
  ),
];
