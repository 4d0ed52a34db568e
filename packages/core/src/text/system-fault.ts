/**
 * Tells faults of the machine from faults of what it works on. Too many open files or a failing disk say nothing of an
 * image, so they never become its outcome: the run stops, and a resume does again what has no record.
 */
import { DiptychError, isDiptychError } from '@diptych/plugin-kit';
import { describeError, systemCode } from './describe-error.ts';

/** What any call of the system may meet (errno(3)): no descriptors, memory, processes or space; a disk or a mount that fails. */
const machineCodes = new Set([
  'EMFILE',
  'ENFILE',
  'ENOMEM',
  'ENOBUFS',
  'ENOSPC',
  'EDQUOT',
  'EIO',
  'ESTALE',
  'ENODEV',
  'EAGAIN',
]);
/** Rights that were lost, as a network drive's when its ticket ends. Of a connection they are the firewall's word. */
const rightsCodes = new Set(['EACCES', 'EPERM']);
const fileCalls = new Set(['open', 'read', 'stat', 'lstat', 'fstat', 'realpath', 'readlink', 'scandir']);
/** libvips has no codes; its allocator says these words, as do its start of threads and V8's allocator, whatever the image. */
const codecWords = /out of memory --+ size|unable to create thread|Array buffer allocation failed/;

/** A plugin may give its error a message that is no text and cannot be made one. */
const wordsOf = ({ message }: { readonly message: unknown }): string => (typeof message === 'string' ? message : '');

const isOfMachine = (cause: unknown, isBare: boolean): boolean => {
  const code = systemCode(cause);
  if (code === undefined) return cause instanceof Error && codecWords.test(wordsOf(cause));
  if (machineCodes.has(code)) return true;
  const { syscall } = cause as NodeJS.ErrnoException;
  // In an error of ours the plugin has said already what it means that a file cannot be read.
  return isBare && rightsCodes.has(code) && syscall !== undefined && fileCalls.has(syscall);
};

/** The fault of the machine behind an error, as SYSTEM_FAULT; undefined where there is none. `task` is what it was asked. */
export function systemFault(error: unknown, task = 'to do its part'): DiptychError | undefined {
  if (isDiptychError(error) && error.code === 'SYSTEM_FAULT') return error;
  let isBare = true;
  for (let cause = error, depth = 0; cause !== undefined && cause !== null && depth < 4; depth++) {
    isBare &&= !isDiptychError(cause);
    if (isOfMachine(cause, isBare))
      return new DiptychError(
        'SYSTEM_FAULT',
        `Expected the system ${task}, got: ${describeError(cause)}. Cure that, then resume or try again.`,
        { cause: error },
      );
    cause = (cause as { cause?: unknown }).cause;
  }
  return undefined;
}
