/** Pictures as they are sent to a service that looks at them: the file as received, never encoded again. */
import type { ImageInfo, PresentedImage } from '@diptych/plugin-kit';
import { z } from 'zod';

export interface ImagePayload {
  readonly mimeType: string;
  readonly base64: string;
}

export interface ImageLimits {
  /** Shown in reasons. */
  readonly service: string;
  readonly maxImageBytes: number;
  /** Longest side in pixels, where the service refuses longer ones. */
  readonly maxSide?: number;
  /** Containers that the service documents. */
  readonly containers: readonly ImageInfo['container'][];
}

/** What the vision models of OpenAI, Anthropic and most open servers read. */
export const webContainers = ['png', 'jpeg', 'webp', 'gif'] as const;

/** Largest file that is sent; a larger one is not shrunk, since the model would then judge another picture. */
export const maxImageBytesOption = (fallback: number) =>
  z
    .int()
    .min(1)
    .max(64 * 2 ** 20)
    .default(fallback);

/** The picture, or why it cannot be sent. */
export function payloadOf(
  { bytes, info }: PresentedImage,
  { service, maxImageBytes, maxSide, containers }: ImageLimits,
): ImagePayload | string {
  if (!containers.includes(info.container))
    return `${service} takes ${containers.join(', ')}, the file is ${info.container}`;
  if (info.frames > 1) return `${service} takes still images, the file has ${info.frames} frames`;
  if (bytes.length > maxImageBytes)
    return `${service} takes images of at most ${maxImageBytes} bytes, the file has ${bytes.length}`;
  const side = Math.max(info.width, info.height);
  if (maxSide !== undefined && side > maxSide)
    return `${service} takes images of at most ${maxSide} pixels a side, the file has ${side}`;
  return { mimeType: `image/${info.container}`, base64: Buffer.from(bytes).toString('base64') };
}

export const dataUrlOf = ({ mimeType, base64 }: ImagePayload): string => `data:${mimeType};base64,${base64}`;
