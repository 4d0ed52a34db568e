/**
 * What a plugin sees of the runtime. A plugin describes its network as a `ModelGraph`, plain data with ONNX op
 * names and ONNX semantics (NCHW, weights OIHW), so that an imported ONNX file and a hand-written graph are the
 * same thing, and its preprocessing as an `ImageRecipe`. The runtime runs both on whichever backend is open.
 */
import type { RasterImage } from './image.ts';
import type { ImageRecipe } from './image-recipe.ts';

/** GPU through Dawn, CPU through the Rust addon, and the slow TypeScript oracle; the same numbers within a stated tolerance. */
export type BackendName = 'webgpu' | 'native' | 'reference';

/** Dense row-major float32. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}
export type Tensors = Readonly<Record<string, Tensor>>;

/** Attributes as ONNX has them; tensors are constants among the weights instead. */
export type GraphAttribute = number | string | readonly number[];
/** One op call. Nodes may stand in any order; the planner sorts them and refuses cycles. */
export interface GraphNode {
  /** Unique within the graph; error messages name it. */
  readonly name: string;
  /** ONNX operator name, default domain, opset 17 semantics: `Conv`, `Relu`, `Gemm`, … */
  readonly op: string;
  /** Names of values; an omitted optional input is the empty string, as in ONNX. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, GraphAttribute>>;
}
/** What a run must be given under this name. */
export interface GraphInput {
  readonly name: string;
  /** Without the batch: `[channels, height, width]` or `[features]`. The batch is the leading dimension at run time. */
  readonly shape: readonly number[];
  /** Present: this input takes images, prepared by the recipe on the backend. Absent: it takes a tensor. */
  readonly recipe?: ImageRecipe;
  /** Takes whole numbers only, as integers (below 2^24 in size) and truth (0 and 1) of a file are given: a run refuses others. */
  readonly whole?: boolean;
}
/** A network without its weights. Inputs of nodes name graph inputs, outputs of other nodes, or weights. */
export interface ModelGraph {
  readonly name: string;
  readonly inputs: readonly GraphInput[];
  readonly nodes: readonly GraphNode[];
  readonly outputs: readonly string[];
  /** Outputs that are whole numbers: places, counts, truth. Half precision does not round what they are computed from. */
  readonly wholeOutputs?: readonly string[];
}

/** By input name: rasters where the input has a recipe, else a tensor that leads with the number of items. */
export type ModelInputs = Readonly<Record<string, Tensor | readonly RasterImage[]>>;

/** A graph with weights, planned for at most `batch` items, resident on one backend. */
export interface Model extends AsyncDisposable {
  readonly batch: number;
  /** Any number of items from 0 to `batch`; all inputs the same number. Outputs lead with that number. */
  run(inputs: ModelInputs, signal?: AbortSignal): Promise<Tensors>;
}

/** What becomes of an output: scores in [0, 1]. */
export interface Answer {
  readonly name: string;
  /** Items lead. */
  readonly values: Tensor;
  /** What makes scores of the values; `none`: they are scores. */
  readonly activation: 'none' | 'sigmoid' | 'softmax';
}

/** What a caller makes of a network's outputs. Half precision is judged by what it does to that. */
export interface Scoring {
  /** Networks that read an output, by name. Where the answers of one jump, half precision is not used. */
  readonly heads?: Readonly<Record<string, OnnxNetwork>>;
  answers(outputs: Tensors): readonly Answer[] | Promise<readonly Answer[]>;
}

/** How a network is computed where the runtime was opened in half precision. */
export interface LoadOptions {
  /** In float32 all the same, for what costs little and whose rounding would count: heads on an embedding, what is measured or decided by a threshold. */
  readonly precision?: 'f32';
  /** Absent: outputs that are not in [0, 1] are taken for logits of a logistic function, each of its own. */
  readonly scoring?: Scoring;
}

export interface OnnxOptions extends LoadOptions {
  /** What messages, profiles and manifests call the network; absent: the name of its graph, which exporters give to all alike. */
  readonly name?: string;
  /** Largest number of items in one run. */
  readonly batch: number;
  /** How images become the input: one recipe for the only image input, or recipes by input name. Inputs without one take tensors; an input whose channels are last takes images all the same. */
  readonly recipe?: ImageRecipe | Readonly<Record<string, ImageRecipe>>;
  /**
   * Which outputs of the file are computed; absent: all. What only others need is left out, inputs and weights too, so that the
   * image tower of a file that also compares images with texts is a network of one input.
   */
  readonly outputs?: readonly string[];
  /** Item shapes (without batch) by input name, where the file leaves dimensions open that no recipe settles. */
  readonly shapes?: Readonly<Record<string, readonly number[]>>;
  /**
   * `batch`, the default: the first dimension of the file's inputs and outputs counts items. `graph`: one run of the file is one
   * item, for files without a batch; inputs and outputs then have a dimension of items in front of the file's own.
   */
  readonly items?: 'batch' | 'graph';
  /**
   * Of a quantised file. `as-written`, the default: activations are rounded where the file says so. `weights-only`: the same
   * weights, activations not rounded, which is closer to the network before quantisation and not what the file computes.
   */
  readonly quantisation?: 'as-written' | 'weights-only';
  /**
   * A file beside the model that holds weights: its bytes, or where it lies, and then parts of it are read while the model is
   * loaded. The path is relative, uses `/` and was checked to stay in the model's folder; links are the reader's to check.
   * Absent: a model with such files is refused.
   */
  readExternal?(path: string): Promise<Uint8Array | FileOnDisk>;
}

export interface FileOnDisk {
  readonly path: string;
  readonly sizeBytes: number;
}

/** A value of a network: item shape without batch, in ONNX layout. */
export interface ModelValue {
  readonly name: string;
  readonly shape: readonly number[];
  /** The file's own last op, where it is one that makes scores of logits. Absent: another, or one that is not recognised. */
  readonly activation?: 'sigmoid' | 'softmax' | undefined;
}

/** A model that came from a file, with what its caller cannot know otherwise. */
export interface OnnxNetwork extends Model {
  /** In half precision: the step that decides by a threshold on what is made of the inputs, as trees do. Absent: none is known. */
  readonly jump?: string | undefined;
  readonly inputs: readonly GraphInput[];
  readonly outputs: readonly ModelValue[];
}

/**
 * How a backend stores values and multiplies; sums are float32. `f16`: float16, on `webgpu`. `bf16`: products with weights are of
 * bfloat16, whatever is stored is float32, on `native` where that is faster than float32. Both are half precision.
 */
export type Precision = 'f32' | 'f16' | 'bf16';

/** What a network is computed in that half precision would have changed too much: `bf16x2` are sums of two bfloat16, which hold 16 bits. */
export type FinerPrecision = 'bf16x2' | 'f32';

/** A network that half precision would have changed too much, and that is therefore computed in a finer one. */
export interface BeyondHalf {
  readonly network: string;
  readonly reason: string;
  /** Absent: `f32`. */
  readonly computedIn?: 'bf16x2';
}

/** Which backend is open, and why; copied into the manifest. */
export interface RuntimeInfo {
  readonly backend: BackendName;
  /** Adapter or CPU in words, such as `llvmpipe (LLVM 19.1.7, 256 bits)`. */
  readonly adapter: string;
  /** Absent: `f32`. */
  readonly precision?: Precision;
  /** In half precision: networks loaded so far that are computed in a finer one all the same; it grows as networks are loaded. */
  readonly beyondHalf?: readonly BeyondHalf[];
  /** Why backends that were preferred over this one did not open, in the order tried. */
  readonly rejected: readonly { readonly backend: BackendName; readonly reason: string }[];
}

/** Loads networks on the one backend that this run opened. */
export interface Runtime extends AsyncDisposable {
  readonly info: RuntimeInfo;
  /** Rejects with OP_UNSUPPORTED or GRAPH_INVALID before memory is taken. */
  load(graph: ModelGraph, weights: Tensors, batch: number, options?: LoadOptions): Promise<Model>;
  /**
   * Loads the bytes of an ONNX file; the leading dimension of its inputs is the batch. Rejects with OP_UNSUPPORTED,
   * naming op, node and opset, or GRAPH_INVALID, before memory is taken.
   */
  loadOnnx(bytes: Uint8Array, options: OnnxOptions): Promise<OnnxNetwork>;
}
