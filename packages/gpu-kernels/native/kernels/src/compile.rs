//! A program bound to weights: packed once, buffers allocated once, run many times.

use crate::arena::{Assignment, Segment};
use crate::chain::{Chain, chains};
use crate::check::check_plan;
use crate::error::{Error, Result, refuse};
use crate::gemm::{Instructions, Matrix, Packed};
use crate::memory::Floats;
use crate::narrow::narrow;
use crate::ops::conv::PackedConv;
use crate::ops::depthwise::PackedDepthwise;
use crate::ops::integer::PackedIntegers;
use crate::ops::resample::Table;
use crate::ops::winograd::{self, PackedWinograd};
use crate::precision::Precision;
use crate::program::{Op, Operand, Program, Step};
use crate::stored::{ReadBuffers, Stored, Weight};
use crate::threads::{Team, packers, team};
use rayon::prelude::*;
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
    Matrix(Matrix),
    ConvTranspose(Vec<Packed>),
    Resample(Table),
    Integers(PackedIntegers),
}

/// Buffers for one slice of items.
pub type Arena = Vec<Floats>;

pub struct CompiledPlan {
    pub(crate) program: Program,
    pub(crate) prepared: Vec<Prepared>,
    /// Weights that kernels read as they are; empty where only the packed form is used.
    pub(crate) weights: Vec<Vec<f32>>,
    pub(crate) assignment: Assignment,
    /// The steps in the order of their runs.
    pub(crate) chains: Vec<Chain>,
    pub(crate) segments: Vec<Segment>,
    /// Most items in one slice.
    pub(crate) slice: usize,
    /// One for each thread that can be busy. Held for a whole run: a second run waits.
    pub(crate) arenas: Mutex<Vec<Arena>>,
    pub(crate) team: Arc<Team>,
    pub(crate) instructions: Instructions,
    /// Nanoseconds that each step took so far, of all threads together, by the value it writes.
    pub(crate) nanoseconds: Vec<AtomicU64>,
}

impl CompiledPlan {
    /// `weights` in the order of the plan's; `threads` 0 stands for all cores.
    pub fn new(json: &str, weights: &[&[f32]], threads: usize) -> Result<Self> {
        let weights: Vec<_> = weights.iter().map(|weight| Weight::plain(weight)).collect();
        Self::from_weights(json, &weights, threads, Precision::F32)
    }

    /// The same from weights in the order of a file, in memory or not. They are packed by all threads, each number read once.
    pub fn from_weights(json: &str, weights: &[Weight], threads: usize, precision: Precision) -> Result<Self> {
        let checked = check_plan(json)?;
        let Some(program) = checked.program else {
            let reasons: Vec<_> =
                checked.unsupported.iter().map(|fault| format!("step `{}` ({}): {}", fault.step, fault.op, fault.reason)).collect();
            return Err(Error::OpUnsupported(format!("Expected a plan of ops that run natively, received {}.", reasons.join("; "))));
        };
        check_weights(&program, weights)?;
        let program = narrow(program, weights);
        let team = team(threads)?;
        let slots = team.threads().min(program.batch);
        let chains = chains(&program);
        let segments = segments(&program, &chains, slots);
        let slice = segments.last().map_or(1, |segment| segment.slice);
        let assignment = Assignment::new(&program, &chains, &segments);
        check_memory(&program, &assignment, slots)?;
        let arenas = (0..slots).map(|_| new_arena(&assignment)).collect::<Result<_>>()?;
        let (kept, buffers) = (raw_weights(&program), ReadBuffers::default());
        // Steps whose kernels may read weights in parts; in bands of rows one part alone is faster than floats.
        let in_parts = |chain: &Chain| chain.is_single() || precision == Precision::Bf16 && !chain.is_expansion();
        let in_parts: Vec<bool> = chains.iter().flat_map(|chain| chain.steps.clone().map(move |_| in_parts(chain))).collect();
        let steps = program.steps.par_iter().zip(&in_parts).with_max_len(1);
        let steps = steps.map(|(step, &in_parts)| prepare(&program, step, in_parts, weights, precision, &buffers));
        let prepared = packers(team.threads())?.install(|| steps.collect::<Result<_>>())?;
        let keep = |(index, weight): (usize, &Weight)| if kept.contains(&index) { weight.to_vec(&buffers) } else { Ok(Vec::new()) };
        let weights = weights.iter().enumerate().map(keep).collect::<Result<_>>()?;
        let nanoseconds = program.sizes.iter().map(|_| AtomicU64::new(0)).collect();
        Ok(CompiledPlan {
            nanoseconds,
            program,
            prepared,
            weights,
            assignment,
            chains,
            segments,
            slice,
            arenas: Mutex::new(arenas),
            team,
            instructions: Instructions::detect(),
        })
    }

    /// Milliseconds that each step took in all runs so far, of all threads together, by the value it writes.
    pub fn step_milliseconds(&self) -> Vec<f64> {
        self.by_value_of_plan(&self.nanoseconds).map(|taken| taken as f64 / 1e6).collect()
    }

    /// What was spent on the values that steps write, by those that they wrote in the plan.
    pub(crate) fn by_value_of_plan(&self, spent: &[AtomicU64]) -> impl Iterator<Item = u64> {
        let mut taken: Vec<u64> = spent.iter().map(|taken| taken.load(Relaxed)).collect();
        for &(value, before) in &self.program.moved {
            taken[before] = std::mem::take(&mut taken[value]);
        }
        taken.into_iter()
    }

    pub fn batch(&self) -> usize {
        self.program.batch
    }
}

fn check_weights(program: &Program, weights: &[Weight]) -> Result<()> {
    if weights.len() != program.weight_names.len() {
        refuse!("Expected {} weights for plan `{}`, received {}.", program.weight_names.len(), program.name, weights.len());
    }
    for ((name, shape), weight) in program.weight_names.iter().zip(&program.weight_shapes).zip(weights) {
        if shape.iter().product::<usize>() != weight.len() {
            refuse!("Expected weight `{name}` of shape {shape:?} to have as many elements, received {}.", weight.len());
        }
    }
    Ok(())
}

/// Cuts the chains where twice as many items fit together in all that follow.
fn segments(program: &Program, chains: &[Chain], slots: usize) -> Vec<Segment> {
    let most = program.batch.div_ceil(slots);
    // A depthwise layer is bound by the cache alone, and no weights are read less often for more items.
    let weight = |chain: &Chain| if chain.is_single() && is_depthwise(&program.steps[chain.last()].op) { 2 } else { 1 };
    let width = |chain: &Chain| weight(chain) * chain.touches(program).map(|value| program.sizes[value]).sum::<usize>().max(1);
    let mut fitting: Vec<usize> = chains.iter().map(|chain| (SLICE_FLOATS / width(chain)).clamp(1, most)).collect();
    for at in (1..fitting.len()).rev() {
        fitting[at - 1] = fitting[at - 1].min(fitting[at]);
    }
    if fitting.is_empty() {
        return vec![Segment { chains: 0..0, slice: most }];
    }
    let mut segments: Vec<Segment> = Vec::new();
    for (at, &slice) in fitting.iter().enumerate() {
        match segments.last_mut() {
            Some(segment) if slice < 2 * segment.slice => segment.chains.end = at + 1,
            _ => segments.push(Segment { chains: at..at + 1, slice }),
        }
    }
    segments
}

fn check_memory(program: &Program, assignment: &Assignment, arenas: usize) -> Result<()> {
    let buffers = assignment.sizes.iter().fold(0usize, |sum, &size| sum.saturating_add(size));
    let outputs = program.outputs.iter().fold(0usize, |sum, &(_, value)| sum.saturating_add(program.sizes[value]));
    let floats = buffers.saturating_mul(arenas).saturating_add(outputs.saturating_mul(program.batch));
    let bytes = floats.saturating_mul(size_of::<f32>());
    if bytes > MAX_ARENA_BYTES {
        return Err(Error::OutOfMemory(format!(
            "Expected plan `{}` to need at most {MAX_ARENA_BYTES} bytes of buffers, it needs {bytes}. Use a smaller batch.",
            program.name
        )));
    }
    Ok(())
}

pub(crate) fn new_arena(assignment: &Assignment) -> Result<Arena> {
    assignment.sizes.iter().map(|&size| Floats::zeroed(size, "the buffers of a plan")).collect()
}

fn is_depthwise(op: &Op) -> bool {
    matches!(op, Op::Conv(conv) if conv.groups == conv.input.channels && conv.groups == conv.output.channels && conv.groups > 1)
}

/// `in_parts`: the kernel of the step may read weights in parts of bfloat16.
fn prepare(
    program: &Program,
    step: &Step,
    in_parts: bool,
    weights: &[Weight],
    precision: Precision,
    buffers: &ReadBuffers,
) -> Result<Prepared> {
    let (op, size) = (&step.op, program.sizes[step.output]);
    let floats = |weight: usize| weights[weight].to_vec(buffers);
    match op {
        Op::Conv(conv) if is_depthwise(op) => {
            PackedDepthwise::new(conv, &floats(conv.weight)?, conv.bias.map(floats).transpose()?).map(Prepared::Depthwise)
        }
        Op::Conv(conv) if winograd::suits(conv) && !precision.outruns_winograd() => {
            weights[conv.weight].read(buffers, |weight| PackedWinograd::new(conv, weight)).map(Prepared::Winograd)
        }
        Op::Conv(conv) => {
            weights[conv.weight].read(buffers, |weight| PackedConv::new(conv, weight, in_parts, precision)).map(Prepared::Conv)
        }
        Op::ConvTranspose(conv) => conv.pack(&floats(conv.weight)?).map(Prepared::ConvTranspose),
        Op::Resample(op) => Table::new(op, &floats(op.indices)?, &floats(op.factors)?).map(Prepared::Resample),
        Op::Gemm(gemm) => {
            let pack = |weight: Stored| Matrix::from_stored(weight, gemm.k, gemm.n, size / gemm.n, precision);
            weights[gemm.weight].read(buffers, pack).map(Prepared::Matrix)
        }
        Op::IntegerProduct(op) => PackedIntegers::new(op, weights, buffers).map(Prepared::Integers),
        Op::Matmul(matmul) => match matmul.b {
            Operand::Weight(weight) => {
                let [k, n] = program.weight_shapes[weight][..] else { return Ok(Prepared::Nothing) };
                let mut packed = Packed::default();
                packed.repack_columns(&floats(weight)?, k, n);
                Ok(Prepared::Matrix(Matrix::Floats(packed)))
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
            Op::Pointwise(op) => kept.extend(op.leaves.iter().filter_map(|leaf| weight_of(&leaf.operand))),
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
