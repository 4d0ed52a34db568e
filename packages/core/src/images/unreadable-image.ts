import { DiptychError } from '@diptych/plugin-kit';
import { systemFault } from '../text/system-fault.ts';

/** What a codec's failure says: SYSTEM_FAULT where the machine failed at `task`, else IMAGE_UNREADABLE with the message. */
export const unreadableImage = (cause: unknown, message: string, task?: string): DiptychError =>
  systemFault(cause, task) ?? new DiptychError('IMAGE_UNREADABLE', message, { cause });
