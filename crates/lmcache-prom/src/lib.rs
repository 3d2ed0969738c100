//! Prometheus and OpenMetrics text, and the metric contract of LMCache, vLLM and SGLang.

pub mod contract;
