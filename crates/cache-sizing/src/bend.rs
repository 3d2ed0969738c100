//! Where a curve bends: the size beyond which a byte brings less than on average.

/// The index of the point that lies highest above the straight line from nothing to the last
/// point (the knee of Satopää et al., "Finding a Kneedle in a Haystack", 2011, without its
/// smoothing). `None` where no point lies above it by a fiftieth: the curve has no bend.
pub(crate) fn bend(points: &[(f64, f64)]) -> Option<usize> {
    let &(width, height) = points.last()?;
    if width <= 0.0 || height <= 0.0 {
        return None;
    }
    let above = |(x, y): (f64, f64)| y / height - x / width;
    let (at, best) = points
        .iter()
        .enumerate()
        .map(|(i, p)| (i, above(*p)))
        .max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))?;
    (best > 0.02).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::bend;

    #[test]
    fn a_bend_is_found_and_a_line_has_none() {
        let knee = [(1.0, 10.0), (2.0, 80.0), (3.0, 85.0), (10.0, 100.0)];
        assert_eq!(bend(&knee), Some(1));
        let line = [(1.0, 10.0), (5.0, 50.0), (10.0, 100.0)];
        assert_eq!(bend(&line), None);
        assert_eq!(bend(&[(10.0, 100.0)]), None);
        assert_eq!(bend(&[]), None);
    }
}
