//! What many answers add up to, and how sure that is: a share or a mean of few answers is a guess, and says so.

/// The two-sided 95 % point of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// A figure with the interval in which it lies with 95 % confidence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figure {
    pub value: f64,
    pub low: f64,
    pub high: f64,
}

/// Answers to one question, summed up. They add up in any order.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Sum {
    pub count: u64,
    pub total: f64,
    /// The sum of the squares.
    pub squares: f64,
}

impl Sum {
    /// Takes in more.
    pub fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.total += other.total;
        self.squares += other.squares;
    }
}

/// The share of `hits` in `count`, with Wilson's interval, which stays between 0 and 1 and is honest for few answers;
/// `None` for none.
pub fn share(hits: u64, count: u64) -> Option<Figure> {
    if count == 0 {
        return None;
    }
    let (hits, count) = (hits.min(count) as f64, count as f64);
    let value = hits / count;
    let weight = 1.0 + Z * Z / count;
    let middle = (value + Z * Z / (2.0 * count)) / weight;
    let half = Z / weight * (value * (1.0 - value) / count + Z * Z / (4.0 * count * count)).sqrt();
    // At the ends the interval reaches the end, and rounding must not push it past.
    let low = if hits == 0.0 { 0.0 } else { (middle - half).max(0.0) };
    let high = if hits == count { 1.0 } else { (middle + half).min(1.0) };
    Some(Figure { value, low, high })
}

/// The net promoter score, −100 to 100: the share of 9 and 10 less the share of 0 to 6. The interval is Wald's, made honest for
/// few answers by three more that are spread a quarter, a half, a quarter (Rocks, "Interval estimation for the net promoter
/// score", 2016); `None` for no answers.
pub fn nps(promoters: u64, detractors: u64, count: u64) -> Option<Figure> {
    if count == 0 {
        return None;
    }
    let value = (promoters as f64 - detractors as f64) / count as f64;
    let more = count as f64 + 3.0;
    let (for_it, against) = ((promoters as f64 + 0.75) / more, (detractors as f64 + 0.75) / more);
    let middle = for_it - against;
    let half = Z * ((for_it + against - middle * middle).max(0.0) / more).sqrt();
    let low = (middle - half).clamp(-1.0, value);
    let high = (middle + half).clamp(value, 1.0);
    Some(Figure { value: value * 100.0, low: low * 100.0, high: high * 100.0 })
}

/// A mean with Student's interval; without any width known, from one answer, the interval is the whole `scale`. `None` for no
/// answers.
pub fn mean(sum: &Sum, scale: (f64, f64)) -> Option<Figure> {
    if sum.count == 0 {
        return None;
    }
    let count = sum.count as f64;
    let value = sum.total / count;
    if sum.count == 1 {
        return Some(Figure { value, low: scale.0, high: scale.1 });
    }
    let variance = ((sum.squares - count * value * value) / (count - 1.0)).max(0.0);
    let half = student(sum.count - 1) * (variance / count).sqrt();
    Some(Figure { value, low: (value - half).max(scale.0), high: (value + half).min(scale.1) })
}

/// The two-sided 95 % point of Student's distribution: exact for few degrees of freedom, where a series errs.
fn student(freedom: u64) -> f64 {
    const FEW: [f64; 10] = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228];
    match usize::try_from(freedom) {
        Ok(few @ 1..=10) => FEW[few - 1],
        // Cornish and Fisher's series: right to three places from eleven on.
        _ => {
            let n = freedom as f64;
            Z + (Z.powi(3) + Z) / (4.0 * n)
                + (5.0 * Z.powi(5) + 16.0 * Z.powi(3) + 3.0 * Z) / (96.0 * n.powi(2))
                + (3.0 * Z.powi(7) + 19.0 * Z.powi(5) + 17.0 * Z.powi(3) - 15.0 * Z) / (384.0 * n.powi(3))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn near(found: Figure, value: f64, low: f64, high: f64) {
        for (found, wanted) in [(found.value, value), (found.low, low), (found.high, high)] {
            assert!((found - wanted).abs() < 0.002 * (1.0 + wanted.abs()), "{found} is not {wanted}");
        }
    }

    #[test]
    fn known_intervals_come_out() {
        // Wilson's own arithmetic for 8 of 10, 0 of 5 and 5 of 5.
        near(share(8, 10).unwrap(), 0.8, 0.490, 0.943);
        near(share(0, 5).unwrap(), 0.0, 0.0, 0.434);
        near(share(5, 5).unwrap(), 1.0, 0.566, 1.0);
        // 4, 5, 6 and 7: mean 5.5, standard deviation 1.291, t = 3.182.
        near(mean(&Sum { count: 4, total: 22.0, squares: 126.0 }, (1.0, 7.0)).unwrap(), 5.5, 3.446, 7.0);
        assert!((student(30) - 2.042).abs() < 0.001 && (student(12) - 2.179).abs() < 0.001);
        assert_eq!(nps(10, 0, 10).unwrap().value, 100.0);
        assert_eq!(nps(2, 6, 10).unwrap().value, -40.0);
    }

    #[test]
    fn nothing_is_said_of_nothing_and_one_answer_says_little() {
        assert_eq!((share(0, 0), nps(0, 0, 0), mean(&Sum::default(), (1.0, 7.0))), (None, None, None));
        near(mean(&Sum { count: 1, total: 7.0, squares: 49.0 }, (1.0, 7.0)).unwrap(), 7.0, 1.0, 7.0);
    }

    proptest! {
        #[test]
        fn a_figure_lies_within_its_interval_and_more_answers_say_more(hits in 0_u64..400, more in 0_u64..400, against in 0_u64..400) {
            let count = hits + more;
            if let (Some(few), Some(many)) = (share(hits, count), share(hits * 100, count * 100)) {
                prop_assert!(0.0 <= few.low && few.low <= few.value && few.value <= few.high && few.high <= 1.0);
                prop_assert!(many.high - many.low <= few.high - few.low);
            }
            if let Some(score) = nps(hits, against, count + against) {
                prop_assert!(-100.0 <= score.low && score.low <= score.value && score.value <= score.high && score.high <= 100.0);
            }
        }

        #[test]
        fn sums_add_up_in_any_order(scores in prop::collection::vec(1_u8..=7, 1..60), at in 0_usize..60) {
            let sum = |scores: &[u8]| scores.iter().fold(Sum::default(), |mut sum, score| {
                let score = f64::from(*score);
                sum.add(&Sum { count: 1, total: score, squares: score * score });
                sum
            });
            let (first, second) = scores.split_at(at.min(scores.len()));
            let (mut one, mut other) = (sum(first), sum(second));
            one.add(&sum(second));
            other.add(&sum(first));
            prop_assert_eq!(one, other);
            let figure = mean(&one, (1.0, 7.0)).expect("there are answers");
            prop_assert!(1.0 <= figure.low && figure.low <= figure.value && figure.value <= figure.high && figure.high <= 7.0);
        }
    }
}
