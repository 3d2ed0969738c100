//! Recorded lookups at a tier of one size, as LMCache works.

use cache_sizing::{Clearing, L2, Pace, SimulationTotals, Simulator, Tier};

use crate::sizing::Sized;

pub(super) fn simulate(sized: &Sized, l1: Tier, l2: Option<L2>) -> SimulationTotals {
    simulate_with(sized, l1, l2, &[])
}

pub(super) fn simulate_with(
    sized: &Sized,
    l1: Tier,
    l2: Option<L2>,
    cleared: &[(f64, Clearing)],
) -> SimulationTotals {
    let mut sim = Simulator::new(l1, l2, Pace::Every(1.0));
    let mut next = 0;
    for row in sized.recording.iter() {
        while let Some((_, what)) = cleared.get(next).filter(|c| c.0 <= row.lookup.at) {
            sim.clear(*what);
            next += 1;
        }
        sim.lookup(&row.lookup, row.group);
    }
    sim.totals()
}
