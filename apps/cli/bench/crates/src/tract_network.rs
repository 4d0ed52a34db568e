//! tract-onnx, optimised for the shape it runs at, as its documentation has it. Its own threads are a feature of
//! tract-linalg that is off by default, and are given to the plan.

use tract_onnx::prelude::multithread::Executor;
use tract_onnx::prelude::*;

use crate::{Job, Network, Result, Timed, timed};

pub fn open(job: &Job) -> Result<Network> {
    let model = onnx().model_for_path(&job.file)?.with_input_fact(0, f32::fact(job.shape).into())?.into_optimized()?;
    let executor = match job.threads {
        1 => Executor::SingleThread,
        threads => Executor::multithread(threads),
    };
    let options = RunOptions { executor: Some(executor), ..RunOptions::default() };
    let plan = model.into_runnable_with_options(&options)?;
    let shape = job.shape;
    Ok(Box::new(move |input| {
        let input = Tensor::from_shape(&shape, &input)?;
        let (outputs, wall_ms, cpu_ms) = timed(|| Ok(plan.run(tvec!(input.into()))?))?;
        let scores = outputs[0].to_plain_array_view::<f32>()?.iter().copied().collect();
        Ok(Timed { wall_ms, cpu_ms, scores })
    }))
}
