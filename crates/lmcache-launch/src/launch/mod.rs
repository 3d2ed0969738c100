//! Readers of how processes were started.

mod command;
mod config;
mod docker;
mod env;
mod helm;
mod model;
mod pod;
mod proc;
mod runtime;
mod script;

pub(crate) use command::command;
pub(crate) use config::{engine_config, is_lmcache_key, kv_transfer_config, lmcache_config};
pub(crate) use docker::{compose, docker_inspect};
pub(crate) use env::{env_json, env_text};
pub(crate) use helm::{helm_values, is_helm};
pub(crate) use model::{model_config, model_facts_by_name};
pub(crate) use pod::kubernetes;
pub(crate) use proc::{cmdline, environ, ps};
pub(crate) use runtime::{sglang_server_info, vllm_server_info};
pub(crate) use script::{image, shell};
