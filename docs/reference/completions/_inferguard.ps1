
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'inferguard' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'inferguard'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'inferguard' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Everything at once, on one screen: files, directories, standard input (-) or URLs')
            [CompletionResult]::new('lmcache-compat', 'lmcache-compat', [CompletionResultType]::ParameterValue, 'Which LMCache runs and whether its metrics are what this release should show')
            [CompletionResult]::new('observability-coverage', 'observability-coverage', [CompletionResultType]::ParameterValue, 'Whether the engine uses LMCache, what that is worth, and what cannot be seen')
            [CompletionResult]::new('collect-lmcache', 'collect-lmcache', [CompletionResultType]::ParameterValue, 'Collect a packet of evidence from servers that run and from files, without changing either')
            [CompletionResult]::new('collect-metrics', 'collect-metrics', [CompletionResultType]::ParameterValue, 'Scrape a metrics page over time: packet, timeline, windows and a summary')
            [CompletionResult]::new('cacheblend-report', 'cacheblend-report', [CompletionResultType]::ParameterValue, 'CacheBlend''s counters and ratios, serialisation, lifecycle and boundary evidence')
            [CompletionResult]::new('diagnose-bottleneck', 'diagnose-bottleneck', [CompletionResultType]::ParameterValue, 'What a load is bound by, from a job directory or a packet; LMCache''s findings beside it')
            [CompletionResult]::new('trace', 'trace', [CompletionResultType]::ParameterValue, 'Storage and event traces (.lct): what they hold, what is wrong with them')
            [CompletionResult]::new('explain', 'explain', [CompletionResultType]::ParameterValue, 'What a finding means, how to make sure, and what to do: by its code or its cause class')
            [CompletionResult]::new('capacity', 'capacity', [CompletionResultType]::ParameterValue, 'How large the cache must be: the hit rate at every size, from recorded lookups')
            [CompletionResult]::new('misses', 'misses', [CompletionResultType]::ParameterValue, 'Why tokens were not served: one reason for each, from recorded lookups')
            [CompletionResult]::new('catalog', 'catalog', [CompletionResultType]::ParameterValue, 'The metric contract of LMCache, vLLM and SGLang, release by release')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print the completions of a shell, to be loaded by it')
            break
        }
        'inferguard;check' {
            [CompletionResult]::new('--fail-on', '--fail-on', [CompletionResultType]::ParameterName, 'What ends the command with exit code 1')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How to print: the screen, or a short Markdown note that may be shown to a customer')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Thresholds of rules, and rules that are silenced, as [rules.CODE] tables')
            [CompletionResult]::new('--samples', '--samples', [CompletionResultType]::ParameterName, 'Scrapes of each URL''s metrics page')
            [CompletionResult]::new('--interval-seconds', '--interval-seconds', [CompletionResultType]::ParameterName, 'Seconds between two scrapes of a URL')
            [CompletionResult]::new('--timeout-seconds', '--timeout-seconds', [CompletionResultType]::ParameterName, 'Seconds that one exchange may take')
            [CompletionResult]::new('--header', '--header', [CompletionResultType]::ParameterName, 'Header to send, as NAME: VALUE (repeatable; never written)')
            [CompletionResult]::new('--bearer-token-file', '--bearer-token-file', [CompletionResultType]::ParameterName, 'File with a token to send as bearer authorisation (never written)')
            [CompletionResult]::new('--ca-file', '--ca-file', [CompletionResultType]::ParameterName, 'File with certificates (PEM) of the authorities to trust')
            [CompletionResult]::new('--release', '--release', [CompletionResultType]::ParameterName, 'LMCache release that is known to run; narrows what its pages admit')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Also write the report as JSON to this file (whole or not at all)')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'The whole screen also where nothing is wrong, every family with its reason, every window')
            [CompletionResult]::new('--l2-configured', '--l2-configured', [CompletionResultType]::ParameterName, 'An L2 adapter is configured: its families are then applicable even where none shows')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print the report as JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'inferguard;lmcache-compat' {
            [CompletionResult]::new('--engine-metrics-file', '--engine-metrics-file', [CompletionResultType]::ParameterName, 'Metrics page of the engine (repeatable; - for standard input)')
            [CompletionResult]::new('--lmcache-metrics-file', '--lmcache-metrics-file', [CompletionResultType]::ParameterName, 'Metrics page of LMCache (repeatable; - for standard input)')
            [CompletionResult]::new('--engine-metrics-url', '--engine-metrics-url', [CompletionResultType]::ParameterName, 'Metrics endpoint of the engine (repeatable; counts beside files)')
            [CompletionResult]::new('--lmcache-metrics-url', '--lmcache-metrics-url', [CompletionResultType]::ParameterName, 'Metrics endpoint of LMCache (repeatable; counts beside files)')
            [CompletionResult]::new('--lmcache-http-evidence-file', '--lmcache-http-evidence-file', [CompletionResultType]::ParameterName, 'HTTP evidence: lmcache_http_evidence.json or a saved answer')
            [CompletionResult]::new('--lmcache-log-evidence-file', '--lmcache-log-evidence-file', [CompletionResultType]::ParameterName, 'Log evidence: lmcache_log_evidence.json or the log itself')
            [CompletionResult]::new('--lmcache-trace-evidence-file', '--lmcache-trace-evidence-file', [CompletionResultType]::ParameterName, 'Trace: the .lct file itself or lmcache_trace_evidence.json')
            [CompletionResult]::new('--lmcache-trace-replay-evidence-file', '--lmcache-trace-replay-evidence-file', [CompletionResultType]::ParameterName, 'Outputs of LMCache''s trace tools: a file, a directory or lmcache_trace_replay_evidence.json')
            [CompletionResult]::new('--lmcache-otel-evidence-file', '--lmcache-otel-evidence-file', [CompletionResultType]::ParameterName, 'Span evidence: lmcache_otel_evidence.json or the OTLP spans themselves')
            [CompletionResult]::new('--lmcache-lookup-hash-evidence-file', '--lmcache-lookup-hash-evidence-file', [CompletionResultType]::ParameterName, 'Lookup hashes: the evidence JSON or the JSON lines themselves')
            [CompletionResult]::new('--lmcache-cacheblend-boundary-evidence-file', '--lmcache-cacheblend-boundary-evidence-file', [CompletionResultType]::ParameterName, 'Boundary evidence of L0 or CacheBlend (JSON lines)')
            [CompletionResult]::new('--timeout-seconds', '--timeout-seconds', [CompletionResultType]::ParameterName, 'Seconds to wait for a URL')
            [CompletionResult]::new('--expect-mode', '--expect-mode', [CompletionResultType]::ParameterName, 'Mode that should run')
            [CompletionResult]::new('--mp-prometheus-port', '--mp-prometheus-port', [CompletionResultType]::ParameterName, 'Port that the server''s --prometheus-port names')
            [CompletionResult]::new('--mp-event-bus-queue-size', '--mp-event-bus-queue-size', [CompletionResultType]::ParameterName, 'The server''s --event-bus-queue-size')
            [CompletionResult]::new('--mp-metrics-sample-rate', '--mp-metrics-sample-rate', [CompletionResultType]::ParameterName, 'The server''s --metrics-sample-rate, above 0 and up to 1')
            [CompletionResult]::new('--mp-service-instance-id', '--mp-service-instance-id', [CompletionResultType]::ParameterName, 'The server''s --instance-id')
            [CompletionResult]::new('--fail-on', '--fail-on', [CompletionResultType]::ParameterName, 'What ends the command with exit code 1')
            [CompletionResult]::new('--release', '--release', [CompletionResultType]::ParameterName, 'LMCache release that is known to run; narrows what its pages admit')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Also write the report as JSON to this file (whole or not at all)')
            [CompletionResult]::new('--mp-observability-disabled', '--mp-observability-disabled', [CompletionResultType]::ParameterName, 'The server runs with --disable-observability')
            [CompletionResult]::new('--mp-observability-enabled', '--mp-observability-enabled', [CompletionResultType]::ParameterName, 'The server runs without --disable-observability')
            [CompletionResult]::new('--mp-metrics-disabled', '--mp-metrics-disabled', [CompletionResultType]::ParameterName, 'The server runs with --disable-metrics')
            [CompletionResult]::new('--mp-metrics-enabled', '--mp-metrics-enabled', [CompletionResultType]::ParameterName, 'The server runs without --disable-metrics')
            [CompletionResult]::new('--mp-logging-disabled', '--mp-logging-disabled', [CompletionResultType]::ParameterName, 'The server runs with --disable-logging')
            [CompletionResult]::new('--mp-logging-enabled', '--mp-logging-enabled', [CompletionResultType]::ParameterName, 'The server runs without --disable-logging')
            [CompletionResult]::new('--mp-tracing-enabled', '--mp-tracing-enabled', [CompletionResultType]::ParameterName, 'The server exports spans')
            [CompletionResult]::new('--mp-tracing-disabled', '--mp-tracing-disabled', [CompletionResultType]::ParameterName, 'The server exports no spans')
            [CompletionResult]::new('--mp-trace-recording-enabled', '--mp-trace-recording-enabled', [CompletionResultType]::ParameterName, 'The server records an .lct trace')
            [CompletionResult]::new('--mp-trace-recording-disabled', '--mp-trace-recording-disabled', [CompletionResultType]::ParameterName, 'The server records no trace')
            [CompletionResult]::new('--l2-configured', '--l2-configured', [CompletionResultType]::ParameterName, 'An L2 adapter is configured: its families are then applicable even where none shows')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print the report as JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'inferguard;observability-coverage' {
            [CompletionResult]::new('--engine-metrics-file', '--engine-metrics-file', [CompletionResultType]::ParameterName, 'Metrics page of the engine (repeatable; - for standard input)')
            [CompletionResult]::new('--lmcache-metrics-file', '--lmcache-metrics-file', [CompletionResultType]::ParameterName, 'Metrics page of LMCache (repeatable; - for standard input)')
            [CompletionResult]::new('--engine-metrics-url', '--engine-metrics-url', [CompletionResultType]::ParameterName, 'Metrics endpoint of the engine (repeatable; counts beside files)')
            [CompletionResult]::new('--lmcache-metrics-url', '--lmcache-metrics-url', [CompletionResultType]::ParameterName, 'Metrics endpoint of LMCache (repeatable; counts beside files)')
            [CompletionResult]::new('--lmcache-http-evidence-file', '--lmcache-http-evidence-file', [CompletionResultType]::ParameterName, 'HTTP evidence: lmcache_http_evidence.json or a saved answer')
            [CompletionResult]::new('--lmcache-log-evidence-file', '--lmcache-log-evidence-file', [CompletionResultType]::ParameterName, 'Log evidence: lmcache_log_evidence.json or the log itself')
            [CompletionResult]::new('--lmcache-trace-evidence-file', '--lmcache-trace-evidence-file', [CompletionResultType]::ParameterName, 'Trace: the .lct file itself or lmcache_trace_evidence.json')
            [CompletionResult]::new('--lmcache-trace-replay-evidence-file', '--lmcache-trace-replay-evidence-file', [CompletionResultType]::ParameterName, 'Outputs of LMCache''s trace tools: a file, a directory or lmcache_trace_replay_evidence.json')
            [CompletionResult]::new('--lmcache-otel-evidence-file', '--lmcache-otel-evidence-file', [CompletionResultType]::ParameterName, 'Span evidence: lmcache_otel_evidence.json or the OTLP spans themselves')
            [CompletionResult]::new('--lmcache-lookup-hash-evidence-file', '--lmcache-lookup-hash-evidence-file', [CompletionResultType]::ParameterName, 'Lookup hashes: the evidence JSON or the JSON lines themselves')
            [CompletionResult]::new('--lmcache-cacheblend-boundary-evidence-file', '--lmcache-cacheblend-boundary-evidence-file', [CompletionResultType]::ParameterName, 'Boundary evidence of L0 or CacheBlend (JSON lines)')
            [CompletionResult]::new('--timeout-seconds', '--timeout-seconds', [CompletionResultType]::ParameterName, 'Seconds to wait for a URL')
            [CompletionResult]::new('--expected-engine', '--expected-engine', [CompletionResultType]::ParameterName, 'Engine that should run')
            [CompletionResult]::new('--expect-lmcache-mode', '--expect-lmcache-mode', [CompletionResultType]::ParameterName, 'Mode in which LMCache should run')
            [CompletionResult]::new('--mp-prometheus-port', '--mp-prometheus-port', [CompletionResultType]::ParameterName, 'Port that the server''s --prometheus-port names')
            [CompletionResult]::new('--mp-event-bus-queue-size', '--mp-event-bus-queue-size', [CompletionResultType]::ParameterName, 'The server''s --event-bus-queue-size')
            [CompletionResult]::new('--mp-metrics-sample-rate', '--mp-metrics-sample-rate', [CompletionResultType]::ParameterName, 'The server''s --metrics-sample-rate, above 0 and up to 1')
            [CompletionResult]::new('--mp-service-instance-id', '--mp-service-instance-id', [CompletionResultType]::ParameterName, 'The server''s --instance-id')
            [CompletionResult]::new('--gpu-hour-usd', '--gpu-hour-usd', [CompletionResultType]::ParameterName, 'Price of a GPU hour in dollars, for what the cache is worth')
            [CompletionResult]::new('--gpus', '--gpus', [CompletionResultType]::ParameterName, 'GPUs of the engines')
            [CompletionResult]::new('--useful-tasks', '--useful-tasks', [CompletionResultType]::ParameterName, 'Tasks that were of use in this time')
            [CompletionResult]::new('--requests-before', '--requests-before', [CompletionResultType]::ParameterName, 'Log of requests of the time before: before disaggregation, or before the cache; repeatable')
            [CompletionResult]::new('--fail-on', '--fail-on', [CompletionResultType]::ParameterName, 'What ends the command with exit code 1')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'What is printed')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Thresholds of rules, and rules that are silenced, as [rules.CODE] tables')
            [CompletionResult]::new('--release', '--release', [CompletionResultType]::ParameterName, 'LMCache release that is known to run; narrows what its pages admit')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Also write the report as JSON to this file (whole or not at all)')
            [CompletionResult]::new('--external-cache-configured', '--external-cache-configured', [CompletionResultType]::ParameterName, 'The engine has a KV connector or another external cache')
            [CompletionResult]::new('--cpu-offload-configured', '--cpu-offload-configured', [CompletionResultType]::ParameterName, 'The engine offloads its cache to the CPU')
            [CompletionResult]::new('--disaggregated-or-external-cache', '--disaggregated-or-external-cache', [CompletionResultType]::ParameterName, 'Prefill is disaggregated, or the engine has an external cache')
            [CompletionResult]::new('--mp-observability-disabled', '--mp-observability-disabled', [CompletionResultType]::ParameterName, 'The server runs with --disable-observability')
            [CompletionResult]::new('--mp-observability-enabled', '--mp-observability-enabled', [CompletionResultType]::ParameterName, 'The server runs without --disable-observability')
            [CompletionResult]::new('--mp-metrics-disabled', '--mp-metrics-disabled', [CompletionResultType]::ParameterName, 'The server runs with --disable-metrics')
            [CompletionResult]::new('--mp-metrics-enabled', '--mp-metrics-enabled', [CompletionResultType]::ParameterName, 'The server runs without --disable-metrics')
            [CompletionResult]::new('--mp-logging-disabled', '--mp-logging-disabled', [CompletionResultType]::ParameterName, 'The server runs with --disable-logging')
            [CompletionResult]::new('--mp-logging-enabled', '--mp-logging-enabled', [CompletionResultType]::ParameterName, 'The server runs without --disable-logging')
            [CompletionResult]::new('--mp-tracing-enabled', '--mp-tracing-enabled', [CompletionResultType]::ParameterName, 'The server exports spans')
            [CompletionResult]::new('--mp-tracing-disabled', '--mp-tracing-disabled', [CompletionResultType]::ParameterName, 'The server exports no spans')
            [CompletionResult]::new('--mp-trace-recording-enabled', '--mp-trace-recording-enabled', [CompletionResultType]::ParameterName, 'The server records an .lct trace')
            [CompletionResult]::new('--mp-trace-recording-disabled', '--mp-trace-recording-disabled', [CompletionResultType]::ParameterName, 'The server records no trace')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Show every window and every family')
            [CompletionResult]::new('--l2-configured', '--l2-configured', [CompletionResultType]::ParameterName, 'An L2 adapter is configured: its families are then applicable even where none shows')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print the report as JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'inferguard;collect-lmcache' {
            [CompletionResult]::new('--output-dir', '--output-dir', [CompletionResultType]::ParameterName, 'Directory of the packet: created, or added to where it holds no packet yet')
            [CompletionResult]::new('--lmcache-url', '--lmcache-url', [CompletionResultType]::ParameterName, 'LMCache server: its metrics and every safe route that its release has (repeatable; ROLE=URL)')
            [CompletionResult]::new('--engine-url', '--engine-url', [CompletionResultType]::ParameterName, 'Engine: its metrics and safe routes (repeatable; ROLE=URL, such as prefill=http://..)')
            [CompletionResult]::new('--engine-metrics-url', '--engine-metrics-url', [CompletionResultType]::ParameterName, 'Metrics page of the engine')
            [CompletionResult]::new('--lmcache-metrics-url', '--lmcache-metrics-url', [CompletionResultType]::ParameterName, 'Metrics page of LMCache')
            [CompletionResult]::new('--engine-metrics-file', '--engine-metrics-file', [CompletionResultType]::ParameterName, 'Saved metrics page of the engine (wins over the URL)')
            [CompletionResult]::new('--lmcache-metrics-file', '--lmcache-metrics-file', [CompletionResultType]::ParameterName, 'Saved metrics page of LMCache (wins over the URL)')
            [CompletionResult]::new('--lmcache-http-base-url', '--lmcache-http-base-url', [CompletionResultType]::ParameterName, 'LMCache''s HTTP API, without its metrics')
            [CompletionResult]::new('--lmcache-http-thread-name', '--lmcache-http-thread-name', [CompletionResultType]::ParameterName, 'Periodic thread whose own route is asked, too')
            [CompletionResult]::new('--lmcache-health-url', '--lmcache-health-url', [CompletionResultType]::ParameterName, 'URL of the health route')
            [CompletionResult]::new('--lmcache-health-file', '--lmcache-health-file', [CompletionResultType]::ParameterName, 'lmcache-health-file')
            [CompletionResult]::new('--lmcache-status-url', '--lmcache-status-url', [CompletionResultType]::ParameterName, 'URL of the status route')
            [CompletionResult]::new('--lmcache-status-file', '--lmcache-status-file', [CompletionResultType]::ParameterName, 'lmcache-status-file')
            [CompletionResult]::new('--lmcache-conf-url', '--lmcache-conf-url', [CompletionResultType]::ParameterName, 'URL of the configuration')
            [CompletionResult]::new('--lmcache-conf-file', '--lmcache-conf-file', [CompletionResultType]::ParameterName, 'lmcache-conf-file')
            [CompletionResult]::new('--lmcache-threads-url', '--lmcache-threads-url', [CompletionResultType]::ParameterName, 'URL of the threads')
            [CompletionResult]::new('--lmcache-threads-file', '--lmcache-threads-file', [CompletionResultType]::ParameterName, 'lmcache-threads-file')
            [CompletionResult]::new('--lmcache-periodic-threads-url', '--lmcache-periodic-threads-url', [CompletionResultType]::ParameterName, 'URL of the periodic threads')
            [CompletionResult]::new('--lmcache-periodic-threads-file', '--lmcache-periodic-threads-file', [CompletionResultType]::ParameterName, 'lmcache-periodic-threads-file')
            [CompletionResult]::new('--lmcache-periodic-thread-url', '--lmcache-periodic-thread-url', [CompletionResultType]::ParameterName, 'URL of one periodic thread')
            [CompletionResult]::new('--lmcache-periodic-thread-file', '--lmcache-periodic-thread-file', [CompletionResultType]::ParameterName, 'lmcache-periodic-thread-file')
            [CompletionResult]::new('--lmcache-periodic-threads-health-url', '--lmcache-periodic-threads-health-url', [CompletionResultType]::ParameterName, 'URL of the periodic threads'' health')
            [CompletionResult]::new('--lmcache-periodic-threads-health-file', '--lmcache-periodic-threads-health-file', [CompletionResultType]::ParameterName, 'lmcache-periodic-threads-health-file')
            [CompletionResult]::new('--lmcache-version-url', '--lmcache-version-url', [CompletionResultType]::ParameterName, 'URL of the version')
            [CompletionResult]::new('--lmcache-version-file', '--lmcache-version-file', [CompletionResultType]::ParameterName, 'lmcache-version-file')
            [CompletionResult]::new('--lmcache-lmc-version-url', '--lmcache-lmc-version-url', [CompletionResultType]::ParameterName, 'URL of LMCache''s own version')
            [CompletionResult]::new('--lmcache-lmc-version-file', '--lmcache-lmc-version-file', [CompletionResultType]::ParameterName, 'lmcache-lmc-version-file')
            [CompletionResult]::new('--lmcache-commit-id-url', '--lmcache-commit-id-url', [CompletionResultType]::ParameterName, 'URL of the commit id')
            [CompletionResult]::new('--lmcache-commit-id-file', '--lmcache-commit-id-file', [CompletionResultType]::ParameterName, 'lmcache-commit-id-file')
            [CompletionResult]::new('--lmcache-quota-url', '--lmcache-quota-url', [CompletionResultType]::ParameterName, 'URL of the quotas')
            [CompletionResult]::new('--lmcache-quota-file', '--lmcache-quota-file', [CompletionResultType]::ParameterName, 'lmcache-quota-file')
            [CompletionResult]::new('--engine-log-file', '--engine-log-file', [CompletionResultType]::ParameterName, 'Log of the engine')
            [CompletionResult]::new('--lmcache-log-file', '--lmcache-log-file', [CompletionResultType]::ParameterName, 'Log of LMCache')
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'Anything else that tells: pod specs, environments, host facts, request logs; a directory takes all below it; repeatable')
            [CompletionResult]::new('--lmcache-trace-file', '--lmcache-trace-file', [CompletionResultType]::ParameterName, 'Storage trace (.lct)')
            [CompletionResult]::new('--lmcache-otel-file', '--lmcache-otel-file', [CompletionResultType]::ParameterName, 'Spans')
            [CompletionResult]::new('--lmcache-trace-replay-output', '--lmcache-trace-replay-output', [CompletionResultType]::ParameterName, 'Output of LMCache''s trace tools: file or directory')
            [CompletionResult]::new('--lmcache-lookup-hash-path', '--lmcache-lookup-hash-path', [CompletionResultType]::ParameterName, 'Lookup-hash log: file or directory')
            [CompletionResult]::new('--lmcache-cacheblend-boundary-evidence-file', '--lmcache-cacheblend-boundary-evidence-file', [CompletionResultType]::ParameterName, 'Boundary evidence')
            [CompletionResult]::new('--pid', '--pid', [CompletionResultType]::ParameterName, 'Local process whose command line is read, and of its environment what is harmless (repeatable; ROLE=PID)')
            [CompletionResult]::new('--samples', '--samples', [CompletionResultType]::ParameterName, 'Scrapes of each metrics page')
            [CompletionResult]::new('--interval-seconds', '--interval-seconds', [CompletionResultType]::ParameterName, 'Seconds between two scrapes')
            [CompletionResult]::new('--expect-mode', '--expect-mode', [CompletionResultType]::ParameterName, 'Mode that should run')
            [CompletionResult]::new('--mp-prometheus-port', '--mp-prometheus-port', [CompletionResultType]::ParameterName, 'Port that the server''s --prometheus-port names')
            [CompletionResult]::new('--mp-event-bus-queue-size', '--mp-event-bus-queue-size', [CompletionResultType]::ParameterName, 'The server''s --event-bus-queue-size')
            [CompletionResult]::new('--mp-metrics-sample-rate', '--mp-metrics-sample-rate', [CompletionResultType]::ParameterName, 'The server''s --metrics-sample-rate, above 0 and up to 1')
            [CompletionResult]::new('--mp-service-instance-id', '--mp-service-instance-id', [CompletionResultType]::ParameterName, 'The server''s --instance-id')
            [CompletionResult]::new('--release', '--release', [CompletionResultType]::ParameterName, 'LMCache release that is known to run; narrows what its pages admit')
            [CompletionResult]::new('--timeout-seconds', '--timeout-seconds', [CompletionResultType]::ParameterName, 'Seconds that one exchange may take')
            [CompletionResult]::new('--header', '--header', [CompletionResultType]::ParameterName, 'Header to send, as NAME: VALUE (repeatable; never written)')
            [CompletionResult]::new('--bearer-token-file', '--bearer-token-file', [CompletionResultType]::ParameterName, 'File with a token to send as bearer authorisation (never written)')
            [CompletionResult]::new('--ca-file', '--ca-file', [CompletionResultType]::ParameterName, 'File with certificates (PEM) of the authorities to trust')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace the packet of an earlier run')
            [CompletionResult]::new('--include-env', '--include-env', [CompletionResultType]::ParameterName, 'Read GET /env, through an allow-list')
            [CompletionResult]::new('--no-redact', '--no-redact', [CompletionResultType]::ParameterName, 'Write everything as it is: the packet then holds whatever the sources hold')
            [CompletionResult]::new('--mp-observability-disabled', '--mp-observability-disabled', [CompletionResultType]::ParameterName, 'The server runs with --disable-observability')
            [CompletionResult]::new('--mp-observability-enabled', '--mp-observability-enabled', [CompletionResultType]::ParameterName, 'The server runs without --disable-observability')
            [CompletionResult]::new('--mp-metrics-disabled', '--mp-metrics-disabled', [CompletionResultType]::ParameterName, 'The server runs with --disable-metrics')
            [CompletionResult]::new('--mp-metrics-enabled', '--mp-metrics-enabled', [CompletionResultType]::ParameterName, 'The server runs without --disable-metrics')
            [CompletionResult]::new('--mp-logging-disabled', '--mp-logging-disabled', [CompletionResultType]::ParameterName, 'The server runs with --disable-logging')
            [CompletionResult]::new('--mp-logging-enabled', '--mp-logging-enabled', [CompletionResultType]::ParameterName, 'The server runs without --disable-logging')
            [CompletionResult]::new('--mp-tracing-enabled', '--mp-tracing-enabled', [CompletionResultType]::ParameterName, 'The server exports spans')
            [CompletionResult]::new('--mp-tracing-disabled', '--mp-tracing-disabled', [CompletionResultType]::ParameterName, 'The server exports no spans')
            [CompletionResult]::new('--mp-trace-recording-enabled', '--mp-trace-recording-enabled', [CompletionResultType]::ParameterName, 'The server records an .lct trace')
            [CompletionResult]::new('--mp-trace-recording-disabled', '--mp-trace-recording-disabled', [CompletionResultType]::ParameterName, 'The server records no trace')
            [CompletionResult]::new('--l2-configured', '--l2-configured', [CompletionResultType]::ParameterName, 'An L2 adapter is configured: its families are then applicable even where none shows')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print the manifest as JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'inferguard;collect-metrics' {
            [CompletionResult]::new('--engine', '--engine', [CompletionResultType]::ParameterName, 'What answers at the endpoint')
            [CompletionResult]::new('--endpoint', '--endpoint', [CompletionResultType]::ParameterName, 'Its metrics page; /metrics is added to a URL without a path')
            [CompletionResult]::new('--engine-metrics-url', '--engine-metrics-url', [CompletionResultType]::ParameterName, 'Its metrics page; /metrics is added to a URL without a path')
            [CompletionResult]::new('--samples', '--samples', [CompletionResultType]::ParameterName, 'Samples [default: 2]')
            [CompletionResult]::new('--duration-seconds', '--duration-seconds', [CompletionResultType]::ParameterName, 'Length of the run instead: samples = duration / interval, rounded up')
            [CompletionResult]::new('--interval-seconds', '--interval-seconds', [CompletionResultType]::ParameterName, 'Seconds between two samples')
            [CompletionResult]::new('--output-dir', '--output-dir', [CompletionResultType]::ParameterName, 'Directory of the packet: created, or added to where it holds no packet yet')
            [CompletionResult]::new('--lmcache-metrics-url', '--lmcache-metrics-url', [CompletionResultType]::ParameterName, 'LMCache''s own metrics page, beside the engine''s')
            [CompletionResult]::new('--dcgm-metrics-url', '--dcgm-metrics-url', [CompletionResultType]::ParameterName, 'Metrics page of a GPU exporter (DCGM)')
            [CompletionResult]::new('--dcgm-interval-seconds', '--dcgm-interval-seconds', [CompletionResultType]::ParameterName, 'Seconds between two scrapes of the GPU exporter, rounded up to whole samples')
            [CompletionResult]::new('--label-job-id', '--label-job-id', [CompletionResultType]::ParameterName, 'Label of the run, written into every row')
            [CompletionResult]::new('--label-engine-version', '--label-engine-version', [CompletionResultType]::ParameterName, 'Label of the run, written into every row')
            [CompletionResult]::new('--label-hardware', '--label-hardware', [CompletionResultType]::ParameterName, 'Label of the run, written into every row')
            [CompletionResult]::new('--timeout-seconds', '--timeout-seconds', [CompletionResultType]::ParameterName, 'Seconds that one exchange may take')
            [CompletionResult]::new('--header', '--header', [CompletionResultType]::ParameterName, 'Header to send, as NAME: VALUE (repeatable; never written)')
            [CompletionResult]::new('--bearer-token-file', '--bearer-token-file', [CompletionResultType]::ParameterName, 'File with a token to send as bearer authorisation (never written)')
            [CompletionResult]::new('--ca-file', '--ca-file', [CompletionResultType]::ParameterName, 'File with certificates (PEM) of the authorities to trust')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace the packet of an earlier run')
            [CompletionResult]::new('--keep-raw-samples', '--keep-raw-samples', [CompletionResultType]::ParameterName, 'Also write the pages as rows (raw_samples.jsonl)')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print the summary as JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'inferguard;cacheblend-report' {
            [CompletionResult]::new('--metrics-file', '--metrics-file', [CompletionResultType]::ParameterName, 'Metrics page or packet (repeatable; counts beside targets)')
            [CompletionResult]::new('--boundary-evidence-file', '--boundary-evidence-file', [CompletionResultType]::ParameterName, 'Boundary evidence (JSON lines, or a finished summary)')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Also write the report as JSON to this file (whole or not at all)')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print the report as JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'inferguard;diagnose-bottleneck' {
            [CompletionResult]::new('--job-dir', '--job-dir', [CompletionResultType]::ParameterName, 'Job directory, output of a collector, or any packet of evidence')
            [CompletionResult]::new('--output-dir', '--output-dir', [CompletionResultType]::ParameterName, 'Where the diagnosis is written [default: JOB_DIR/diagnosis]')
            [CompletionResult]::new('--validation-report', '--validation-report', [CompletionResultType]::ParameterName, 'Validation report of the run [default: beside the directory jobs/ that holds the job]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Thresholds of rules, and rules that are silenced, as [rules.CODE] tables')
            [CompletionResult]::new('--rule-config', '--rule-config', [CompletionResultType]::ParameterName, 'Thresholds of the bottleneck by name, as JSON or TOML, instead of [bottleneck] in --config')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'End with exit code 1 when the evidence does not tell')
            [CompletionResult]::new('--json-only', '--json-only', [CompletionResultType]::ParameterName, 'Write no Markdown page')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print the diagnosis as JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'inferguard;trace' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('info', 'info', [CompletionResultType]::ParameterValue, 'What a trace holds, on one screen')
            [CompletionResult]::new('records', 'records', [CompletionResultType]::ParameterValue, 'The records, one JSON object a line')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'What is wrong with a trace; exit code 1 where anything is')
            [CompletionResult]::new('export', 'export', [CompletionResultType]::ParameterValue, 'The records as a table in a file: NDJSON, CSV or Parquet')
            [CompletionResult]::new('reuse', 'reuse', [CompletionResultType]::ParameterValue, 'How soon chunks are wanted again, and what a cache of a given size would serve')
            [CompletionResult]::new('replay-summary', 'replay-summary', [CompletionResultType]::ParameterValue, 'What LMCache''s own trace tools wrote: trace info, replay, replay-events')
            break
        }
        'inferguard;trace;info' {
            [CompletionResult]::new('--memory', '--memory', [CompletionResultType]::ParameterName, 'Memory for keys: below it, counts of different keys and pairing are exact')
            [CompletionResult]::new('--evidence', '--evidence', [CompletionResultType]::ParameterName, 'Also write lmcache_trace_evidence.json (of a single trace) to this file')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Also write the report as JSON to this file (whole or not at all)')
            [CompletionResult]::new('--no-hash', '--no-hash', [CompletionResultType]::ParameterName, 'Do not compute the SHA-256 of the file')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Read a format version that this build does not know, as far as its shape allows')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print the report as JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'inferguard;trace;records' {
            [CompletionResult]::new('--op', '--op', [CompletionResultType]::ParameterName, 'Only this operation, by short or qualified name (repeatable)')
            [CompletionResult]::new('--since', '--since', [CompletionResultType]::ParameterName, 'Records from this time on: seconds since the recording began, or a time of day')
            [CompletionResult]::new('--until', '--until', [CompletionResultType]::ParameterName, 'Records before this time: seconds since the recording began, or a time of day')
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'At most so many records')
            [CompletionResult]::new('--table', '--table', [CompletionResultType]::ParameterName, 'One row a record, or one a key')
            [CompletionResult]::new('--salt', '--salt', [CompletionResultType]::ParameterName, 'Salt of the short hashes that stand for keys: with one salt, exports can be joined. Without it each run takes a random one')
            [CompletionResult]::new('--raw-keys', '--raw-keys', [CompletionResultType]::ParameterName, 'Write chunk hashes and request ids as they are (they let a prompt be recognised)')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Read a format version that this build does not know, as far as its shape allows')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'inferguard;trace;check' {
            [CompletionResult]::new('--memory', '--memory', [CompletionResultType]::ParameterName, 'Memory for keys: below it, pairing is exact')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Also write the report as JSON to this file (whole or not at all)')
            [CompletionResult]::new('--no-hash', '--no-hash', [CompletionResultType]::ParameterName, 'Do not compute the SHA-256 of the file')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Read a format version that this build does not know, as far as its shape allows')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print the report as JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'inferguard;trace;export' {
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Format')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Output, written whole or not at all; - for standard output')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Output, written whole or not at all; - for standard output')
            [CompletionResult]::new('--op', '--op', [CompletionResultType]::ParameterName, 'Only this operation, by short or qualified name (repeatable)')
            [CompletionResult]::new('--since', '--since', [CompletionResultType]::ParameterName, 'Records from this time on: seconds since the recording began, or a time of day')
            [CompletionResult]::new('--until', '--until', [CompletionResultType]::ParameterName, 'Records before this time: seconds since the recording began, or a time of day')
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'At most so many records')
            [CompletionResult]::new('--table', '--table', [CompletionResultType]::ParameterName, 'One row a record, or one a key')
            [CompletionResult]::new('--salt', '--salt', [CompletionResultType]::ParameterName, 'Salt of the short hashes that stand for keys: with one salt, exports can be joined. Without it each run takes a random one')
            [CompletionResult]::new('--raw-keys', '--raw-keys', [CompletionResultType]::ParameterName, 'Write chunk hashes and request ids as they are (they let a prompt be recognised)')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Read a format version that this build does not know, as far as its shape allows')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'inferguard;trace;reuse' {
            [CompletionResult]::new('--view', '--view', [CompletionResultType]::ParameterName, 'Which calls count')
            [CompletionResult]::new('--unit', '--unit', [CompletionResultType]::ParameterName, 'What is followed')
            [CompletionResult]::new('--memory', '--memory', [CompletionResultType]::ParameterName, 'Memory: within it figures are exact, beyond it they are estimated from a sample')
            [CompletionResult]::new('--window', '--window', [CompletionResultType]::ParameterName, 'Lengths of the windows for working sets, in seconds (repeatable, at most eight)')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Also write the report as JSON to this file (whole or not at all)')
            [CompletionResult]::new('--no-hash', '--no-hash', [CompletionResultType]::ParameterName, 'Do not compute the SHA-256 of the file')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Read a format version that this build does not know, as far as its shape allows')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print the report as JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'inferguard;trace;replay-summary' {
            [CompletionResult]::new('--trace', '--trace', [CompletionResultType]::ParameterName, 'The trace that was replayed (repeatable): tells whether its digest is comparable')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Also write the report as JSON to this file (whole or not at all)')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print the report as JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'inferguard;explain' {
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Also write the report as JSON to this file (whole or not at all)')
            [CompletionResult]::new('--list', '--list', [CompletionResultType]::ParameterName, 'List all findings')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print the report as JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'inferguard;capacity' {
            [CompletionResult]::new('--chunk-bytes', '--chunk-bytes', [CompletionResultType]::ParameterName, 'Bytes of a chunk over all ranks, where the log does not tell them or tells one rank''s')
            [CompletionResult]::new('--ranks', '--ranks', [CompletionResultType]::ParameterName, 'Ranks that each keep a part as large as the log tells (tensor parallel size)')
            [CompletionResult]::new('--chunk-size', '--chunk-size', [CompletionResultType]::ParameterName, 'Tokens of a chunk, where the input does not tell them (traces do not)')
            [CompletionResult]::new('--current-size', '--current-size', [CompletionResultType]::ParameterName, 'The size in force, where the evidence does not tell it')
            [CompletionResult]::new('--memory', '--memory', [CompletionResultType]::ParameterName, 'Memory for lookups: within it figures are exact, beyond it estimated from a sample')
            [CompletionResult]::new('--sizes', '--sizes', [CompletionResultType]::ParameterName, 'Sizes to compare, such as 8GiB,16GiB [default: powers of two up to what is enough]')
            [CompletionResult]::new('--policy', '--policy', [CompletionResultType]::ParameterName, 'Policy of the simulation [default: the one in force, else lru]')
            [CompletionResult]::new('--l2', '--l2', [CompletionResultType]::ParameterName, 'An L2 of this size behind each of them; 0 is one without limit')
            [CompletionResult]::new('--l2-store-policy', '--l2-store-policy', [CompletionResultType]::ParameterName, 'What L1 keeps of what L2 has')
            [CompletionResult]::new('--l2-prefetch-policy', '--l2-prefetch-policy', [CompletionResultType]::ParameterName, 'What L1 keeps of what was loaded from L2')
            [CompletionResult]::new('--eviction-trigger-watermark', '--eviction-trigger-watermark', [CompletionResultType]::ParameterName, 'L1 usage at which eviction begins [default: the one in force, else 0.8]')
            [CompletionResult]::new('--eviction-ratio', '--eviction-ratio', [CompletionResultType]::ParameterName, 'Share of the keys that one pass evicts [default: the one in force, else 0.2]')
            [CompletionResult]::new('--quota', '--quota', [CompletionResultType]::ParameterName, 'Quota of a model or salt for isolated-lru (repeatable)')
            [CompletionResult]::new('--by', '--by', [CompletionResultType]::ParameterName, 'Rows for each model or salt')
            [CompletionResult]::new('--target-hit-rate', '--target-hit-rate', [CompletionResultType]::ParameterName, 'Share of all tokens that is to be served: at which size?')
            [CompletionResult]::new('--touch-order', '--touch-order', [CompletionResultType]::ParameterName, 'In which order a prompt''s chunks are touched')
            [CompletionResult]::new('--prefill-tokens-per-second', '--prefill-tokens-per-second', [CompletionResultType]::ParameterName, 'Tokens that the engine prefills in a second [default: that of an engine''s metrics among the inputs]')
            [CompletionResult]::new('--price-per-hour', '--price-per-hour', [CompletionResultType]::ParameterName, 'What an hour of the engine costs, in any currency')
            [CompletionResult]::new('--svg', '--svg', [CompletionResultType]::ParameterName, 'Also write the curve as a picture')
            [CompletionResult]::new('--csv', '--csv', [CompletionResultType]::ParameterName, 'Also write the curve as CSV')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Also write the report as JSON to this file (whole or not at all)')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print the report as JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'inferguard;misses' {
            [CompletionResult]::new('--chunk-bytes', '--chunk-bytes', [CompletionResultType]::ParameterName, 'Bytes of a chunk over all ranks, where the log does not tell them or tells one rank''s')
            [CompletionResult]::new('--ranks', '--ranks', [CompletionResultType]::ParameterName, 'Ranks that each keep a part as large as the log tells (tensor parallel size)')
            [CompletionResult]::new('--chunk-size', '--chunk-size', [CompletionResultType]::ParameterName, 'Tokens of a chunk, where the input does not tell them (traces do not)')
            [CompletionResult]::new('--current-size', '--current-size', [CompletionResultType]::ParameterName, 'The size in force, where the evidence does not tell it')
            [CompletionResult]::new('--memory', '--memory', [CompletionResultType]::ParameterName, 'Memory for lookups: within it figures are exact, beyond it estimated from a sample')
            [CompletionResult]::new('--cleared-at', '--cleared-at', [CompletionResultType]::ParameterName, 'When the cache was emptied or the server restarted, where the evidence does not tell it: seconds since 1970 or 2026-11-24T02:59:40Z (repeatable)')
            [CompletionResult]::new('--top', '--top', [CompletionResultType]::ParameterName, 'Requests and families that are listed')
            [CompletionResult]::new('--csv', '--csv', [CompletionResultType]::ParameterName, 'Also write the reasons as CSV')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Also write the report as JSON to this file (whole or not at all)')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print the report as JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'inferguard;catalog' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'All spellings, or those of one release')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'The history of a signal or of a series name across releases')
            [CompletionResult]::new('diff', 'diff', [CompletionResultType]::ParameterValue, 'What changes between two releases')
            [CompletionResult]::new('drift', 'drift', [CompletionResultType]::ParameterValue, 'What on a page is unknown, renamed or gone')
            break
        }
        'inferguard;catalog;list' {
            [CompletionResult]::new('--product', '--product', [CompletionResultType]::ParameterName, 'Product')
            [CompletionResult]::new('--release', '--release', [CompletionResultType]::ParameterName, 'Only this release')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Also write the report as JSON to this file (whole or not at all)')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print the report as JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'inferguard;catalog;show' {
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Also write the report as JSON to this file (whole or not at all)')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print the report as JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'inferguard;catalog;diff' {
            [CompletionResult]::new('--product', '--product', [CompletionResultType]::ParameterName, 'Product')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Also write the report as JSON to this file (whole or not at all)')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print the report as JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'inferguard;catalog;drift' {
            [CompletionResult]::new('--release', '--release', [CompletionResultType]::ParameterName, 'LMCache release that is known to run')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Also write the report as JSON to this file (whole or not at all)')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print the report as JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'inferguard;completions' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
