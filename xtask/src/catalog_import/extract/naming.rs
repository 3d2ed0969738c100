//! From the name of an instrument to the name on a page.

/// The name that the Prometheus exporter of OpenTelemetry gives an instrument; the base name of a
/// histogram.
pub(crate) fn of_otel(name: &str, unit: &str, kind: &str) -> String {
    let mut out: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || c == ':' { c } else { '_' }).collect();
    let braced = unit.starts_with('{') && unit.ends_with('}');
    let suffix = match unit {
        "s" => "seconds",
        "ms" => "milliseconds",
        "us" => "microseconds",
        "ns" => "nanoseconds",
        "By" => "bytes",
        "GB/s" => "GB_per_second",
        "1" if kind == "gauge" => "ratio",
        "1" => "",
        _ if braced => "",
        other => other,
    };
    let bare = out.strip_suffix("_total").map(str::to_owned);
    if let (Some(bare), "counter") = (bare, kind) {
        out = bare;
    }
    if !suffix.is_empty() && !out.ends_with(&format!("_{suffix}")) {
        out.push('_');
        out.push_str(suffix);
    }
    if kind == "counter" {
        out.push_str("_total");
    }
    out
}

/// The name that prometheus_client gives a metric; the base name of a histogram.
pub(crate) fn of_client(name: &str, kind: &str) -> String {
    match kind {
        "counter" => format!("{}_total", name.strip_suffix("_total").unwrap_or(name)),
        "info" => format!("{}_info", name.strip_suffix("_info").unwrap_or(name)),
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_exporters() {
        for (name, unit, kind, exposed) in [
            ("lmcache_mp.l1_read", "chunks", "counter", "lmcache_mp_l1_read_chunks_total"),
            (
                "lmcache_mp.lookup_hit_l1_keys",
                "keys",
                "counter",
                "lmcache_mp_lookup_hit_l1_keys_total",
            ),
            (
                "lmcache_mp.l2_load_throughput",
                "GB/s",
                "histogram",
                "lmcache_mp_l2_load_throughput_GB_per_second",
            ),
            (
                "lmcache_mp.event_bus.dropped_events_total",
                "",
                "counter",
                "lmcache_mp_event_bus_dropped_events_total",
            ),
            ("lmcache_mp.x", "{chunks}", "gauge", "lmcache_mp_x"),
            (
                "lmcache_mp.transfer_phase_bytes",
                "By",
                "counter",
                "lmcache_mp_transfer_phase_bytes_total",
            ),
        ] {
            assert_eq!(of_otel(name, unit, kind), exposed, "{name}");
        }
        assert_eq!(of_client("vllm:prompt_tokens", "counter"), "vllm:prompt_tokens_total");
        assert_eq!(of_client("vllm:prompt_tokens_total", "counter"), "vllm:prompt_tokens_total");
        assert_eq!(
            of_client("vllm:iteration_tokens_total", "histogram"),
            "vllm:iteration_tokens_total"
        );
    }
}
