// SPDX-License-Identifier: GPL-2.0-or-later
//! main -> rusty::market::run -> a trait object's method -> a generic -> a closure that sorts, for SECONDS of CPU time.
use std::hint::black_box;
use std::time::Duration;

mod market {
    use super::*;

    pub trait Stall {
        fn sell(&self, n: u64) -> u64;
    }

    pub struct Fruit {
        pub price: u64,
    }

    #[inline(never)]
    fn weigh<T: Copy + Into<u64>>(items: &mut Vec<T>, seed: u64) -> u64 {
        let mut x = seed | 1;
        let mut sum = 0u64;
        for item in items.iter() {
            for _ in 0..200 {
                x ^= x << 13;
                x ^= x >> 7;
                x ^= x << 17;
            }
            sum = sum.wrapping_add(x ^ (*item).into());
        }
        black_box(sum)
    }

    impl Stall for Fruit {
        #[inline(never)]
        fn sell(&self, n: u64) -> u64 {
            let mut items: Vec<u32> = (0..n as u32).collect();
            let sum = weigh(&mut items, self.price);
            black_box(&items);
            black_box(sum) + 1
        }
    }

    #[inline(never)]
    pub fn run(stall: &dyn Stall, over: &dyn Fn() -> bool) -> u64 {
        let mut sum = 0u64;
        while !over() {
            sum = sum.wrapping_add(stall.sell(black_box(500)));
        }
        black_box(sum)
    }
}

extern "C" {
    fn clock() -> i64; // CPU time of the process, in microseconds
}

fn main() {
    let seconds: f64 = std::env::args().nth(1).map_or(2.0, |s| s.parse().unwrap());
    let end = unsafe { clock() } + (seconds * 1e6) as i64;
    println!("begin {:.9}", Duration::from_secs(0).as_secs_f64());
    let stall = market::Fruit { price: 7 };
    let sum = market::run(black_box(&stall), &|| unsafe { clock() } >= end);
    std::process::exit((sum == 42) as i32);
}
