//! What the multiprocess server's metrics and answers show.

mod answers;
pub(super) mod cacheblend_failures;
pub(super) mod eventbus_loss;
pub(super) mod eventbus_subscriber_exceptions;
pub(super) mod l1_failures;
pub(super) mod l2_failures;
pub(super) mod timeouts;
pub(super) mod unhealthy_health;
pub(super) mod unhealthy_periodic_threads_health;
pub(super) mod unhealthy_status;
