//! rten, which reads ONNX files itself: its optimiser is on by default, packing weights beforehand is asked for.

use std::sync::Arc;

use rten::{ModelOptions, RunOptions, ThreadPool};
use rten_tensor::prelude::*;
use rten_tensor::{NdTensor, Tensor};

use crate::{Job, Network, Result, Timed, timed};

pub fn open(job: &Job) -> Result<Network> {
    let model = ModelOptions::with_all_ops().prepack_weights(true).load_file(&job.file)?;
    let options = RunOptions::default().with_thread_pool(Some(Arc::new(ThreadPool::with_num_threads(job.threads))));
    let shape = job.shape;
    Ok(Box::new(move |input| {
        let input = NdTensor::from_data(shape, input);
        let (output, wall_ms, cpu_ms) = timed(|| Ok(model.run_one(input.view().into(), Some(options.clone()))?))?;
        let scores: Tensor<f32> = output.try_into()?;
        Ok(Timed { wall_ms, cpu_ms, scores: scores.to_vec() })
    }))
}
