//! A program bound to weights: packed once, buffers allocated once, run many times.

use crate::arena::Assignment;
use crate::check::check_plan;
use crate::error::{Error, Result, allocate, refuse};
use crate::gemm::{Instructions, Packed};
use crate::ops::conv::PackedConv;
use crate::ops::depthwise::PackedDepthwise;
use crate::ops::integer::PackedIntegers;
use crate::ops::resample::Table;
use crate::ops::winograd::{self, PackedWinograd};
use crate::program::{Op, Operand, Program};
use crate::threads::thread_pool;
use rayon::ThreadPool;
use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

/// Buffers of one compiled plan. More is taken for a mistake in the plan.
const MAX_ARENA_BYTES: usize = 16 << 30;
/// Floats that the widest step of a slice may touch: 4 MiB, so that what a step writes is still in the third cache level
/// when the next reads it. With 32 MiB the first layers of ResNet-50 and MobileNetV2 are up to twice as slow.
const SLICE_FLOATS: usize = 1024 * 1024;

/// Weights of a step in the form its kernel reads.
pub enum Prepared {
    Nothing,
    Conv(PackedConv),
    Depthwise(PackedDepthwise),
    Winograd(PackedWinograd),
    Matrix(Packed),
    ConvTranspose(Vec<Packed>),
    Resample(Table),
    Integers(PackedIntegers),
}

/// Buffers for the items of one slice.
pub type Arena = Vec<Vec<f32>>;

pub struct CompiledPlan {
    pub(crate) program: Program,
    pub(crate) prepared: Vec<Prepared>,
    /// Weights that kernels read as they are; empty where only the packed form is used.
    pub(crate) weights: Vec<Vec<f32>>,
    pub(crate) assignment: Assignment,
    /// Most items in one slice.
    pub(crate) slice: usize,
    /// One for each thread that can be busy. Held for a whole run: a second run waits.
    pub(crate) arenas: Mutex<Vec<Arena>>,
    pub(crate) pool: Arc<ThreadPool>,
    pub(crate) instructions: Instructions,
    /// Nanoseconds that each step took so far, of all threads together, by the value it writes.
    pub(crate) nanoseconds: Vec<AtomicU64>,
}

impl CompiledPlan {
    /// `weights` in the order of the plan's; `threads` 0 stands for all cores.
    pub fn new(json: &str, weights: &[&[f32]], threads: usize) -> Result<Self> {
        let checked = check_plan(json)?;
        let Some(program) = checked.program else {
            let reasons: Vec<_> =
                checked.unsupported.iter().map(|fault| format!("step `{}` ({}): {}", fault.step, fault.op, fault.reason)).collect();
            return Err(Error::OpUnsupported(format!("Expected a plan of ops that run natively, received {}.", reasons.join("; "))));
        };
        check_weights(&program, weights)?;
        let pool = thread_pool(threads)?;
        let slots = pool.current_num_threads().min(program.batch);
        let assignment = Assignment::new(&program);
        let slice = slice_length(&program, slots);
        check_memory(&program, &assignment, slots * slice)?;
        let arenas = (0..slots).map(|_| new_arena(&assignment, slice)).collect::<Result<_>>()?;
        let prepared = program.steps.iter().map(|step| prepare(&program, &step.op, weights)).collect::<Result<_>>()?;
        let kept = raw_weights(&program);
        let weights = weights.iter().enumerate();
        let weights = weights.map(|(index, data)| if kept.contains(&index) { data.to_vec() } else { Vec::new() }).collect();
        let nanoseconds = program.sizes.iter().map(|_| AtomicU64::new(0)).collect();
        Ok(CompiledPlan {
            nanoseconds,
            program,
            prepared,
            weights,
            assignment,
            slice,
            arenas: Mutex::new(arenas),
            pool,
            instructions: Instructions::detect(),
        })
    }

    /// Milliseconds that each step took in all runs so far, of all threads together, by the value it writes.
    pub fn step_milliseconds(&self) -> Vec<f64> {
        self.nanoseconds.iter().map(|taken| taken.load(Relaxed) as f64 / 1e6).collect()
    }

    pub fn batch(&self) -> usize {
        self.program.batch
    }
}

fn check_weights(program: &Program, weights: &[&[f32]]) -> Result<()> {
    if weights.len() != program.weight_names.len() {
        refuse!("Expected {} weights for plan `{}`, received {}.", program.weight_names.len(), program.name, weights.len());
    }
    for ((name, shape), data) in program.weight_names.iter().zip(&program.weight_shapes).zip(weights) {
        if shape.iter().product::<usize>() != data.len() {
            refuse!("Expected weight `{name}` of shape {shape:?} to have as many elements, received {}.", data.len());
        }
    }
    Ok(())
}

fn slice_length(program: &Program, slots: usize) -> usize {
    let widest = program.steps.iter().map(|step| step.op.reads().iter().chain([&step.output]).map(|&value| program.sizes[value]).sum());
    let widest: usize = widest.max().unwrap_or(1);
    (SLICE_FLOATS / widest).clamp(1, program.batch.div_ceil(slots))
}

fn check_memory(program: &Program, assignment: &Assignment, items: usize) -> Result<()> {
    let buffers = assignment.sizes.iter().fold(0usize, |sum, &size| sum.saturating_add(size));
    let outputs = program.outputs.iter().fold(0usize, |sum, &(_, value)| sum.saturating_add(program.sizes[value]));
    let floats = buffers.saturating_mul(items).saturating_add(outputs.saturating_mul(program.batch));
    let bytes = floats.saturating_mul(size_of::<f32>());
    if bytes > MAX_ARENA_BYTES {
        return Err(Error::OutOfMemory(format!(
            "Expected plan `{}` to need at most {MAX_ARENA_BYTES} bytes of buffers, it needs {bytes}. Use a smaller batch.",
            program.name
        )));
    }
    Ok(())
}

pub(crate) fn new_arena(assignment: &Assignment, slice: usize) -> Result<Arena> {
    assignment.sizes.iter().map(|&size| allocate(size * slice, "the buffers of a plan")).collect()
}

fn prepare(program: &Program, op: &Op, weights: &[&[f32]]) -> Result<Prepared> {
    match op {
        Op::Conv(conv) if conv.groups == conv.input.channels && conv.groups == conv.output.channels && conv.groups > 1 => {
            PackedDepthwise::new(conv, weights[conv.weight], conv.bias.map(|bias| weights[bias])).map(Prepared::Depthwise)
        }
        Op::Conv(conv) if winograd::suits(conv) => PackedWinograd::new(conv, weights[conv.weight]).map(Prepared::Winograd),
        Op::Conv(conv) => PackedConv::new(conv, weights[conv.weight]).map(Prepared::Conv),
        Op::ConvTranspose(conv) => conv.pack(weights[conv.weight]).map(Prepared::ConvTranspose),
        Op::Resample(op) => Table::new(op, weights[op.indices], weights[op.factors]).map(Prepared::Resample),
        Op::Gemm(gemm) => Packed::from_rows(weights[gemm.weight], gemm.k, gemm.n).map(Prepared::Matrix),
        Op::IntegerProduct(op) => PackedIntegers::new(op, weights).map(Prepared::Integers),
        Op::Matmul(matmul) => match matmul.b {
            Operand::Weight(weight) => {
                let [k, n] = program.weight_shapes[weight][..] else { return Ok(Prepared::Nothing) };
                let mut packed = Packed::default();
                packed.repack_columns(weights[weight], k, n);
                Ok(Prepared::Matrix(packed))
            }
            Operand::Value(_) => Ok(Prepared::Nothing),
        },
        _ => Ok(Prepared::Nothing),
    }
}

/// Weights that some kernel reads unpacked.
fn raw_weights(program: &Program) -> HashSet<usize> {
    let mut kept = HashSet::new();
    for step in &program.steps {
        match &step.op {
            Op::Conv(conv) => kept.extend(conv.bias),
            Op::Gemm(gemm) => kept.extend(gemm.bias),
            Op::ConvTranspose(conv) => kept.extend(conv.bias),
            Op::Attention(op) => kept.extend(op.mask.as_ref().and_then(weight_of)),
            Op::Normalise(op) => kept.extend([op.scale, op.bias].into_iter().flatten()),
            Op::Matmul(matmul) => kept.extend([matmul.a, matmul.b].iter().filter_map(weight_of)),
            Op::Binary { a, b, .. } => kept.extend([a, b].into_iter().filter_map(weight_of)),
            Op::Copy { x, .. } => kept.extend(weight_of(x)),
            Op::Gather { x, indices, .. } => kept.extend([x, indices].into_iter().filter_map(weight_of)),
            Op::Select { operands, .. } => kept.extend(operands.iter().filter_map(weight_of)),
            Op::Quantize(quantize) => kept.extend(weight_of(&quantize.parameters)),
            _ => {}
        }
    }
    kept
}

fn weight_of(operand: &Operand) -> Option<usize> {
    match operand {
        Operand::Weight(weight) => Some(*weight),
        Operand::Value(_) => None,
    }
}
