# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_inferguard_global_optspecs
    string join \n h/help V/version
end

function __fish_inferguard_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_inferguard_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_inferguard_using_subcommand
    set -l cmd (__fish_inferguard_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c inferguard -n "__fish_inferguard_needs_command" -s h -l help -d 'Print help'
complete -c inferguard -n "__fish_inferguard_needs_command" -s V -l version -d 'Print version'
complete -c inferguard -n "__fish_inferguard_needs_command" -f -a "check" -d 'Everything at once, on one screen: files, directories, standard input (-) or URLs'
complete -c inferguard -n "__fish_inferguard_needs_command" -f -a "lmcache-compat" -d 'Which LMCache runs and whether its metrics are what this release should show'
complete -c inferguard -n "__fish_inferguard_needs_command" -f -a "observability-coverage" -d 'Whether the engine uses LMCache, what that is worth, and what cannot be seen'
complete -c inferguard -n "__fish_inferguard_needs_command" -f -a "collect-lmcache" -d 'Collect a packet of evidence from servers that run and from files, without changing either'
complete -c inferguard -n "__fish_inferguard_needs_command" -f -a "collect-metrics" -d 'Scrape a metrics page over time: packet, timeline, windows and a summary'
complete -c inferguard -n "__fish_inferguard_needs_command" -f -a "cacheblend-report" -d 'CacheBlend\'s counters and ratios, serialisation, lifecycle and boundary evidence'
complete -c inferguard -n "__fish_inferguard_needs_command" -f -a "diagnose-bottleneck" -d 'What a load is bound by, from a job directory or a packet; LMCache\'s findings beside it'
complete -c inferguard -n "__fish_inferguard_needs_command" -f -a "trace" -d 'Storage and event traces (.lct): what they hold, what is wrong with them'
complete -c inferguard -n "__fish_inferguard_needs_command" -f -a "explain" -d 'What a finding means, how to make sure, and what to do: by its code or its cause class'
complete -c inferguard -n "__fish_inferguard_needs_command" -f -a "capacity" -d 'How large the cache must be: the hit rate at every size, from recorded lookups'
complete -c inferguard -n "__fish_inferguard_needs_command" -f -a "misses" -d 'Why tokens were not served: one reason for each, from recorded lookups'
complete -c inferguard -n "__fish_inferguard_needs_command" -f -a "catalog" -d 'The metric contract of LMCache, vLLM and SGLang, release by release'
complete -c inferguard -n "__fish_inferguard_needs_command" -f -a "completions" -d 'Print the completions of a shell, to be loaded by it'
complete -c inferguard -n "__fish_inferguard_using_subcommand check" -l fail-on -d 'What ends the command with exit code 1' -r -f -a "never\t'Nothing'
critical\t'A critical finding'
warning\t'A warning or worse'
any\t'Whatever the first line calls wrong: any finding but remarks (severity info)'
info\t'Any finding, remarks too'"
complete -c inferguard -n "__fish_inferguard_using_subcommand check" -l format -d 'How to print: the screen, or a short Markdown note that may be shown to a customer' -r -f -a "screen\t'One screen'
note\t'Markdown, customer-safe findings only'"
complete -c inferguard -n "__fish_inferguard_using_subcommand check" -l config -d 'Thresholds of rules, and rules that are silenced, as [rules.CODE] tables' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand check" -l samples -d 'Scrapes of each URL\'s metrics page' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand check" -l interval-seconds -d 'Seconds between two scrapes of a URL' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand check" -l timeout-seconds -d 'Seconds that one exchange may take' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand check" -l header -d 'Header to send, as NAME: VALUE (repeatable; never written)' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand check" -l bearer-token-file -d 'File with a token to send as bearer authorisation (never written)' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand check" -l ca-file -d 'File with certificates (PEM) of the authorities to trust' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand check" -l release -d 'LMCache release that is known to run; narrows what its pages admit' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand check" -l output -d 'Also write the report as JSON to this file (whole or not at all)' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand check" -l all -d 'The whole screen also where nothing is wrong, every family with its reason, every window'
complete -c inferguard -n "__fish_inferguard_using_subcommand check" -l l2-configured -d 'An L2 adapter is configured: its families are then applicable even where none shows'
complete -c inferguard -n "__fish_inferguard_using_subcommand check" -l json -d 'Print the report as JSON'
complete -c inferguard -n "__fish_inferguard_using_subcommand check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c inferguard -n "__fish_inferguard_using_subcommand lmcache-compat" -l engine-metrics-file -d 'Metrics page of the engine (repeatable; - for standard input)' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand lmcache-compat" -l lmcache-metrics-file -d 'Metrics page of LMCache (repeatable; - for standard input)' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand lmcache-compat" -l engine-metrics-url -d 'Metrics endpoint of the engine (repeatable; counts beside files)' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand lmcache-compat" -l lmcache-metrics-url -d 'Metrics endpoint of LMCache (repeatable; counts beside files)' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand lmcache-compat" -l lmcache-http-evidence-file -d 'HTTP evidence: lmcache_http_evidence.json or a saved answer' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand lmcache-compat" -l lmcache-log-evidence-file -d 'Log evidence: lmcache_log_evidence.json or the log itself' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand lmcache-compat" -l lmcache-trace-evidence-file -d 'Trace: the .lct file itself or lmcache_trace_evidence.json' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand lmcache-compat" -l lmcache-trace-replay-evidence-file -d 'Outputs of LMCache\'s trace tools: a file, a directory or lmcache_trace_replay_evidence.json' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand lmcache-compat" -l lmcache-otel-evidence-file -d 'Span evidence: lmcache_otel_evidence.json or the OTLP spans themselves' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand lmcache-compat" -l lmcache-lookup-hash-evidence-file -d 'Lookup hashes: the evidence JSON or the JSON lines themselves' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand lmcache-compat" -l lmcache-cacheblend-boundary-evidence-file -d 'Boundary evidence of L0 or CacheBlend (JSON lines)' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand lmcache-compat" -l timeout-seconds -d 'Seconds to wait for a URL' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand lmcache-compat" -l expect-mode -d 'Mode that should run' -r -f -a "auto\t'Whatever runs'
mp\t'A multiprocess server'
embedded\t'LMCache inside the engine'
mixed\t'Both'
cacheblend\t'A multiprocess server with CacheBlend'
none\t'No LMCache'"
complete -c inferguard -n "__fish_inferguard_using_subcommand lmcache-compat" -l mp-prometheus-port -d 'Port that the server\'s --prometheus-port names' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand lmcache-compat" -l mp-event-bus-queue-size -d 'The server\'s --event-bus-queue-size' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand lmcache-compat" -l mp-metrics-sample-rate -d 'The server\'s --metrics-sample-rate, above 0 and up to 1' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand lmcache-compat" -l mp-service-instance-id -d 'The server\'s --instance-id' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand lmcache-compat" -l fail-on -d 'What ends the command with exit code 1' -r -f -a "never\t'Nothing'
mode-mismatch\t'A mode other than the expected one'
missing-required\t'Any failure reason'"
complete -c inferguard -n "__fish_inferguard_using_subcommand lmcache-compat" -l release -d 'LMCache release that is known to run; narrows what its pages admit' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand lmcache-compat" -l output -d 'Also write the report as JSON to this file (whole or not at all)' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand lmcache-compat" -l mp-observability-disabled -d 'The server runs with --disable-observability'
complete -c inferguard -n "__fish_inferguard_using_subcommand lmcache-compat" -l mp-observability-enabled -d 'The server runs without --disable-observability'
complete -c inferguard -n "__fish_inferguard_using_subcommand lmcache-compat" -l mp-metrics-disabled -d 'The server runs with --disable-metrics'
complete -c inferguard -n "__fish_inferguard_using_subcommand lmcache-compat" -l mp-metrics-enabled -d 'The server runs without --disable-metrics'
complete -c inferguard -n "__fish_inferguard_using_subcommand lmcache-compat" -l mp-logging-disabled -d 'The server runs with --disable-logging'
complete -c inferguard -n "__fish_inferguard_using_subcommand lmcache-compat" -l mp-logging-enabled -d 'The server runs without --disable-logging'
complete -c inferguard -n "__fish_inferguard_using_subcommand lmcache-compat" -l mp-tracing-enabled -d 'The server exports spans'
complete -c inferguard -n "__fish_inferguard_using_subcommand lmcache-compat" -l mp-tracing-disabled -d 'The server exports no spans'
complete -c inferguard -n "__fish_inferguard_using_subcommand lmcache-compat" -l mp-trace-recording-enabled -d 'The server records an .lct trace'
complete -c inferguard -n "__fish_inferguard_using_subcommand lmcache-compat" -l mp-trace-recording-disabled -d 'The server records no trace'
complete -c inferguard -n "__fish_inferguard_using_subcommand lmcache-compat" -l l2-configured -d 'An L2 adapter is configured: its families are then applicable even where none shows'
complete -c inferguard -n "__fish_inferguard_using_subcommand lmcache-compat" -l json -d 'Print the report as JSON'
complete -c inferguard -n "__fish_inferguard_using_subcommand lmcache-compat" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c inferguard -n "__fish_inferguard_using_subcommand observability-coverage" -l engine-metrics-file -d 'Metrics page of the engine (repeatable; - for standard input)' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand observability-coverage" -l lmcache-metrics-file -d 'Metrics page of LMCache (repeatable; - for standard input)' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand observability-coverage" -l engine-metrics-url -d 'Metrics endpoint of the engine (repeatable; counts beside files)' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand observability-coverage" -l lmcache-metrics-url -d 'Metrics endpoint of LMCache (repeatable; counts beside files)' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand observability-coverage" -l lmcache-http-evidence-file -d 'HTTP evidence: lmcache_http_evidence.json or a saved answer' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand observability-coverage" -l lmcache-log-evidence-file -d 'Log evidence: lmcache_log_evidence.json or the log itself' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand observability-coverage" -l lmcache-trace-evidence-file -d 'Trace: the .lct file itself or lmcache_trace_evidence.json' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand observability-coverage" -l lmcache-trace-replay-evidence-file -d 'Outputs of LMCache\'s trace tools: a file, a directory or lmcache_trace_replay_evidence.json' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand observability-coverage" -l lmcache-otel-evidence-file -d 'Span evidence: lmcache_otel_evidence.json or the OTLP spans themselves' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand observability-coverage" -l lmcache-lookup-hash-evidence-file -d 'Lookup hashes: the evidence JSON or the JSON lines themselves' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand observability-coverage" -l lmcache-cacheblend-boundary-evidence-file -d 'Boundary evidence of L0 or CacheBlend (JSON lines)' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand observability-coverage" -l timeout-seconds -d 'Seconds to wait for a URL' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand observability-coverage" -l expected-engine -d 'Engine that should run' -r -f -a "auto\t'Whatever runs'
vllm\t'vLLM'
sglang\t'SGLang'"
complete -c inferguard -n "__fish_inferguard_using_subcommand observability-coverage" -l expect-lmcache-mode -d 'Mode in which LMCache should run' -r -f -a "auto\t'Whatever runs'
mp\t'A multiprocess server'
embedded\t'LMCache inside the engine'
mixed\t'Both'
cacheblend\t'A multiprocess server with CacheBlend'
none\t'No LMCache'"
complete -c inferguard -n "__fish_inferguard_using_subcommand observability-coverage" -l mp-prometheus-port -d 'Port that the server\'s --prometheus-port names' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand observability-coverage" -l mp-event-bus-queue-size -d 'The server\'s --event-bus-queue-size' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand observability-coverage" -l mp-metrics-sample-rate -d 'The server\'s --metrics-sample-rate, above 0 and up to 1' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand observability-coverage" -l mp-service-instance-id -d 'The server\'s --instance-id' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand observability-coverage" -l gpu-hour-usd -d 'Price of a GPU hour in dollars, for what the cache is worth' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand observability-coverage" -l gpus -d 'GPUs of the engines' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand observability-coverage" -l useful-tasks -d 'Tasks that were of use in this time' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand observability-coverage" -l requests-before -d 'Log of requests of the time before: before disaggregation, or before the cache; repeatable' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand observability-coverage" -l fail-on -d 'What ends the command with exit code 1' -r -f -a "never\t'Nothing'
gaps\t'A coverage gap'
mismatch\t'Something that does not fit: between engine and cache, or with what is expected'"
complete -c inferguard -n "__fish_inferguard_using_subcommand observability-coverage" -l format -d 'What is printed' -r -f -a "terminal\t'For a screen'
json\t'For scripts; the same as --json'
markdown\t'For a ticket or a page'"
complete -c inferguard -n "__fish_inferguard_using_subcommand observability-coverage" -l config -d 'Thresholds of rules, and rules that are silenced, as [rules.CODE] tables' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand observability-coverage" -l release -d 'LMCache release that is known to run; narrows what its pages admit' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand observability-coverage" -l output -d 'Also write the report as JSON to this file (whole or not at all)' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand observability-coverage" -l external-cache-configured -d 'The engine has a KV connector or another external cache'
complete -c inferguard -n "__fish_inferguard_using_subcommand observability-coverage" -l cpu-offload-configured -d 'The engine offloads its cache to the CPU'
complete -c inferguard -n "__fish_inferguard_using_subcommand observability-coverage" -l disaggregated-or-external-cache -d 'Prefill is disaggregated, or the engine has an external cache'
complete -c inferguard -n "__fish_inferguard_using_subcommand observability-coverage" -l mp-observability-disabled -d 'The server runs with --disable-observability'
complete -c inferguard -n "__fish_inferguard_using_subcommand observability-coverage" -l mp-observability-enabled -d 'The server runs without --disable-observability'
complete -c inferguard -n "__fish_inferguard_using_subcommand observability-coverage" -l mp-metrics-disabled -d 'The server runs with --disable-metrics'
complete -c inferguard -n "__fish_inferguard_using_subcommand observability-coverage" -l mp-metrics-enabled -d 'The server runs without --disable-metrics'
complete -c inferguard -n "__fish_inferguard_using_subcommand observability-coverage" -l mp-logging-disabled -d 'The server runs with --disable-logging'
complete -c inferguard -n "__fish_inferguard_using_subcommand observability-coverage" -l mp-logging-enabled -d 'The server runs without --disable-logging'
complete -c inferguard -n "__fish_inferguard_using_subcommand observability-coverage" -l mp-tracing-enabled -d 'The server exports spans'
complete -c inferguard -n "__fish_inferguard_using_subcommand observability-coverage" -l mp-tracing-disabled -d 'The server exports no spans'
complete -c inferguard -n "__fish_inferguard_using_subcommand observability-coverage" -l mp-trace-recording-enabled -d 'The server records an .lct trace'
complete -c inferguard -n "__fish_inferguard_using_subcommand observability-coverage" -l mp-trace-recording-disabled -d 'The server records no trace'
complete -c inferguard -n "__fish_inferguard_using_subcommand observability-coverage" -l all -d 'Show every window and every family'
complete -c inferguard -n "__fish_inferguard_using_subcommand observability-coverage" -l l2-configured -d 'An L2 adapter is configured: its families are then applicable even where none shows'
complete -c inferguard -n "__fish_inferguard_using_subcommand observability-coverage" -l json -d 'Print the report as JSON'
complete -c inferguard -n "__fish_inferguard_using_subcommand observability-coverage" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l output-dir -d 'Directory of the packet: created, or added to where it holds no packet yet' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l lmcache-url -d 'LMCache server: its metrics and every safe route that its release has (repeatable; ROLE=URL)' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l engine-url -d 'Engine: its metrics and safe routes (repeatable; ROLE=URL, such as prefill=http://..)' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l engine-metrics-url -d 'Metrics page of the engine' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l lmcache-metrics-url -d 'Metrics page of LMCache' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l engine-metrics-file -d 'Saved metrics page of the engine (wins over the URL)' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l lmcache-metrics-file -d 'Saved metrics page of LMCache (wins over the URL)' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l lmcache-http-base-url -d 'LMCache\'s HTTP API, without its metrics' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l lmcache-http-thread-name -d 'Periodic thread whose own route is asked, too' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l lmcache-health-url -d 'URL of the health route' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l lmcache-health-file -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l lmcache-status-url -d 'URL of the status route' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l lmcache-status-file -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l lmcache-conf-url -d 'URL of the configuration' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l lmcache-conf-file -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l lmcache-threads-url -d 'URL of the threads' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l lmcache-threads-file -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l lmcache-periodic-threads-url -d 'URL of the periodic threads' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l lmcache-periodic-threads-file -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l lmcache-periodic-thread-url -d 'URL of one periodic thread' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l lmcache-periodic-thread-file -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l lmcache-periodic-threads-health-url -d 'URL of the periodic threads\' health' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l lmcache-periodic-threads-health-file -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l lmcache-version-url -d 'URL of the version' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l lmcache-version-file -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l lmcache-lmc-version-url -d 'URL of LMCache\'s own version' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l lmcache-lmc-version-file -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l lmcache-commit-id-url -d 'URL of the commit id' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l lmcache-commit-id-file -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l lmcache-quota-url -d 'URL of the quotas' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l lmcache-quota-file -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l engine-log-file -d 'Log of the engine' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l lmcache-log-file -d 'Log of LMCache' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l file -d 'Anything else that tells: pod specs, environments, host facts, request logs; a directory takes all below it; repeatable' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l lmcache-trace-file -d 'Storage trace (.lct)' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l lmcache-otel-file -d 'Spans' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l lmcache-trace-replay-output -d 'Output of LMCache\'s trace tools: file or directory' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l lmcache-lookup-hash-path -d 'Lookup-hash log: file or directory' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l lmcache-cacheblend-boundary-evidence-file -d 'Boundary evidence' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l pid -d 'Local process whose command line is read, and of its environment what is harmless (repeatable; ROLE=PID)' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l samples -d 'Scrapes of each metrics page' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l interval-seconds -d 'Seconds between two scrapes' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l expect-mode -d 'Mode that should run' -r -f -a "auto\t'Whatever runs'
mp\t'A multiprocess server'
embedded\t'LMCache inside the engine'
mixed\t'Both'
cacheblend\t'A multiprocess server with CacheBlend'
none\t'No LMCache'"
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l mp-prometheus-port -d 'Port that the server\'s --prometheus-port names' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l mp-event-bus-queue-size -d 'The server\'s --event-bus-queue-size' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l mp-metrics-sample-rate -d 'The server\'s --metrics-sample-rate, above 0 and up to 1' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l mp-service-instance-id -d 'The server\'s --instance-id' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l release -d 'LMCache release that is known to run; narrows what its pages admit' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l timeout-seconds -d 'Seconds that one exchange may take' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l header -d 'Header to send, as NAME: VALUE (repeatable; never written)' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l bearer-token-file -d 'File with a token to send as bearer authorisation (never written)' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l ca-file -d 'File with certificates (PEM) of the authorities to trust' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l force -d 'Replace the packet of an earlier run'
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l include-env -d 'Read GET /env, through an allow-list'
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l no-redact -d 'Write everything as it is: the packet then holds whatever the sources hold'
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l mp-observability-disabled -d 'The server runs with --disable-observability'
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l mp-observability-enabled -d 'The server runs without --disable-observability'
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l mp-metrics-disabled -d 'The server runs with --disable-metrics'
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l mp-metrics-enabled -d 'The server runs without --disable-metrics'
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l mp-logging-disabled -d 'The server runs with --disable-logging'
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l mp-logging-enabled -d 'The server runs without --disable-logging'
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l mp-tracing-enabled -d 'The server exports spans'
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l mp-tracing-disabled -d 'The server exports no spans'
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l mp-trace-recording-enabled -d 'The server records an .lct trace'
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l mp-trace-recording-disabled -d 'The server records no trace'
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l l2-configured -d 'An L2 adapter is configured: its families are then applicable even where none shows'
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -l json -d 'Print the manifest as JSON'
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-lmcache" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-metrics" -l engine -d 'What answers at the endpoint' -r -f -a "lmcache\t'An LMCache server'
vllm\t'vLLM, with or without LMCache inside'
sglang\t'SGLang, with or without LMCache inside'
dynamo-sglang\t'SGLang under Dynamo'"
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-metrics" -l endpoint -l engine-metrics-url -d 'Its metrics page; /metrics is added to a URL without a path' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-metrics" -l samples -d 'Samples [default: 2]' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-metrics" -l duration-seconds -d 'Length of the run instead: samples = duration / interval, rounded up' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-metrics" -l interval-seconds -d 'Seconds between two samples' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-metrics" -l output-dir -d 'Directory of the packet: created, or added to where it holds no packet yet' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-metrics" -l lmcache-metrics-url -d 'LMCache\'s own metrics page, beside the engine\'s' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-metrics" -l dcgm-metrics-url -d 'Metrics page of a GPU exporter (DCGM)' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-metrics" -l dcgm-interval-seconds -d 'Seconds between two scrapes of the GPU exporter, rounded up to whole samples' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-metrics" -l label-job-id -d 'Label of the run, written into every row' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-metrics" -l label-engine-version -d 'Label of the run, written into every row' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-metrics" -l label-hardware -d 'Label of the run, written into every row' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-metrics" -l timeout-seconds -d 'Seconds that one exchange may take' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-metrics" -l header -d 'Header to send, as NAME: VALUE (repeatable; never written)' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-metrics" -l bearer-token-file -d 'File with a token to send as bearer authorisation (never written)' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-metrics" -l ca-file -d 'File with certificates (PEM) of the authorities to trust' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-metrics" -l force -d 'Replace the packet of an earlier run'
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-metrics" -l keep-raw-samples -d 'Also write the pages as rows (raw_samples.jsonl)'
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-metrics" -l json -d 'Print the summary as JSON'
complete -c inferguard -n "__fish_inferguard_using_subcommand collect-metrics" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c inferguard -n "__fish_inferguard_using_subcommand cacheblend-report" -l metrics-file -d 'Metrics page or packet (repeatable; counts beside targets)' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand cacheblend-report" -l boundary-evidence-file -d 'Boundary evidence (JSON lines, or a finished summary)' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand cacheblend-report" -l output -d 'Also write the report as JSON to this file (whole or not at all)' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand cacheblend-report" -l json -d 'Print the report as JSON'
complete -c inferguard -n "__fish_inferguard_using_subcommand cacheblend-report" -s h -l help -d 'Print help'
complete -c inferguard -n "__fish_inferguard_using_subcommand diagnose-bottleneck" -l job-dir -d 'Job directory, output of a collector, or any packet of evidence' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand diagnose-bottleneck" -l output-dir -d 'Where the diagnosis is written [default: JOB_DIR/diagnosis]' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand diagnose-bottleneck" -l validation-report -d 'Validation report of the run [default: beside the directory jobs/ that holds the job]' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand diagnose-bottleneck" -l config -d 'Thresholds of rules, and rules that are silenced, as [rules.CODE] tables' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand diagnose-bottleneck" -l rule-config -d 'Thresholds of the bottleneck by name, as JSON or TOML, instead of [bottleneck] in --config' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand diagnose-bottleneck" -l strict -d 'End with exit code 1 when the evidence does not tell'
complete -c inferguard -n "__fish_inferguard_using_subcommand diagnose-bottleneck" -l json-only -d 'Write no Markdown page'
complete -c inferguard -n "__fish_inferguard_using_subcommand diagnose-bottleneck" -l json -d 'Print the diagnosis as JSON'
complete -c inferguard -n "__fish_inferguard_using_subcommand diagnose-bottleneck" -s h -l help -d 'Print help'
complete -c inferguard -n "__fish_inferguard_using_subcommand trace; and not __fish_seen_subcommand_from info records check export reuse replay-summary" -s h -l help -d 'Print help'
complete -c inferguard -n "__fish_inferguard_using_subcommand trace; and not __fish_seen_subcommand_from info records check export reuse replay-summary" -f -a "info" -d 'What a trace holds, on one screen'
complete -c inferguard -n "__fish_inferguard_using_subcommand trace; and not __fish_seen_subcommand_from info records check export reuse replay-summary" -f -a "records" -d 'The records, one JSON object a line'
complete -c inferguard -n "__fish_inferguard_using_subcommand trace; and not __fish_seen_subcommand_from info records check export reuse replay-summary" -f -a "check" -d 'What is wrong with a trace; exit code 1 where anything is'
complete -c inferguard -n "__fish_inferguard_using_subcommand trace; and not __fish_seen_subcommand_from info records check export reuse replay-summary" -f -a "export" -d 'The records as a table in a file: NDJSON, CSV or Parquet'
complete -c inferguard -n "__fish_inferguard_using_subcommand trace; and not __fish_seen_subcommand_from info records check export reuse replay-summary" -f -a "reuse" -d 'How soon chunks are wanted again, and what a cache of a given size would serve'
complete -c inferguard -n "__fish_inferguard_using_subcommand trace; and not __fish_seen_subcommand_from info records check export reuse replay-summary" -f -a "replay-summary" -d 'What LMCache\'s own trace tools wrote: trace info, replay, replay-events'
complete -c inferguard -n "__fish_inferguard_using_subcommand trace; and __fish_seen_subcommand_from info" -l memory -d 'Memory for keys: below it, counts of different keys and pairing are exact' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand trace; and __fish_seen_subcommand_from info" -l evidence -d 'Also write lmcache_trace_evidence.json (of a single trace) to this file' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand trace; and __fish_seen_subcommand_from info" -l output -d 'Also write the report as JSON to this file (whole or not at all)' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand trace; and __fish_seen_subcommand_from info" -l no-hash -d 'Do not compute the SHA-256 of the file'
complete -c inferguard -n "__fish_inferguard_using_subcommand trace; and __fish_seen_subcommand_from info" -l force -d 'Read a format version that this build does not know, as far as its shape allows'
complete -c inferguard -n "__fish_inferguard_using_subcommand trace; and __fish_seen_subcommand_from info" -l json -d 'Print the report as JSON'
complete -c inferguard -n "__fish_inferguard_using_subcommand trace; and __fish_seen_subcommand_from info" -s h -l help -d 'Print help'
complete -c inferguard -n "__fish_inferguard_using_subcommand trace; and __fish_seen_subcommand_from records" -l op -d 'Only this operation, by short or qualified name (repeatable)' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand trace; and __fish_seen_subcommand_from records" -l since -d 'Records from this time on: seconds since the recording began, or a time of day' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand trace; and __fish_seen_subcommand_from records" -l until -d 'Records before this time: seconds since the recording began, or a time of day' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand trace; and __fish_seen_subcommand_from records" -l limit -d 'At most so many records' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand trace; and __fish_seen_subcommand_from records" -l table -d 'One row a record, or one a key' -r -f -a "records\t'One row a record'
keys\t'One row a key'"
complete -c inferguard -n "__fish_inferguard_using_subcommand trace; and __fish_seen_subcommand_from records" -l salt -d 'Salt of the short hashes that stand for keys: with one salt, exports can be joined. Without it each run takes a random one' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand trace; and __fish_seen_subcommand_from records" -l raw-keys -d 'Write chunk hashes and request ids as they are (they let a prompt be recognised)'
complete -c inferguard -n "__fish_inferguard_using_subcommand trace; and __fish_seen_subcommand_from records" -l force -d 'Read a format version that this build does not know, as far as its shape allows'
complete -c inferguard -n "__fish_inferguard_using_subcommand trace; and __fish_seen_subcommand_from records" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c inferguard -n "__fish_inferguard_using_subcommand trace; and __fish_seen_subcommand_from check" -l memory -d 'Memory for keys: below it, pairing is exact' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand trace; and __fish_seen_subcommand_from check" -l output -d 'Also write the report as JSON to this file (whole or not at all)' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand trace; and __fish_seen_subcommand_from check" -l no-hash -d 'Do not compute the SHA-256 of the file'
complete -c inferguard -n "__fish_inferguard_using_subcommand trace; and __fish_seen_subcommand_from check" -l force -d 'Read a format version that this build does not know, as far as its shape allows'
complete -c inferguard -n "__fish_inferguard_using_subcommand trace; and __fish_seen_subcommand_from check" -l json -d 'Print the report as JSON'
complete -c inferguard -n "__fish_inferguard_using_subcommand trace; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help'
complete -c inferguard -n "__fish_inferguard_using_subcommand trace; and __fish_seen_subcommand_from export" -l format -d 'Format' -r -f -a "ndjson\t'A JSON object a line'
csv\t'RFC 4180, with a head'
parquet\t'Apache Parquet, typed'"
complete -c inferguard -n "__fish_inferguard_using_subcommand trace; and __fish_seen_subcommand_from export" -s o -l output -d 'Output, written whole or not at all; - for standard output' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand trace; and __fish_seen_subcommand_from export" -l op -d 'Only this operation, by short or qualified name (repeatable)' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand trace; and __fish_seen_subcommand_from export" -l since -d 'Records from this time on: seconds since the recording began, or a time of day' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand trace; and __fish_seen_subcommand_from export" -l until -d 'Records before this time: seconds since the recording began, or a time of day' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand trace; and __fish_seen_subcommand_from export" -l limit -d 'At most so many records' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand trace; and __fish_seen_subcommand_from export" -l table -d 'One row a record, or one a key' -r -f -a "records\t'One row a record'
keys\t'One row a key'"
complete -c inferguard -n "__fish_inferguard_using_subcommand trace; and __fish_seen_subcommand_from export" -l salt -d 'Salt of the short hashes that stand for keys: with one salt, exports can be joined. Without it each run takes a random one' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand trace; and __fish_seen_subcommand_from export" -l raw-keys -d 'Write chunk hashes and request ids as they are (they let a prompt be recognised)'
complete -c inferguard -n "__fish_inferguard_using_subcommand trace; and __fish_seen_subcommand_from export" -l force -d 'Read a format version that this build does not know, as far as its shape allows'
complete -c inferguard -n "__fish_inferguard_using_subcommand trace; and __fish_seen_subcommand_from export" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c inferguard -n "__fish_inferguard_using_subcommand trace; and __fish_seen_subcommand_from reuse" -l view -d 'Which calls count' -r -f -a "demand\t'What was asked for'
served\t'What was served, as LMCache\'s own reuse histograms count'"
complete -c inferguard -n "__fish_inferguard_using_subcommand trace; and __fish_seen_subcommand_from reuse" -l unit -d 'What is followed' -r -f -a "chunk\t'Chunks: all ranks\' parts of one are one'
key\t'Keys: each rank\'s part by itself'"
complete -c inferguard -n "__fish_inferguard_using_subcommand trace; and __fish_seen_subcommand_from reuse" -l memory -d 'Memory: within it figures are exact, beyond it they are estimated from a sample' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand trace; and __fish_seen_subcommand_from reuse" -l window -d 'Lengths of the windows for working sets, in seconds (repeatable, at most eight)' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand trace; and __fish_seen_subcommand_from reuse" -l output -d 'Also write the report as JSON to this file (whole or not at all)' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand trace; and __fish_seen_subcommand_from reuse" -l no-hash -d 'Do not compute the SHA-256 of the file'
complete -c inferguard -n "__fish_inferguard_using_subcommand trace; and __fish_seen_subcommand_from reuse" -l force -d 'Read a format version that this build does not know, as far as its shape allows'
complete -c inferguard -n "__fish_inferguard_using_subcommand trace; and __fish_seen_subcommand_from reuse" -l json -d 'Print the report as JSON'
complete -c inferguard -n "__fish_inferguard_using_subcommand trace; and __fish_seen_subcommand_from reuse" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c inferguard -n "__fish_inferguard_using_subcommand trace; and __fish_seen_subcommand_from replay-summary" -l trace -d 'The trace that was replayed (repeatable): tells whether its digest is comparable' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand trace; and __fish_seen_subcommand_from replay-summary" -l output -d 'Also write the report as JSON to this file (whole or not at all)' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand trace; and __fish_seen_subcommand_from replay-summary" -l json -d 'Print the report as JSON'
complete -c inferguard -n "__fish_inferguard_using_subcommand trace; and __fish_seen_subcommand_from replay-summary" -s h -l help -d 'Print help'
complete -c inferguard -n "__fish_inferguard_using_subcommand explain" -l output -d 'Also write the report as JSON to this file (whole or not at all)' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand explain" -l list -d 'List all findings'
complete -c inferguard -n "__fish_inferguard_using_subcommand explain" -l json -d 'Print the report as JSON'
complete -c inferguard -n "__fish_inferguard_using_subcommand explain" -s h -l help -d 'Print help'
complete -c inferguard -n "__fish_inferguard_using_subcommand capacity" -l chunk-bytes -d 'Bytes of a chunk over all ranks, where the log does not tell them or tells one rank\'s' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand capacity" -l ranks -d 'Ranks that each keep a part as large as the log tells (tensor parallel size)' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand capacity" -l chunk-size -d 'Tokens of a chunk, where the input does not tell them (traces do not)' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand capacity" -l current-size -d 'The size in force, where the evidence does not tell it' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand capacity" -l memory -d 'Memory for lookups: within it figures are exact, beyond it estimated from a sample' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand capacity" -l sizes -d 'Sizes to compare, such as 8GiB,16GiB [default: powers of two up to what is enough]' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand capacity" -l policy -d 'Policy of the simulation [default: the one in force, else lru]' -r -f -a "lru\t'What was used longest ago goes first'
arc\t'Adaptive replacement, as LMCache 0.5.6 has it'
isolated-lru\t'A list for each model or salt, held to its --quota'
noop\t'Nothing is evicted'"
complete -c inferguard -n "__fish_inferguard_using_subcommand capacity" -l l2 -d 'An L2 of this size behind each of them; 0 is one without limit' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand capacity" -l l2-store-policy -d 'What L1 keeps of what L2 has' -r -f -a "default\t'Everything'
skip_l1\t'Nothing: L1 is a buffer'"
complete -c inferguard -n "__fish_inferguard_using_subcommand capacity" -l l2-prefetch-policy -d 'What L1 keeps of what was loaded from L2' -r -f -a "default\t'Nothing: it is loaded for one request'
retain\t'Everything'"
complete -c inferguard -n "__fish_inferguard_using_subcommand capacity" -l eviction-trigger-watermark -d 'L1 usage at which eviction begins [default: the one in force, else 0.8]' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand capacity" -l eviction-ratio -d 'Share of the keys that one pass evicts [default: the one in force, else 0.2]' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand capacity" -l quota -d 'Quota of a model or salt for isolated-lru (repeatable)' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand capacity" -l by -d 'Rows for each model or salt' -r -f -a "model\t'Models'
salt\t'Salts, where the input records them'"
complete -c inferguard -n "__fish_inferguard_using_subcommand capacity" -l target-hit-rate -d 'Share of all tokens that is to be served: at which size?' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand capacity" -l touch-order -d 'In which order a prompt\'s chunks are touched' -r -f -a "tail-first\t'As LMCache\'s servers do: a prompt loses its tail first'
head-first\t'As LMCache\'s cache-simulator does'"
complete -c inferguard -n "__fish_inferguard_using_subcommand capacity" -l prefill-tokens-per-second -d 'Tokens that the engine prefills in a second [default: that of an engine\'s metrics among the inputs]' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand capacity" -l price-per-hour -d 'What an hour of the engine costs, in any currency' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand capacity" -l svg -d 'Also write the curve as a picture' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand capacity" -l csv -d 'Also write the curve as CSV' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand capacity" -l output -d 'Also write the report as JSON to this file (whole or not at all)' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand capacity" -l json -d 'Print the report as JSON'
complete -c inferguard -n "__fish_inferguard_using_subcommand capacity" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c inferguard -n "__fish_inferguard_using_subcommand misses" -l chunk-bytes -d 'Bytes of a chunk over all ranks, where the log does not tell them or tells one rank\'s' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand misses" -l ranks -d 'Ranks that each keep a part as large as the log tells (tensor parallel size)' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand misses" -l chunk-size -d 'Tokens of a chunk, where the input does not tell them (traces do not)' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand misses" -l current-size -d 'The size in force, where the evidence does not tell it' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand misses" -l memory -d 'Memory for lookups: within it figures are exact, beyond it estimated from a sample' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand misses" -l cleared-at -d 'When the cache was emptied or the server restarted, where the evidence does not tell it: seconds since 1970 or 2026-11-24T02:59:40Z (repeatable)' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand misses" -l top -d 'Requests and families that are listed' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand misses" -l csv -d 'Also write the reasons as CSV' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand misses" -l output -d 'Also write the report as JSON to this file (whole or not at all)' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand misses" -l json -d 'Print the report as JSON'
complete -c inferguard -n "__fish_inferguard_using_subcommand misses" -s h -l help -d 'Print help'
complete -c inferguard -n "__fish_inferguard_using_subcommand catalog; and not __fish_seen_subcommand_from list show diff drift" -s h -l help -d 'Print help'
complete -c inferguard -n "__fish_inferguard_using_subcommand catalog; and not __fish_seen_subcommand_from list show diff drift" -f -a "list" -d 'All spellings, or those of one release'
complete -c inferguard -n "__fish_inferguard_using_subcommand catalog; and not __fish_seen_subcommand_from list show diff drift" -f -a "show" -d 'The history of a signal or of a series name across releases'
complete -c inferguard -n "__fish_inferguard_using_subcommand catalog; and not __fish_seen_subcommand_from list show diff drift" -f -a "diff" -d 'What changes between two releases'
complete -c inferguard -n "__fish_inferguard_using_subcommand catalog; and not __fish_seen_subcommand_from list show diff drift" -f -a "drift" -d 'What on a page is unknown, renamed or gone'
complete -c inferguard -n "__fish_inferguard_using_subcommand catalog; and __fish_seen_subcommand_from list" -l product -d 'Product' -r -f -a "lmcache\t'LMCache'
vllm\t'vLLM'
sglang\t'SGLang'"
complete -c inferguard -n "__fish_inferguard_using_subcommand catalog; and __fish_seen_subcommand_from list" -l release -d 'Only this release' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand catalog; and __fish_seen_subcommand_from list" -l output -d 'Also write the report as JSON to this file (whole or not at all)' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand catalog; and __fish_seen_subcommand_from list" -l json -d 'Print the report as JSON'
complete -c inferguard -n "__fish_inferguard_using_subcommand catalog; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c inferguard -n "__fish_inferguard_using_subcommand catalog; and __fish_seen_subcommand_from show" -l output -d 'Also write the report as JSON to this file (whole or not at all)' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand catalog; and __fish_seen_subcommand_from show" -l json -d 'Print the report as JSON'
complete -c inferguard -n "__fish_inferguard_using_subcommand catalog; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c inferguard -n "__fish_inferguard_using_subcommand catalog; and __fish_seen_subcommand_from diff" -l product -d 'Product' -r -f -a "lmcache\t'LMCache'
vllm\t'vLLM'
sglang\t'SGLang'"
complete -c inferguard -n "__fish_inferguard_using_subcommand catalog; and __fish_seen_subcommand_from diff" -l output -d 'Also write the report as JSON to this file (whole or not at all)' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand catalog; and __fish_seen_subcommand_from diff" -l json -d 'Print the report as JSON'
complete -c inferguard -n "__fish_inferguard_using_subcommand catalog; and __fish_seen_subcommand_from diff" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c inferguard -n "__fish_inferguard_using_subcommand catalog; and __fish_seen_subcommand_from drift" -l release -d 'LMCache release that is known to run' -r
complete -c inferguard -n "__fish_inferguard_using_subcommand catalog; and __fish_seen_subcommand_from drift" -l output -d 'Also write the report as JSON to this file (whole or not at all)' -r -F
complete -c inferguard -n "__fish_inferguard_using_subcommand catalog; and __fish_seen_subcommand_from drift" -l json -d 'Print the report as JSON'
complete -c inferguard -n "__fish_inferguard_using_subcommand catalog; and __fish_seen_subcommand_from drift" -s h -l help -d 'Print help'
complete -c inferguard -n "__fish_inferguard_using_subcommand completions" -s h -l help -d 'Print help'
