/** Data of tensors in files beside the model. Paths stay in the model's folder; offsets and lengths are checked. */
import { type FileOnDisk, isDiptychError } from '@diptych/plugin-kit/runtime';
import { graphInvalid } from '../graph/graph-errors.ts';
import type { OnnxModel, OnnxTensor } from './onnx-model.ts';

export type ReadExternal = (path: string) => Promise<Uint8Array | FileOnDisk>;

/** The relative path with `/`, or GRAPH_INVALID where it could lead out of the folder. Links are the reader's to check. */
function checkLocation(location: string, place: string): string {
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

const sizeOfFile = (file: Uint8Array | FileOnDisk): number => ('path' in file ? file.sizeBytes : file.length);

function slice(tensor: OnnxTensor, file: Uint8Array | FileOnDisk, place: string): OnnxTensor & { readonly length: number } {
  const size = sizeOfFile(file);
  const { location, offset, length = size - offset } = tensor.external!;
  if (length < 0 || offset + length > size) {
    throw graphInvalid(
      place,
      `its data is said to be ${length} bytes from byte ${offset} of "${location}", which has ${size} bytes.`,
    );
  }
  const { external: _, ...rest } = tensor;
  if ('path' in file) return { ...rest, length, file: { path: file.path, offset, length } };
  return { ...rest, length, raw: file.subarray(offset, offset + length) };
}

/** Paths of the files beside the model, in the order of the tensors that name them; `resolveExternalData` refuses those that lead elsewhere. */
export function externalFilesOf({ initializers }: OnnxModel): string[] {
  const paths = new Set<string>();
  for (const { name, external } of initializers) {
    try {
      if (external !== undefined) paths.add(checkLocation(external.location, name));
    } catch (error) {
      if (!isDiptychError(error)) throw error;
    }
  }
  return [...paths];
}

/** Every tensor with its data. `read` is asked once a file. Tensors inside attributes cannot be external in practice and stay as they are. */
export async function resolveExternalData(model: OnnxModel, read: ReadExternal | undefined): Promise<OnnxModel> {
  const files = new Map<string, Uint8Array | FileOnDisk>();
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
    let file = files.get(path);
    if (file === undefined) {
      file = await read(path);
      files.set(path, file);
      held += sizeOfFile(file);
    }
    const { length, ...sliced } = slice(tensor, file, place);
    given += length;
    if (given > maxShared * held)
      throw graphInvalid(place, `its data and that of the tensors before are ${given} bytes of files that have ${held}.`);
    initializers.push(sliced);
  }
  return { ...model, initializers };
}
