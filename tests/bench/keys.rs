//! `keys THREADS SECONDS`: how many RSA-2048 keys the OpenSSL of this build generates on so many threads, as JSON.
#![expect(clippy::print_stdout, reason = "that is its answer")]

use std::error::Error;
use std::thread;
use std::time::{Duration, Instant};

use openssl::rsa::Rsa;

const BITS: u32 = 2048;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(threads), Some(seconds)) = (arguments.next(), arguments.next()) else {
        return Err("usage: keys THREADS SECONDS".into());
    };
    let (threads, seconds): (usize, u64) = (threads.parse()?, seconds.parse()?);
    let began = Instant::now();
    let generating: Vec<_> = (0..threads).map(|_| thread::spawn(move || generate(began, seconds))).collect();
    let mut times = Vec::new();
    for thread in generating {
        times.extend(thread.join().map_err(|_| "a thread has panicked")??);
    }
    let elapsed = began.elapsed().as_secs_f64();
    times.sort_unstable();
    let at = |percent: usize| times.get(times.len() * percent / 100).copied().unwrap_or_default().as_secs_f64() * 1e3;
    let (p50, p99, keys) = (at(50), at(99), times.len());
    println!(r#"{{"keys": {keys}, "seconds": {elapsed:.3}, "p50_ms": {p50:.3}, "p99_ms": {p99:.3}}}"#);
    Ok(())
}

/// How long each key took.
fn generate(began: Instant, seconds: u64) -> Result<Vec<Duration>, openssl::error::ErrorStack> {
    let mut times = Vec::new();
    while began.elapsed() < Duration::from_secs(seconds) {
        let asked = Instant::now();
        Rsa::generate(BITS)?;
        times.push(asked.elapsed());
    }
    Ok(times)
}
