//! The Universal Scalability Law (USL), fitted to a sweep.

use std::collections::BTreeSet;

/// The Universal Scalability Law: throughput by worker count,
///
/// ```text
///               λ N
/// X(N) = ─────────────────────────
///        1 + σ (N − 1) + κ N (N − 1)
/// ```
///
/// (Neil Gunther, "Guerrilla Capacity Planning", 2007, chapters 4 and 5). With σ = κ = 0 it is linear, with
/// κ = 0 it is Amdahl's law.
#[derive(
    Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
pub struct Usl {
    /// λ: the throughput of one worker.
    pub lambda: f64,
    /// σ, contention: the share of the work that is serialised on a shared resource. Not below 0.
    pub sigma: f64,
    /// κ, coherency: the cost of each worker to each other one. Not below 0.
    pub kappa: f64,
    /// R², the coefficient of determination: the share of the throughputs' variance that the law explains.
    /// Below 0 if their mean explains more. `None` if all throughputs are equal.
    pub r_squared: Option<f64>,
}

/// The minimum number of different worker counts. With fewer, three coefficients fit anything.
const MIN_COUNTS: usize = 4;

/// The bounds of a fit that describes its points.
const MIN_R_SQUARED: f64 = 0.95;
const MAX_RESIDUAL: f64 = 0.1;

impl Usl {
    /// Fits the law to points of a worker count and a throughput, by least squares on the scale of the
    /// throughputs. A count may occur more than once.
    ///
    /// `None` for fewer than four different counts, for a count of 0, for a throughput that is
    /// negative or not finite, and if all are 0.
    ///
    /// Gunther's own method, a parabola through N / X(N) − 1, gives small throughputs the most weight and
    /// takes the first point as exact. So its solution is only the start of a Levenberg-Marquardt iteration
    /// (Marquardt, "An Algorithm for Least-Squares Estimation of Nonlinear Parameters", SIAM Journal 11,
    /// 1963). Where the unconstrained fit has σ or κ below 0, the best allowed fit has a 0 there: each such
    /// case is fitted separately, and the best one that is allowed is taken.
    pub fn fit(points: &[(usize, f64)]) -> Option<Self> {
        let is_good =
            |&(workers, rate): &(usize, f64)| workers > 0 && rate.is_finite() && rate >= 0.0;
        let counts: BTreeSet<usize> = points.iter().map(|(workers, _)| *workers).collect();
        if counts.len() < MIN_COUNTS || !points.iter().all(is_good) {
            return None;
        }
        // Scaled to a maximum of 1, so that no square overflows or underflows.
        let unit = points.iter().map(|(_, rate)| *rate).fold(0.0, f64::max);
        let points: Vec<UslPoint> = points
            .iter()
            .map(|&(workers, rate)| UslPoint::new(workers, rate / unit))
            .collect();
        let cases: [&[usize]; 4] = [&[0, 1, 2], &[0, 1], &[0, 2], &[0]];
        let (error, [a, b, c]) = cases
            .iter()
            .filter_map(|free| fit_case(&points, free))
            .filter(|(_, [a, b, c])| *a > 0.0 && *b >= 0.0 && *c >= 0.0)
            .min_by(|(one, _), (other, _)| one.total_cmp(other))?;
        let mean = points.iter().map(|p| p.rate).sum::<f64>() / points.len() as f64;
        let variance: f64 = points.iter().map(|p| (p.rate - mean).powi(2)).sum();
        let is_flat = points.iter().all(|p| p.rate == points[0].rate);
        Some(Usl {
            lambda: unit / a,
            sigma: b / a,
            kappa: c / a,
            r_squared: (!is_flat).then(|| 1.0 - error / variance),
        })
    }

    /// Tests whether the law describes these points: it explains 95 % of their variance at least, and comes within
    /// 10 % of each. Where it does not, its coefficients mean nothing.
    pub fn describes(&self, points: &[(usize, f64)]) -> bool {
        let is_near = |&(workers, rate): &(usize, f64)| {
            (self.throughput(workers as f64) / rate - 1.0).abs() <= MAX_RESIDUAL
        };
        self.r_squared.is_none_or(|share| share >= MIN_R_SQUARED) && points.iter().all(is_near)
    }

    /// The throughput that the law predicts for `workers`, which may be fractional for a plot.
    pub fn throughput(&self, workers: f64) -> f64 {
        let others = workers - 1.0;
        self.lambda * workers / (1.0 + self.sigma * others + self.kappa * workers * others)
    }

    /// The worker count with the highest throughput, √((1 − σ) / κ), and never below 1. `None` if κ is 0:
    /// more workers then never lower the throughput.
    pub fn peak(&self) -> Option<f64> {
        (self.kappa > 0.0).then(|| ((1.0 - self.sigma).max(0.0) / self.kappa).sqrt().max(1.0))
    }
}

/// A measured throughput, and the terms of its worker count in the law's denominator.
///
/// The fit is for a, b, c in X(N) = N / (a + b (N − 1) + c N (N − 1)): the denominator is linear in
/// them, and λ = 1 / a, σ = b / a, κ = c / a.
struct UslPoint {
    workers: f64,
    rate: f64,
    terms: [f64; 3],
}

impl UslPoint {
    fn new(workers: usize, rate: f64) -> Self {
        let n = workers as f64;
        UslPoint {
            workers: n,
            rate,
            terms: [1.0, n - 1.0, n * (n - 1.0)],
        }
    }

    fn denominator(&self, abc: [f64; 3]) -> f64 {
        (0..3).map(|k| abc[k] * self.terms[k]).sum()
    }
}

/// The residual sum of squares of these coefficients; infinite where the law has a pole among the points.
fn error_of(points: &[UslPoint], abc: [f64; 3]) -> f64 {
    let squares = points.iter().map(|point| {
        let denominator = point.denominator(abc);
        if denominator > 0.0 {
            (point.rate - point.workers / denominator).powi(2)
        } else {
            f64::INFINITY
        }
    });
    squares.sum()
}

/// Fits the coefficients in `free`, with the others at 0. Returns the residual sum of squares too.
fn fit_case(points: &[UslPoint], free: &[usize]) -> Option<(f64, [f64; 3])> {
    // X · denominator = N is linear in the coefficients: its solution is the start.
    let linear = NormalEquations::of(
        points
            .iter()
            .map(|p| (p.terms.map(|term| term * p.rate), p.workers)),
        free,
    );
    let line = NormalEquations::of(
        points
            .iter()
            .map(|p| (p.terms.map(|term| term * p.rate), p.workers)),
        &free[..1],
    );
    let starts = [linear.solve(0.0), line.solve(0.0)];
    let (mut error, mut abc) = starts
        .into_iter()
        .flatten()
        .map(|abc| (error_of(points, abc), abc))
        .find(|(error, _)| error.is_finite())?;
    let mut damping = 1e-3;
    // It converges in some ten steps; the limit is for data that no law fits.
    for _ in 0..200 {
        let slopes = points.iter().map(|p| {
            let denominator = p.denominator(abc);
            let law = p.workers / denominator;
            (p.terms.map(|term| -law / denominator * term), p.rate - law)
        });
        let Some(step) = NormalEquations::of(slopes, free).solve(damping) else {
            break;
        };
        let next = [0, 1, 2].map(|k| abc[k] + step[k]);
        let next_error = error_of(points, next);
        if next_error < error {
            let gain = error - next_error;
            (error, abc) = (next_error, next);
            damping *= 0.1;
            if gain <= 1e-15 * error {
                break;
            }
        } else {
            damping *= 10.0;
            if damping > 1e12 {
                break;
            }
        }
    }
    Some((error, abc))
}

/// The normal equations of a linear least-squares problem in some of three unknowns.
struct NormalEquations<'a> {
    matrix: [[f64; 3]; 3],
    right: [f64; 3],
    free: &'a [usize],
}

impl<'a> NormalEquations<'a> {
    /// Accumulates rows of coefficients, each with its right-hand side.
    fn of(rows: impl Iterator<Item = ([f64; 3], f64)>, free: &'a [usize]) -> Self {
        let (mut matrix, mut right) = ([[0.0; 3]; 3], [0.0; 3]);
        for (row, value) in rows {
            for i in 0..3 {
                right[i] += row[i] * value;
                for j in 0..3 {
                    matrix[i][j] += row[i] * row[j];
                }
            }
        }
        NormalEquations {
            matrix,
            right,
            free,
        }
    }

    /// Solves the equations, with 0 for the unknowns that are not free and the diagonal increased by the
    /// share `damping`. `None` if the matrix is singular.
    fn solve(&self, damping: f64) -> Option<[f64; 3]> {
        // N (N − 1) may be a million where the constant term is 1: scaling each unknown keeps the digits.
        let scale = [0, 1, 2].map(|k| self.matrix[k][k].sqrt());
        let size = self.free.len();
        let mut rows = [[0.0; 4]; 3];
        for (i, &k) in self.free.iter().enumerate() {
            if scale[k] == 0.0 {
                return None;
            }
            for (j, &l) in self.free.iter().enumerate() {
                rows[i][j] = self.matrix[k][l] / scale[k] / scale[l];
            }
            rows[i][i] += damping;
            rows[i][3] = self.right[k] / scale[k];
        }
        // Gauss-Jordan elimination, without pivoting because the matrix is positive definite.
        for i in 0..size {
            let pivot = rows[i][i];
            if pivot.is_nan() || pivot <= 1e-14 {
                return None;
            }
            rows[i] = rows[i].map(|value| value / pivot);
            let pivot_row = rows[i];
            for (_, row) in rows[..size].iter_mut().enumerate().filter(|(j, _)| *j != i) {
                let factor = row[i];
                for (value, of_pivot) in row.iter_mut().zip(pivot_row) {
                    *value -= factor * of_pivot;
                }
            }
        }
        let mut solution = [0.0; 3];
        for (i, &k) in self.free.iter().enumerate() {
            solution[k] = rows[i][3] / scale[k];
        }
        Some(solution)
    }
}

#[cfg(test)]
mod tests;
