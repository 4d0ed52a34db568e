//! N-API shell around `diptych-kernels`: converts, guards, and runs off the JavaScript thread. No logic.
//!
//! What a run needs of its inputs is taken on the JavaScript thread: the script could otherwise change or detach their
//! memory while another thread reads it. Of images that are lent it promises to do neither before the run has ended.

use diptych_kernels::{CompiledPlan as Kernel, Copied, Error, Image, Picture, Precision, Weight, check_plan as check, give_back, guard};
use napi::bindgen_prelude::{AsyncTask, Float32Array, Uint8Array};
use napi::{Env, Status, Task};
use napi_derive::napi;
use std::cell::RefCell;
use std::mem::ManuallyDrop;
use std::path::Path;
use std::sync::Arc;

/// The message is `CODE: text`.
fn to_napi(error: Error) -> napi::Error {
    napi::Error::new(Status::GenericFailure, error.to_string())
}

/// A whole number from 0 to 2^53, as an index type.
fn whole(what: &str, number: f64) -> Result<usize, Error> {
    if (0.0..=9_007_199_254_740_992.0).contains(&number) && number.fract() == 0.0 {
        Ok(number as usize)
    } else {
        Err(Error::GraphInvalid(format!("Expected {what} to be a whole number from 0, received {number}.")))
    }
}

/// The processor in words: name, instruction sets used, threads.
#[napi]
pub fn cpu_name() -> String {
    diptych_kernels::cpu_name()
}

/// The version of this crate, which is that of the npm package.
#[napi]
pub fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// Precisions that are faster than `f32` on this processor: 0 none, 1 `bf16`, 2 `bf16` and `bf16x2`.
#[napi]
pub fn bfloat16_parts() -> u32 {
    diptych_kernels::bfloat16_parts() as u32
}

/// JSON array of `{ step, op, reason }`: what cannot run. Throws GRAPH_INVALID for a malformed plan.
#[napi]
pub fn check_plan(plan_json: String) -> napi::Result<String> {
    guard(|| check(&plan_json)?.report()).map_err(to_napi)
}

/// Images are RGB or RGBA, `data.length == width * height * channels`.
#[napi(object)]
pub struct RasterImage {
    pub width: f64,
    pub height: f64,
    pub channels: f64,
    pub data: Uint8Array,
    /// Which view of a recipe with several; 0 where absent.
    pub view: Option<f64>,
    /// Whether `data` is read where it is until the run has ended, in place of a copy made at its start. Nobody may write
    /// into it, nor give its memory away, before that.
    pub is_lent: Option<bool>,
}

impl RasterImage {
    fn picture(&self) -> Result<Picture<'_>, Error> {
        let [width, height, channels] = [self.width, self.height, self.channels].map(|side| whole("a side of an image", side));
        let view = whole("a view of an image", self.view.unwrap_or(0.0))?;
        let view = u32::try_from(view).unwrap_or(u32::MAX);
        Ok(Picture { width: width?, height: height?, channels: channels?, data: &self.data, view })
    }
}

/// An image of a run.
enum Given {
    /// Until the run has it.
    Taken(Option<Image<'static>>),
    Lent(RasterImage),
}

impl Given {
    /// Once.
    fn image(&mut self) -> Result<Image<'_>, Error> {
        match self {
            Given::Taken(image) => image.take().ok_or_else(|| Error::InvariantBroken("Expected a run to be computed once.".into())),
            Given::Lent(image) => Image::lent(&image.picture()?),
        }
    }
}

/// A plan with its weights and buffers, ready to run.
#[napi]
pub struct CompiledPlan {
    /// `None` once it was disposed of.
    kernel: RefCell<Option<Arc<Kernel>>>,
}

impl CompiledPlan {
    fn kernel(&self) -> Result<Arc<Kernel>, Error> {
        let kernel = self.kernel.borrow();
        kernel.clone().ok_or_else(|| Error::InvariantBroken("Expected a plan that was not disposed of.".into()))
    }
}

/// float32 as matrices `[rows][columns]` one after the other, which the weight holds turned: `bytes` at any address, or
/// `length` bytes from `offset` of the file at `path`.
#[napi(object)]
pub struct StoredWeight {
    pub bytes: Option<Uint8Array>,
    pub path: Option<String>,
    pub offset: Option<f64>,
    pub length: Option<f64>,
    pub rows: f64,
    pub columns: f64,
}

impl StoredWeight {
    fn weight(&self) -> Result<Weight<'_>, Error> {
        let [rows, columns] = [self.rows, self.columns].map(|size| whole("a side of stored matrices", size));
        let (rows, columns) = (rows?, columns?);
        match (&self.bytes, &self.path) {
            (Some(bytes), None) => Weight::in_memory(bytes, rows, columns),
            (None, Some(path)) => {
                let place = [self.offset, self.length].map(|bytes| whole("a place in a file", bytes.unwrap_or(-1.0)));
                let [offset, length] = place;
                Weight::in_file(Path::new(path), offset? as u64, length?, rows, columns)
            }
            _ => Err(Error::GraphInvalid("Expected a weight in memory or in a file, received neither or both.".into())),
        }
    }
}

/// `weights` in the order of `plan.weights`, read while this runs and not kept; `threads` 0 stands for all cores;
/// `precision` is `f32` or what `bfloat16Parts` says.
#[napi(
    ts_args_type = "planJson: string, weights: readonly StoredWeight[], threads: number, precision: 'f32' | 'bf16' | 'bf16x2'"
)]
pub fn compile_plan(plan_json: String, weights: Vec<StoredWeight>, threads: f64, precision: String) -> napi::Result<CompiledPlan> {
    let kernel = guard(|| {
        let weights = weights.iter().map(StoredWeight::weight).collect::<Result<Vec<_>, _>>()?;
        Kernel::from_weights(&plan_json, &weights, whole("threads", threads)?, Precision::from_name(&precision)?)
    });
    Ok(CompiledPlan { kernel: RefCell::new(Some(Arc::new(kernel.map_err(to_napi)?))) })
}

/// Frees the weights and buffers of a plan, now or when the runs under way have ended; it cannot run again. The collector
/// knows nothing of their size: left to it, those of many plans would lie in memory at once.
#[napi]
pub fn dispose_plan(plan: &CompiledPlan) {
    drop(plan.kernel.take());
}

#[napi]
impl CompiledPlan {
    /// `tensors` in sorted order of input names; `images` one list per image step in plan order, each of length
    /// `items`. Resolves to the outputs in sorted order of names.
    #[napi(
        ts_args_type = "items: number, tensors: readonly Float32Array[], images: readonly (readonly RasterImage[])[]",
        ts_return_type = "Promise<Float32Array[]>"
    )]
    pub fn run(&self, items: f64, tensors: Vec<Float32Array>, images: Vec<Vec<RasterImage>>) -> AsyncTask<Run> {
        AsyncTask::new(Run(guard(|| {
            let kernel = self.kernel()?;
            let inputs = Inputs::take(&kernel, items, &tensors, images)?;
            Ok((kernel, inputs))
        })))
    }

    /// Milliseconds that each step took in all runs so far, of all threads together, by the value it writes.
    #[napi]
    pub fn step_milliseconds(&self) -> napi::Result<Vec<f64>> {
        Ok(self.kernel().map_err(to_napi)?.step_milliseconds())
    }
}

pub struct Inputs {
    items: usize,
    tensors: Vec<Copied<f32>>,
    images: Vec<Vec<Given>>,
}

impl Inputs {
    fn take(kernel: &Kernel, items: f64, tensors: &[Float32Array], images: Vec<Vec<RasterImage>>) -> Result<Self, Error> {
        let given = |input: usize, image: RasterImage| {
            if image.is_lent == Some(true) {
                return Ok(Given::Lent(image));
            }
            Ok(Given::Taken(Some(kernel.take(input, &image.picture()?)?)))
        };
        let all = |(input, images): (usize, Vec<RasterImage>)| images.into_iter().map(|image| given(input, image)).collect();
        Ok(Inputs {
            items: whole("items", items)?,
            tensors: tensors.iter().map(|tensor| Copied::new(tensor, "the inputs of a run")).collect::<Result<_, _>>()?,
            images: images.into_iter().enumerate().map(all).collect::<Result<_, Error>>()?,
        })
    }
}

/// The script's until it is collected; then the next run's.
fn lent(numbers: Vec<f32>) -> Float32Array {
    let mut numbers = ManuallyDrop::new(numbers);
    let capacity = numbers.capacity();
    let collected = move |start: *mut f32, length: usize| {
        // SAFETY: the parts of the vector above, which nobody else has any more.
        give_back(unsafe { Vec::from_raw_parts(start, length, capacity) });
    };
    // SAFETY: that many floats, which stay where they are until they are collected.
    unsafe { Float32Array::with_external_data(numbers.as_mut_ptr(), numbers.len(), collected) }
}

/// Inputs are dropped by the JavaScript thread, whose images they refer to.
pub struct Run(Result<(Arc<Kernel>, Inputs), Error>);

impl Task for Run {
    type Output = Vec<Vec<f32>>;
    type JsValue = Vec<Float32Array>;

    fn compute(&mut self) -> napi::Result<Self::Output> {
        let outputs = guard(|| {
            let (kernel, Inputs { items, tensors, images }) = self.0.as_mut().map_err(|error| error.clone())?;
            let tensors: Vec<&[f32]> = tensors.iter().map(|tensor| &**tensor).collect();
            let images = images.iter_mut().map(|images| images.iter_mut().map(Given::image).collect());
            let images = images.collect::<Result<Vec<Vec<Image>>, _>>()?;
            let images: Vec<&[Image]> = images.iter().map(Vec::as_slice).collect();
            kernel.run(*items, &tensors, &images)
        });
        outputs.map_err(to_napi)
    }

    fn resolve(&mut self, _env: Env, outputs: Self::Output) -> napi::Result<Self::JsValue> {
        Ok(outputs.into_iter().map(lent).collect())
    }
}
