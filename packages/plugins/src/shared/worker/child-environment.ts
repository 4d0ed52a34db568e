/**
 * What a worker sees of the environment. An allow-list: keys for other services are not handed to a child that may run
 * code of a model's repository. What the user names comes on top.
 */

/** Where programs, homes, caches and libraries are, and which devices may be used. None of them holds a secret. */
const allowed =
  /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_[A-Z]+|TZ|TMPDIR|TEMP|TMP|SYSTEMROOT|LD_LIBRARY_PATH|VIRTUAL_ENV|CONDA_PREFIX|PYENV_ROOT|PYENV_VERSION|XDG_CACHE_HOME|HF_HOME|HF_HUB_CACHE|TRANSFORMERS_CACHE|TORCH_HOME|CUDA_VISIBLE_DEVICES|CUDA_DEVICE_ORDER|CUDA_HOME|CUDA_PATH|NVIDIA_VISIBLE_DEVICES|NVIDIA_DRIVER_CAPABILITIES|ROCR_VISIBLE_DEVICES|HIP_VISIBLE_DEVICES|OMP_NUM_THREADS|MKL_NUM_THREADS|PYTORCH_CUDA_ALLOC_CONF|PYTORCH_ALLOC_CONF|TRITON_CACHE_DIR|TOKENIZERS_PARALLELISM|SSL_CERT_FILE|SSL_CERT_DIR|REQUESTS_CA_BUNDLE)$/;

export interface EnvironmentRequest {
  /** Names of further variables to hand over. */
  readonly names: readonly string[];
  /** Values that come from elsewhere, such as declared secrets. */
  readonly values: Readonly<Record<string, string>>;
  /** Whether the worker may fetch weights: without it the hub's libraries are told to stay offline. */
  readonly download: boolean;
}

export function childEnvironment(
  from: Readonly<Record<string, string | undefined>>,
  { names, values, download }: EnvironmentRequest,
): Record<string, string> {
  const inherited = Object.entries(from).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && (allowed.test(entry[0]) || names.includes(entry[0])),
  );
  return {
    ...Object.fromEntries(inherited),
    ...values,
    DIPTYCH_WORKER: '1',
    PYTHONUNBUFFERED: '1',
    // No telemetry leaves a run, and no host is contacted that the study does not name.
    HF_HUB_DISABLE_TELEMETRY: '1',
    DO_NOT_TRACK: '1',
    ...(download ? {} : { HF_HUB_OFFLINE: '1', TRANSFORMERS_OFFLINE: '1' }),
  };
}
