/** The only way to specialise a kernel: a block of constants in front of its text. With the kernel's name it is the cache key, so no key can go stale. */
import type { Constants, Kernel } from '../../kernels/kernel.ts';

/** No suffixes: `const WIDTH = 384;` is abstract and serves as u32, i32 or f32. */
export const prelude = (constants: Constants): string =>
  Object.entries(constants)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => (typeof value === 'string' ? `alias ${name} = ${value};` : `const ${name} = ${value};`))
    .join('\n');

export const pipelineKey = (kernel: Kernel, constants: Constants): string => `${kernel.name}\n${prelude(constants)}`;

export const shaderText = (kernel: Kernel, constants: Constants): string => {
  const half = Object.values(constants).includes('f16') ? ['enable f16;'] : [];
  return [...new Set([...half, ...kernel.directives]), prelude(constants), kernel.library, kernel.source].join('\n');
};

/** Lines in front of the kernel's own first line, to report errors where their author finds them. */
export const linesBefore = (kernel: Kernel, constants: Constants): number =>
  shaderText({ ...kernel, source: '' }, constants).split('\n').length - 1;
