//! What an app answered: sums, differences, and the 99th percentile.

use nano_fleet_link::Numbers;

/// Most buckets that are taken from a report; nano has 15.
const MAX_BUCKETS: usize = 32;
/// What the bucket without a bound counts as, in microseconds.
const BEYOND: u64 = 60_000_000;

/// What came since `before`; everything, if that is of another life of nano.
pub(crate) fn since(now: &Numbers, before: &Numbers) -> Numbers {
    if now.requests < before.requests || now.errors < before.errors {
        return now.clone();
    }
    let earlier = |bound: u64| before.durations.iter().find(|(own, _)| *own == bound).map_or(0, |(_, count)| *count);
    let durations = now.durations.iter().map(|(bound, count)| (*bound, count.saturating_sub(earlier(*bound))));
    Numbers {
        requests: now.requests - before.requests,
        errors: now.errors - before.errors,
        in_flight: now.in_flight,
        durations: durations.filter(|(_, count)| *count > 0).collect(),
    }
}

/// Adds what a node reported.
pub(crate) fn add(sum: &mut Numbers, more: &Numbers) {
    sum.requests = sum.requests.saturating_add(more.requests);
    sum.errors = sum.errors.saturating_add(more.errors);
    sum.in_flight = sum.in_flight.saturating_add(more.in_flight);
    for (bound, count) in more.durations.iter().take(MAX_BUCKETS) {
        match sum.durations.binary_search_by_key(bound, |(own, _)| *own) {
            Ok(at) => {
                if let Some((_, own)) = sum.durations.get_mut(at) {
                    *own = own.saturating_add(*count);
                }
            }
            // Nodes of other versions may have other buckets, and one that lies cannot have many.
            Err(at) if sum.durations.len() < 4 * MAX_BUCKETS => sum.durations.insert(at, (*bound, *count)),
            Err(_) => {}
        }
    }
}

/// In microseconds, between the bounds of its bucket; `None`: there are fewer than `least`.
pub(crate) fn p99(numbers: &Numbers, least: u64) -> Option<u64> {
    let total = numbers.durations.iter().fold(0u64, |sum, (_, count)| sum.saturating_add(*count));
    if total < least.max(1) {
        return None;
    }
    let rank = total - total / 100;
    let (mut seen, mut lower) = (0u64, 0u64);
    for (bound, count) in &numbers.durations {
        let upper = (*bound).min(BEYOND).max(lower);
        let after = seen.saturating_add(*count);
        if after >= rank {
            let within = u128::from(upper - lower) * u128::from(rank - seen) / u128::from((*count).max(1));
            return Some(lower.saturating_add(u64::try_from(within).unwrap_or(u64::MAX)));
        }
        (seen, lower) = (after, upper);
    }
    Some(lower)
}
