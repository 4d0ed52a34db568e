//! Chains of steps whose windows slide over the same image. Where the maps between them are large, they run band of rows by
//! band of rows, so that these never leave the second-level cache; a depthwise convolution after one of smaller size has its
//! own way (`ops/expansion.rs`).
//!
//! Bands: each step has a kernel that makes any rows of its output; what its
//! successor still needs of earlier bands is kept, so no row is made twice.

use crate::ops::{expansion, winograd};
use crate::program::{Conv, Extent, Form, Op, Program, Window};
use crate::scratch::Scratch;
use std::ops::Range;

/// Floats that the maps between the steps of a chain may take: 512 KiB, half of a second-level cache of 1 MiB.
const MOST_FLOATS: usize = 128 * 1024;
/// A map of fewer floats than this stays in a cache anyway: 512 KiB.
const FEWEST_FLOATS: usize = 128 * 1024;
/// Each step reads all its weights for every band: more than 128 KiB of them cost what the chain saves.
const MOST_WEIGHTS: usize = 32 * 1024;

/// Which rows a kernel makes of one item: `y` begins with row `first` of the output, `x` with row `origin` of the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Band {
    pub first: usize,
    pub origin: usize,
}

impl Band {
    /// All rows, of any number of items.
    pub const WHOLE: Band = Band { first: 0, origin: 0 };
}

/// What a chain needs to know of a step.
#[derive(Debug, Clone, Copy)]
struct Link {
    input: Extent,
    output: Extent,
    window: Window,
}

impl Link {
    fn of(op: &Op) -> Option<Link> {
        match op {
            Op::Conv(conv) if !winograd::suits(conv) => {
                weights(conv).filter(|&count| count <= MOST_WEIGHTS)?;
                Some(Link { input: conv.input, output: conv.output, window: conv.window })
            }
            Op::Pool { input, output, window, form: Form::Floats, .. } => Some(Link { input: *input, output: *output, window: *window }),
            _ => None,
        }
    }

    /// Rows from the first to the last tap.
    fn reach(&self) -> usize {
        (self.window.kernel[0] - 1) * self.window.dilations[0] + 1
    }

    /// First input row that output row `row` reads.
    fn first(&self, row: usize) -> usize {
        (row * self.window.strides[0]).saturating_sub(self.window.top).min(self.input.height)
    }

    /// Row after the last that the output rows before `end` read.
    fn end(&self, end: usize) -> usize {
        let last = end.saturating_sub(1) * self.window.strides[0] + self.reach();
        last.saturating_sub(self.window.top).min(self.input.height)
    }

    /// Most input rows that are held to make `rows` rows of output.
    fn held(&self, rows: usize) -> usize {
        let stride = self.window.strides[0];
        ((rows - 1) * stride + self.reach().max(stride)).min(self.input.height)
    }

    fn row(&self) -> usize {
        self.output.width * self.output.channels
    }
}

fn weights(conv: &Conv) -> Option<usize> {
    let taps = conv.window.kernel[0].checked_mul(conv.window.kernel[1])?;
    taps.checked_mul(conv.input.channels / conv.groups)?.checked_mul(conv.output.channels)
}

/// Steps that run together. A chain of one is a step alone.
#[derive(Debug, Clone)]
pub struct Chain {
    pub steps: Range<usize>,
    /// Of bands; empty where the steps run in another way.
    links: Vec<Link>,
    /// Rows of the last output that are made at a time.
    band: usize,
    /// Rows that are held of each value between the steps.
    held: Vec<usize>,
}

/// Cuts the steps of a program into chains, in order.
pub fn chains(program: &Program) -> Vec<Chain> {
    let mut readers = vec![0usize; program.sizes.len()];
    program.steps.iter().flat_map(|step| step.op.reads()).for_each(|value| readers[value] += 1);
    program.outputs.iter().for_each(|&(_, value)| readers[value] += 1);
    let continues = |at: usize| {
        let (Some(before), Some(step)) = (at.checked_sub(1).and_then(|at| program.steps.get(at)), program.steps.get(at)) else {
            return false;
        };
        let x = match &step.op {
            Op::Conv(conv) => conv.x,
            Op::Pool { x, .. } => *x,
            _ => return false,
        };
        x == before.output && readers[x] == 1
    };
    let is_large = |at: usize| program.sizes[program.steps[at - 1].output] >= FEWEST_FLOATS;
    let mut chains: Vec<Chain> = Vec::new();
    for at in 0..program.steps.len() {
        let link = Link::of(&program.steps[at].op);
        if let (Some(chain), true) = (chains.last_mut(), continues(at)) {
            let longer = if is_large(at) { link.and_then(|link| chain.extended(link)) } else { chain.expanded(program) };
            if let Some(longer) = longer {
                *chain = longer;
                continue;
            }
        }
        chains.push(Chain { steps: at..at + 1, links: link.into_iter().collect(), band: 0, held: Vec::new() });
    }
    chains
}

impl Chain {
    /// `None` where the last step is of another kind, or the longer chain does not fit.
    fn extended(&self, link: Link) -> Option<Chain> {
        self.links.last()?;
        Chain::new(self.steps.start..self.steps.end + 1, [&self.links[..], &[link]].concat())
    }

    /// `None` where the steps are not such that they run together channels by channels.
    fn expanded(&self, program: &Program) -> Option<Chain> {
        let [Op::Conv(first), Op::Conv(second)] = [self.steps.start, self.steps.end].map(|step| &program.steps[step].op) else {
            return None;
        };
        let steps = self.steps.start..self.steps.end + 1;
        (self.is_single() && expansion::suits(first, second)).then_some(Chain { steps, links: Vec::new(), band: 0, held: Vec::new() })
    }

    /// `None` where not even one row at a time fits.
    fn new(steps: Range<usize>, links: Vec<Link>) -> Option<Chain> {
        let height = links.last()?.output.height;
        let held = |band: usize| -> Vec<usize> {
            let mut rows = band;
            let mut held = Vec::with_capacity(links.len());
            for link in links.iter().skip(1).rev() {
                rows = link.held(rows);
                held.push(rows);
            }
            held.reverse();
            held
        };
        let floats = |band: usize| held(band).iter().zip(&links).map(|(rows, link)| rows * link.row()).sum::<usize>();
        // More rows hold no fewer floats, and a file may say that an image has any number of them.
        let (mut band, mut beyond) = (0, height + 1);
        while beyond - band > 1 {
            let middle = band.midpoint(beyond);
            *if floats(middle) <= MOST_FLOATS { &mut band } else { &mut beyond } = middle;
        }
        let held = (band > 0).then(|| held(band))?;
        Some(Chain { steps, band, held, links })
    }

    /// Index of the last step.
    pub fn last(&self) -> usize {
        self.steps.end - 1
    }

    /// Values that the chain reads or writes outside itself.
    pub fn touches<'a>(&'a self, program: &'a Program) -> impl Iterator<Item = usize> + 'a {
        let steps = &program.steps[self.steps.clone()];
        let inside = |value: &usize| steps[..steps.len() - 1].iter().any(|step| step.output == *value);
        steps.iter().flat_map(|step| step.op.reads()).chain(steps.last().map(|step| step.output)).filter(move |value| !inside(value))
    }

    pub fn is_single(&self) -> bool {
        self.steps.len() == 1
    }

    /// Whether its two steps run together channels by channels, and not rows by rows.
    pub fn is_expansion(&self) -> bool {
        !self.is_single() && self.links.is_empty()
    }

    /// Height and floats a row of the last output.
    pub fn target(&self) -> (usize, usize) {
        self.links.last().map_or((0, 0), |link| (link.output.height, link.row()))
    }

    /// Makes rows `target` of the last output from `x`, one item: `make(step, band, x, y)` is called for some rows of each
    /// step in turn.
    pub fn stream(&self, target: Range<usize>, x: &[f32], y: &mut [f32], mut make: impl FnMut(usize, Band, &[f32], &mut [f32])) {
        let lengths: Vec<usize> = self.held.iter().zip(&self.links).map(|(rows, link)| rows * link.row()).collect();
        let mut scratch = Scratch::take(lengths.iter().sum());
        let mut rest = &mut scratch[..];
        let mut rings: Vec<Ring> = Vec::with_capacity(lengths.len());
        let begins = self.back(target.start, Link::first);
        for (length, &begin) in lengths.into_iter().zip(&begins) {
            let (rows, after) = std::mem::take(&mut rest).split_at_mut(length);
            rings.push(Ring { rows, base: begin, done: begin });
            rest = after;
        }
        let last = rings.len();
        for start in target.clone().step_by(self.band) {
            let end = target.end.min(start + self.band);
            let ends = self.back(end, Link::end);
            for index in 0..=last {
                let (before, after) = rings.split_at_mut(index);
                let (x, origin) = before.last().map_or((x, 0), |ring| (&*ring.rows, ring.base));
                let step = self.steps.start + index;
                if index == last {
                    let row = self.links[index].row();
                    make(step, Band { first: start, origin }, x, &mut y[(start - target.start) * row..(end - target.start) * row]);
                    continue;
                }
                let next = if index + 1 == last { start } else { after[1].done };
                let ring = &mut after[0];
                ring.drop_before(self.links[index + 1].first(next), self.links[index].row());
                if ends[index] > ring.done {
                    let first = ring.done;
                    make(step, Band { first, origin }, x, ring.append(ends[index], self.links[index].row()));
                }
            }
        }
    }

    /// What `of` gives for each value between the steps, from the last back, where the last output is at `row`.
    fn back(&self, row: usize, of: impl Fn(&Link, usize) -> usize) -> Vec<usize> {
        let mut row = row;
        let mut rows: Vec<usize> = self.links[1..]
            .iter()
            .rev()
            .map(|link| {
                row = of(link, row);
                row
            })
            .collect();
        rows.reverse();
        rows
    }
}

/// Rows `base .. done` of a value between two steps.
struct Ring<'a> {
    rows: &'a mut [f32],
    base: usize,
    done: usize,
}

impl Ring<'_> {
    fn drop_before(&mut self, row: usize, length: usize) {
        let row = row.clamp(self.base, self.done);
        self.rows.copy_within((row - self.base) * length..(self.done - self.base) * length, 0);
        self.base = row;
    }

    /// The rows from `done` to `end`, to be written.
    fn append(&mut self, end: usize, length: usize) -> &mut [f32] {
        let from = std::mem::replace(&mut self.done, end);
        &mut self.rows[(from - self.base) * length..(end - self.base) * length]
    }
}
