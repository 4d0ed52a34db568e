//! One network in one crate, for `networks.bench.ts --crates`: `diptych-bench-crates CRATE FILE BATCH SIDE THREADS`.
//!
//! Stdin has inputs, each `BATCH * 3 * SIDE * SIDE` float32; stdout has, for each, the milliseconds of wall time and of the
//! process's CPU time as two float64, then the scores. The clock runs from an input in the crate's own tensor to scores in
//! its own: reading, writing and making the tensor do not count. A byte 1 on stdout says that the network is ready.

mod rten_network;
mod tract_network;

use std::error::Error;
use std::io::{ErrorKind, Read, Write, stdin, stdout};
use std::time::Instant;

use cpu_time::ProcessTime;

/// Both crates take memory for results anew on each run; this one can be told to keep it (`crate-rivals.ts`).
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// What is run again and again.
struct Job {
    file: String,
    shape: [usize; 4],
    threads: usize,
}

struct Timed {
    wall_ms: f64,
    cpu_ms: f64,
    scores: Vec<f32>,
}

type Network = Box<dyn FnMut(Vec<f32>) -> Result<Timed>>;

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [name, file, batch, side, threads] = args.as_slice() else {
        return Err("Expected CRATE FILE BATCH SIDE THREADS.".into());
    };
    let (batch, side) = (batch.parse()?, side.parse()?);
    let job = Job { file: file.clone(), shape: [batch, 3, side, side], threads: threads.parse()? };
    let network = match name.as_str() {
        "rten" => rten_network::open(&job)?,
        "tract-onnx" => tract_network::open(&job)?,
        _ => return Err(format!("Expected the crate rten or tract-onnx, not {name}.").into()),
    };
    serve(network, job.shape.iter().product())
}

fn serve(mut network: Network, length: usize) -> Result<()> {
    // Stdout is not locked: rten prints its timings there, from another thread, when RTEN_TIMING is set.
    let (mut input, mut output) = (stdin().lock(), stdout());
    let mut bytes = vec![0; length * size_of::<f32>()];
    output.write_all(&[1])?;
    output.flush()?;
    loop {
        match input.read_exact(&mut bytes) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(()),
            read => read?,
        }
        let (values, _) = bytes.as_chunks::<4>();
        let timed = network(values.iter().map(|&value| f32::from_le_bytes(value)).collect())?;
        let mut answer = Vec::with_capacity(16 + timed.scores.len() * size_of::<f32>());
        answer.extend(timed.wall_ms.to_le_bytes());
        answer.extend(timed.cpu_ms.to_le_bytes());
        answer.extend(timed.scores.iter().flat_map(|score| score.to_le_bytes()));
        output.write_all(&answer)?;
        output.flush()?;
    }
}

/// What `work` gives, with the milliseconds it took of wall time and of CPU time.
fn timed<T>(work: impl FnOnce() -> Result<T>) -> Result<(T, f64, f64)> {
    let (wall, cpu) = (Instant::now(), ProcessTime::now());
    let done = work()?;
    Ok((done, 1000.0 * wall.elapsed().as_secs_f64(), 1000.0 * cpu.elapsed().as_secs_f64()))
}
