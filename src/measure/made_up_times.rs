//! Times of runs that are made up, for simulations of measurements.

use std::f64::consts::TAU;

/// The scatter of the times of runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Noise {
    /// Normal on the logarithmic scale, with this standard deviation for each run.
    Normal(f64),
    /// Normal, and one run in 20 takes up to twice as long: another job on the machine.
    Spikes(f64),
    /// Normal, and each run takes half a per cent longer than the one before it.
    Drift(f64),
    /// Exponential: the times have a long tail, with this mean share above the shortest.
    Tail(f64),
}

/// Numbers that look random, the same in each run: xorshift64* (Vigna, "An Experimental Exploration of Marsaglia's
/// xorshift Generators, Scrambled", ACM TOMS 42, 2016).
pub(super) struct Random(u64);

impl Default for Random {
    fn default() -> Self {
        Random(0x5eed_0000_0000_0001)
    }
}

impl Random {
    /// A number above 0, up to 1.
    fn uniform(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let bits = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11;
        (bits + 1) as f64 / (1_u64 << 53) as f64
    }

    /// A standard normal number (Box and Muller, 1958).
    fn normal(&mut self) -> f64 {
        (-2.0 * self.uniform().ln()).sqrt() * (TAU * self.uniform()).cos()
    }

    /// The factor by which a run takes longer than it should, of so many runs before it.
    pub(super) fn factor(&mut self, noise: Noise, run: usize) -> f64 {
        match noise {
            Noise::Normal(deviation) => (deviation * self.normal()).exp(),
            Noise::Spikes(deviation) => {
                let is_spike = self.uniform() < 0.05;
                let spike = if is_spike { 1.0 + self.uniform() } else { 1.0 };
                self.factor(Noise::Normal(deviation), run) * spike
            }
            Noise::Drift(deviation) => {
                self.factor(Noise::Normal(deviation), run) * 1.005_f64.powi(run as i32)
            }
            Noise::Tail(share) => 1.0 - share * self.uniform().ln(),
        }
    }
}

/// Two standard errors of a share of 5 % of so many, in percent.
pub(super) fn chance(trials: u32) -> f64 {
    200.0 * (0.05 * 0.95 / f64::from(trials)).sqrt()
}
