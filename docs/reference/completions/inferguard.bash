_inferguard() {
    local i cur prev opts cmd
    COMPREPLY=()
    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
        cur="$2"
    else
        cur="${COMP_WORDS[COMP_CWORD]}"
    fi
    prev="$3"
    cmd=""
    opts=""

    for i in "${COMP_WORDS[@]:0:COMP_CWORD}"
    do
        case "${cmd},${i}" in
            ",$1")
                cmd="inferguard"
                ;;
            inferguard,cacheblend-report)
                cmd="inferguard__subcmd__cacheblend__subcmd__report"
                ;;
            inferguard,capacity)
                cmd="inferguard__subcmd__capacity"
                ;;
            inferguard,catalog)
                cmd="inferguard__subcmd__catalog"
                ;;
            inferguard,check)
                cmd="inferguard__subcmd__check"
                ;;
            inferguard,collect-lmcache)
                cmd="inferguard__subcmd__collect__subcmd__lmcache"
                ;;
            inferguard,collect-metrics)
                cmd="inferguard__subcmd__collect__subcmd__metrics"
                ;;
            inferguard,completions)
                cmd="inferguard__subcmd__completions"
                ;;
            inferguard,diagnose-bottleneck)
                cmd="inferguard__subcmd__diagnose__subcmd__bottleneck"
                ;;
            inferguard,explain)
                cmd="inferguard__subcmd__explain"
                ;;
            inferguard,lmcache-compat)
                cmd="inferguard__subcmd__lmcache__subcmd__compat"
                ;;
            inferguard,misses)
                cmd="inferguard__subcmd__misses"
                ;;
            inferguard,observability-coverage)
                cmd="inferguard__subcmd__observability__subcmd__coverage"
                ;;
            inferguard,trace)
                cmd="inferguard__subcmd__trace"
                ;;
            inferguard__subcmd__catalog,diff)
                cmd="inferguard__subcmd__catalog__subcmd__diff"
                ;;
            inferguard__subcmd__catalog,drift)
                cmd="inferguard__subcmd__catalog__subcmd__drift"
                ;;
            inferguard__subcmd__catalog,list)
                cmd="inferguard__subcmd__catalog__subcmd__list"
                ;;
            inferguard__subcmd__catalog,show)
                cmd="inferguard__subcmd__catalog__subcmd__show"
                ;;
            inferguard__subcmd__trace,check)
                cmd="inferguard__subcmd__trace__subcmd__check"
                ;;
            inferguard__subcmd__trace,export)
                cmd="inferguard__subcmd__trace__subcmd__export"
                ;;
            inferguard__subcmd__trace,info)
                cmd="inferguard__subcmd__trace__subcmd__info"
                ;;
            inferguard__subcmd__trace,records)
                cmd="inferguard__subcmd__trace__subcmd__records"
                ;;
            inferguard__subcmd__trace,replay-summary)
                cmd="inferguard__subcmd__trace__subcmd__replay__subcmd__summary"
                ;;
            inferguard__subcmd__trace,reuse)
                cmd="inferguard__subcmd__trace__subcmd__reuse"
                ;;
            *)
                ;;
        esac
    done

    case "${cmd}" in
        inferguard)
            opts="-h -V --help --version check lmcache-compat observability-coverage collect-lmcache collect-metrics cacheblend-report diagnose-bottleneck trace explain capacity misses catalog completions"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 1 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        inferguard__subcmd__cacheblend__subcmd__report)
            opts="-h --metrics-file --boundary-evidence-file --json --output --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --metrics-file)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --boundary-evidence-file)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --output)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        inferguard__subcmd__capacity)
            opts="-h --chunk-bytes --ranks --chunk-size --current-size --memory --sizes --policy --l2 --l2-store-policy --l2-prefetch-policy --eviction-trigger-watermark --eviction-ratio --quota --by --target-hit-rate --touch-order --prefill-tokens-per-second --price-per-hour --svg --csv --json --output --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --chunk-bytes)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --ranks)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --chunk-size)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --current-size)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --memory)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --sizes)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --policy)
                    COMPREPLY=($(compgen -W "lru arc isolated-lru noop" -- "${cur}"))
                    return 0
                    ;;
                --l2)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --l2-store-policy)
                    COMPREPLY=($(compgen -W "default skip_l1" -- "${cur}"))
                    return 0
                    ;;
                --l2-prefetch-policy)
                    COMPREPLY=($(compgen -W "default retain" -- "${cur}"))
                    return 0
                    ;;
                --eviction-trigger-watermark)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --eviction-ratio)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --quota)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --by)
                    COMPREPLY=($(compgen -W "model salt" -- "${cur}"))
                    return 0
                    ;;
                --target-hit-rate)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --touch-order)
                    COMPREPLY=($(compgen -W "tail-first head-first" -- "${cur}"))
                    return 0
                    ;;
                --prefill-tokens-per-second)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --price-per-hour)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --svg)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --csv)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --output)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        inferguard__subcmd__catalog)
            opts="-h --help list show diff drift"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        inferguard__subcmd__catalog__subcmd__diff)
            opts="-h --product --json --output --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --product)
                    COMPREPLY=($(compgen -W "lmcache vllm sglang" -- "${cur}"))
                    return 0
                    ;;
                --output)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        inferguard__subcmd__catalog__subcmd__drift)
            opts="-h --release --json --output --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --release)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --output)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        inferguard__subcmd__catalog__subcmd__list)
            opts="-h --product --release --json --output --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --product)
                    COMPREPLY=($(compgen -W "lmcache vllm sglang" -- "${cur}"))
                    return 0
                    ;;
                --release)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --output)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        inferguard__subcmd__catalog__subcmd__show)
            opts="-h --json --output --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --output)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        inferguard__subcmd__check)
            opts="-h --all --fail-on --format --config --samples --interval-seconds --timeout-seconds --header --bearer-token-file --ca-file --release --l2-configured --json --output --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --fail-on)
                    COMPREPLY=($(compgen -W "never critical warning any info" -- "${cur}"))
                    return 0
                    ;;
                --format)
                    COMPREPLY=($(compgen -W "screen note" -- "${cur}"))
                    return 0
                    ;;
                --config)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --samples)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --interval-seconds)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --timeout-seconds)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --header)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --bearer-token-file)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --ca-file)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --release)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --output)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        inferguard__subcmd__collect__subcmd__lmcache)
            opts="-h --output-dir --force --lmcache-url --engine-url --engine-metrics-url --lmcache-metrics-url --engine-metrics-file --lmcache-metrics-file --lmcache-http-base-url --lmcache-http-thread-name --lmcache-health-url --lmcache-health-file --lmcache-status-url --lmcache-status-file --lmcache-conf-url --lmcache-conf-file --lmcache-threads-url --lmcache-threads-file --lmcache-periodic-threads-url --lmcache-periodic-threads-file --lmcache-periodic-thread-url --lmcache-periodic-thread-file --lmcache-periodic-threads-health-url --lmcache-periodic-threads-health-file --lmcache-version-url --lmcache-version-file --lmcache-lmc-version-url --lmcache-lmc-version-file --lmcache-commit-id-url --lmcache-commit-id-file --lmcache-quota-url --lmcache-quota-file --engine-log-file --lmcache-log-file --file --lmcache-trace-file --lmcache-otel-file --lmcache-trace-replay-output --lmcache-lookup-hash-path --lmcache-cacheblend-boundary-evidence-file --pid --include-env --samples --interval-seconds --no-redact --expect-mode --mp-prometheus-port --mp-event-bus-queue-size --mp-metrics-sample-rate --mp-service-instance-id --mp-observability-disabled --mp-observability-enabled --mp-metrics-disabled --mp-metrics-enabled --mp-logging-disabled --mp-logging-enabled --mp-tracing-enabled --mp-tracing-disabled --mp-trace-recording-enabled --mp-trace-recording-disabled --release --l2-configured --timeout-seconds --header --bearer-token-file --ca-file --json --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --output-dir)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --lmcache-url)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --engine-url)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --engine-metrics-url)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --lmcache-metrics-url)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --engine-metrics-file)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --lmcache-metrics-file)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --lmcache-http-base-url)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --lmcache-http-thread-name)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --lmcache-health-url)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --lmcache-health-file)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --lmcache-status-url)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --lmcache-status-file)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --lmcache-conf-url)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --lmcache-conf-file)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --lmcache-threads-url)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --lmcache-threads-file)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --lmcache-periodic-threads-url)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --lmcache-periodic-threads-file)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --lmcache-periodic-thread-url)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --lmcache-periodic-thread-file)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --lmcache-periodic-threads-health-url)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --lmcache-periodic-threads-health-file)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --lmcache-version-url)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --lmcache-version-file)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --lmcache-lmc-version-url)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --lmcache-lmc-version-file)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --lmcache-commit-id-url)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --lmcache-commit-id-file)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --lmcache-quota-url)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --lmcache-quota-file)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --engine-log-file)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --lmcache-log-file)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --file)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --lmcache-trace-file)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --lmcache-otel-file)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --lmcache-trace-replay-output)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --lmcache-lookup-hash-path)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --lmcache-cacheblend-boundary-evidence-file)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --pid)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --samples)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --interval-seconds)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --expect-mode)
                    COMPREPLY=($(compgen -W "auto mp embedded mixed cacheblend none" -- "${cur}"))
                    return 0
                    ;;
                --mp-prometheus-port)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --mp-event-bus-queue-size)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --mp-metrics-sample-rate)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --mp-service-instance-id)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --release)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --timeout-seconds)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --header)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --bearer-token-file)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --ca-file)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        inferguard__subcmd__collect__subcmd__metrics)
            opts="-h --engine --engine-metrics-url --endpoint --samples --duration-seconds --interval-seconds --output-dir --force --lmcache-metrics-url --dcgm-metrics-url --dcgm-interval-seconds --label-job-id --label-engine-version --label-hardware --keep-raw-samples --timeout-seconds --header --bearer-token-file --ca-file --json --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --engine)
                    COMPREPLY=($(compgen -W "lmcache vllm sglang dynamo-sglang" -- "${cur}"))
                    return 0
                    ;;
                --endpoint)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --engine-metrics-url)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --samples)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --duration-seconds)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --interval-seconds)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --output-dir)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --lmcache-metrics-url)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --dcgm-metrics-url)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --dcgm-interval-seconds)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --label-job-id)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --label-engine-version)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --label-hardware)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --timeout-seconds)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --header)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --bearer-token-file)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --ca-file)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        inferguard__subcmd__completions)
            opts="-h --help bash elvish fish powershell zsh"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        inferguard__subcmd__diagnose__subcmd__bottleneck)
            opts="-h --job-dir --output-dir --validation-report --config --rule-config --strict --json-only --json --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --job-dir)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --output-dir)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --validation-report)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --config)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --rule-config)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        inferguard__subcmd__explain)
            opts="-h --list --json --output --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --output)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        inferguard__subcmd__lmcache__subcmd__compat)
            opts="-h --engine-metrics-file --lmcache-metrics-file --engine-metrics-url --lmcache-metrics-url --lmcache-http-evidence-file --lmcache-log-evidence-file --lmcache-trace-evidence-file --lmcache-trace-replay-evidence-file --lmcache-otel-evidence-file --lmcache-lookup-hash-evidence-file --lmcache-cacheblend-boundary-evidence-file --timeout-seconds --expect-mode --mp-prometheus-port --mp-event-bus-queue-size --mp-metrics-sample-rate --mp-service-instance-id --mp-observability-disabled --mp-observability-enabled --mp-metrics-disabled --mp-metrics-enabled --mp-logging-disabled --mp-logging-enabled --mp-tracing-enabled --mp-tracing-disabled --mp-trace-recording-enabled --mp-trace-recording-disabled --fail-on --release --l2-configured --json --output --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --engine-metrics-file)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --lmcache-metrics-file)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --engine-metrics-url)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --lmcache-metrics-url)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --lmcache-http-evidence-file)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --lmcache-log-evidence-file)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --lmcache-trace-evidence-file)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --lmcache-trace-replay-evidence-file)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --lmcache-otel-evidence-file)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --lmcache-lookup-hash-evidence-file)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --lmcache-cacheblend-boundary-evidence-file)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --timeout-seconds)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --expect-mode)
                    COMPREPLY=($(compgen -W "auto mp embedded mixed cacheblend none" -- "${cur}"))
                    return 0
                    ;;
                --mp-prometheus-port)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --mp-event-bus-queue-size)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --mp-metrics-sample-rate)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --mp-service-instance-id)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --fail-on)
                    COMPREPLY=($(compgen -W "never mode-mismatch missing-required" -- "${cur}"))
                    return 0
                    ;;
                --release)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --output)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        inferguard__subcmd__misses)
            opts="-h --chunk-bytes --ranks --chunk-size --current-size --memory --cleared-at --top --csv --json --output --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --chunk-bytes)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --ranks)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --chunk-size)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --current-size)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --memory)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --cleared-at)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --top)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --csv)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --output)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        inferguard__subcmd__observability__subcmd__coverage)
            opts="-h --engine-metrics-file --lmcache-metrics-file --engine-metrics-url --lmcache-metrics-url --lmcache-http-evidence-file --lmcache-log-evidence-file --lmcache-trace-evidence-file --lmcache-trace-replay-evidence-file --lmcache-otel-evidence-file --lmcache-lookup-hash-evidence-file --lmcache-cacheblend-boundary-evidence-file --timeout-seconds --expected-engine --expect-lmcache-mode --external-cache-configured --cpu-offload-configured --disaggregated-or-external-cache --mp-prometheus-port --mp-event-bus-queue-size --mp-metrics-sample-rate --mp-service-instance-id --mp-observability-disabled --mp-observability-enabled --mp-metrics-disabled --mp-metrics-enabled --mp-logging-disabled --mp-logging-enabled --mp-tracing-enabled --mp-tracing-disabled --mp-trace-recording-enabled --mp-trace-recording-disabled --gpu-hour-usd --gpus --useful-tasks --requests-before --fail-on --all --format --config --release --l2-configured --json --output --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --engine-metrics-file)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --lmcache-metrics-file)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --engine-metrics-url)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --lmcache-metrics-url)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --lmcache-http-evidence-file)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --lmcache-log-evidence-file)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --lmcache-trace-evidence-file)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --lmcache-trace-replay-evidence-file)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --lmcache-otel-evidence-file)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --lmcache-lookup-hash-evidence-file)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --lmcache-cacheblend-boundary-evidence-file)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --timeout-seconds)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --expected-engine)
                    COMPREPLY=($(compgen -W "auto vllm sglang" -- "${cur}"))
                    return 0
                    ;;
                --expect-lmcache-mode)
                    COMPREPLY=($(compgen -W "auto mp embedded mixed cacheblend none" -- "${cur}"))
                    return 0
                    ;;
                --mp-prometheus-port)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --mp-event-bus-queue-size)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --mp-metrics-sample-rate)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --mp-service-instance-id)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --gpu-hour-usd)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --gpus)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --useful-tasks)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --requests-before)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --fail-on)
                    COMPREPLY=($(compgen -W "never gaps mismatch" -- "${cur}"))
                    return 0
                    ;;
                --format)
                    COMPREPLY=($(compgen -W "terminal json markdown" -- "${cur}"))
                    return 0
                    ;;
                --config)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --release)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --output)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        inferguard__subcmd__trace)
            opts="-h --help info records check export reuse replay-summary"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        inferguard__subcmd__trace__subcmd__check)
            opts="-h --memory --no-hash --force --json --output --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --memory)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --output)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        inferguard__subcmd__trace__subcmd__export)
            opts="-o -h --format --output --op --since --until --limit --table --salt --raw-keys --force --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --format)
                    COMPREPLY=($(compgen -W "ndjson csv parquet" -- "${cur}"))
                    return 0
                    ;;
                --output)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                -o)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --op)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --since)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --until)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --limit)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --table)
                    COMPREPLY=($(compgen -W "records keys" -- "${cur}"))
                    return 0
                    ;;
                --salt)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        inferguard__subcmd__trace__subcmd__info)
            opts="-h --memory --evidence --no-hash --force --json --output --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --memory)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --evidence)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --output)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        inferguard__subcmd__trace__subcmd__records)
            opts="-h --op --since --until --limit --table --salt --raw-keys --force --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --op)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --since)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --until)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --limit)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --table)
                    COMPREPLY=($(compgen -W "records keys" -- "${cur}"))
                    return 0
                    ;;
                --salt)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        inferguard__subcmd__trace__subcmd__replay__subcmd__summary)
            opts="-h --trace --json --output --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --trace)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --output)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        inferguard__subcmd__trace__subcmd__reuse)
            opts="-h --view --unit --memory --window --no-hash --force --json --output --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --view)
                    COMPREPLY=($(compgen -W "demand served" -- "${cur}"))
                    return 0
                    ;;
                --unit)
                    COMPREPLY=($(compgen -W "chunk key" -- "${cur}"))
                    return 0
                    ;;
                --memory)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --window)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --output)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
    esac
}

if [[ "${BASH_VERSINFO[0]}" -eq 4 && "${BASH_VERSINFO[1]}" -ge 4 || "${BASH_VERSINFO[0]}" -gt 4 ]]; then
    complete -F _inferguard -o nosort -o bashdefault -o default inferguard
else
    complete -F _inferguard -o bashdefault -o default inferguard
fi
