/** Data of tensors in files beside the model. Paths stay in the model's folder; offsets and lengths are checked. */
import { graphInvalid } from '../graph/graph-errors.ts';
import type { OnnxModel, OnnxTensor } from './onnx-model.ts';

export type ReadExternal = (path: string) => Promise<Uint8Array>;

/** The relative path with `/`, or GRAPH_INVALID where it could lead out of the folder. Links are the reader's to check. */
export function checkLocation(location: string, place: string): string {
  const parts = location.split('/');
  if (
    location === '' ||
    /[\\\u0000:]/.test(location) ||
    location.startsWith('/') ||
    parts.some((part) => part === '..' || part === '')
  ) {
    throw graphInvalid(place, `the location "${location}" of its data must be a path inside the folder of the model.`);
  }
  return parts.filter((part) => part !== '.').join('/');
}

/** Tensors may share bytes, as tied weights do. Far more than the files hold would be a file that fills all memory. */
const maxShared = 8;

function slice(tensor: OnnxTensor, bytes: Uint8Array, place: string): OnnxTensor {
  const { location, offset, length = bytes.length - offset } = tensor.external!;
  if (length < 0 || offset + length > bytes.length) {
    throw graphInvalid(
      place,
      `its data is said to be ${length} bytes from byte ${offset} of "${location}", which has ${bytes.length} bytes.`,
    );
  }
  const { external: _, ...rest } = tensor;
  return { ...rest, raw: bytes.subarray(offset, offset + length) };
}

/** Every tensor with its data. `read` is asked once a file. Tensors inside attributes cannot be external in practice and stay as they are. */
export async function resolveExternalData(model: OnnxModel, read: ReadExternal | undefined): Promise<OnnxModel> {
  const files = new Map<string, Uint8Array>();
  let [given, held] = [0, 0];
  const initializers: OnnxTensor[] = [];
  for (const tensor of model.initializers) {
    if (tensor.external === undefined) {
      initializers.push(tensor);
      continue;
    }
    const place = `Tensor "${tensor.name}"`;
    const path = checkLocation(tensor.external.location, place);
    if (read === undefined)
      throw graphInvalid(
        place,
        `its data lies in the file "${path}". Give \`readExternal\`, or export with the weights inside.`,
      );
    let bytes = files.get(path);
    if (bytes === undefined) {
      bytes = await read(path);
      files.set(path, bytes);
      held += bytes.length;
    }
    const sliced = slice(tensor, bytes, place);
    given += sliced.raw!.length;
    if (given > maxShared * held)
      throw graphInvalid(place, `its data and that of the tensors before are ${given} bytes of files that have ${held}.`);
    initializers.push(sliced);
  }
  return { ...model, initializers };
}
