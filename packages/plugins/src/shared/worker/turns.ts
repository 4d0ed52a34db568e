/**
 * Workers that share a device take turns: only one of a key is loaded at a time. The one that has it keeps it while
 * calls come in, and gives it up when it was idle for a while and another waits.
 */
interface Holder {
  /** Ends the holder's process, so that the device's memory is free. */
  readonly giveUp: () => Promise<void>;
  isBusy: boolean;
  timer: NodeJS.Timeout | undefined;
}

interface Device {
  holder: Holder | undefined;
  readonly waiting: (() => void)[];
}

const devices = new Map<string, Device>();

export class Turns {
  readonly #device: Device;
  readonly #idleMs: number;
  readonly #me: Holder;

  /** `idleMs`: how long a worker may be idle before the next takes over. */
  constructor(key: string, idleMs: number, giveUp: () => Promise<void>) {
    this.#device = devices.get(key) ?? { holder: undefined, waiting: [] };
    devices.set(key, this.#device);
    this.#idleMs = idleMs;
    this.#me = { giveUp, isBusy: false, timer: undefined };
  }

  /** Waits for the turn. Rejects with the signal's reason. */
  async take(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    while (this.#device.holder !== undefined && this.#device.holder !== this.#me) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const onAbort = (): void => reject(signal.reason);
      signal.addEventListener('abort', onAbort, { once: true });
      this.#device.waiting.push(resolve);
      if (!this.#device.holder.isBusy && this.#device.holder.timer === undefined) this.#countDown(this.#device.holder);
      try {
        await promise;
      } finally {
        signal.removeEventListener('abort', onAbort);
        const place = this.#device.waiting.indexOf(resolve);
        if (place !== -1) this.#device.waiting.splice(place, 1);
      }
    }
    clearTimeout(this.#me.timer);
    this.#me.timer = undefined;
    this.#device.holder = this.#me;
    this.#me.isBusy = true;
  }

  /** The call has ended; the turn is kept until another waits and the idle time is over. */
  rest(): void {
    this.#me.isBusy = false;
    if (this.#device.holder === this.#me && this.#device.waiting.length > 0) this.#countDown(this.#me);
  }

  /** Gives the turn up for good. */
  leave(): void {
    clearTimeout(this.#me.timer);
    if (this.#device.holder === this.#me) this.#pass();
  }

  #countDown(holder: Holder): void {
    holder.timer = setTimeout(() => {
      holder.timer = undefined;
      if (!holder.isBusy && this.#device.holder === holder) void this.#end(holder);
    }, this.#idleMs);
  }

  async #end(holder: Holder): Promise<void> {
    // While it ends the device is nobody's: its own next call waits like any other.
    this.#device.holder = { ...holder, isBusy: true };
    await holder.giveUp();
    this.#pass();
  }

  #pass(): void {
    this.#device.holder = undefined;
    this.#device.waiting.shift()?.();
  }
}
