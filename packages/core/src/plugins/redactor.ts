/** Takes secrets out of whatever is stored or shown, in the forms in which services and libraries echo them. */
export interface Redactor {
  /** Replaces every form of every secret by `[NAME]`. */
  redact(text: string): string;
  /** The name of a secret that the bytes hold in some form. */
  secretIn(bytes: Uint8Array): string | undefined;
}

export interface Secret {
  readonly name: string;
  readonly value: string;
}

/** Encodings of a shorter value would be found in innocent text. */
const leastEncoded = 6;
/** A text that was cut may end in the beginning of a secret; a beginning this long gives enough away to be taken out. */
const leastPrefix = 8;

export function createRedactor(secrets: readonly Secret[]): Redactor {
  const forms = secrets
    .flatMap(({ name, value }) => formsOf(value).map((form) => ({ name, form })))
    // The longest first, so that a form within another one does not leave the rest of it behind.
    .sort((a, b) => b.form.length - a.form.length);
  const bytesOf = forms.map(({ name, form }) => ({ name, form: Buffer.from(form) }));
  return {
    redact(text) {
      let kept = text;
      for (const { name, form } of forms) if (kept.includes(form)) kept = kept.replaceAll(form, `[${name}]`);
      return forms.reduce(withoutCutForm, kept);
    },
    secretIn(bytes) {
      const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      return bytesOf.find(({ form }) => buffer.includes(form))?.name;
    },
  };
}

function withoutCutForm(text: string, { name, form }: { readonly name: string; readonly form: string }): string {
  const cut = /(?:…|\.\.\.)?$/.exec(text)!.index;
  for (let length = Math.min(form.length - 1, cut); length >= leastPrefix; length--) {
    if (text.startsWith(form.slice(0, length), cut - length))
      return `${text.slice(0, cut - length)}[${name}]${text.slice(cut)}`;
  }
  return text;
}

/** As it is, and as URLs, JSON, HTML, hex and base64 write it. */
function formsOf(value: string): string[] {
  const forms = new Set([value]);
  if (value.length < leastEncoded) return [...forms];
  const url = encodeURIComponent(value);
  // URLSearchParams, and encoders that escape more or write hex digits in lower case.
  const form = new URLSearchParams({ v: value }).toString().slice(2);
  for (const written of [url, form]) {
    forms.add(written);
    forms.add(written.replaceAll(/%[0-9A-F]{2}/g, (escaped) => escaped.toLowerCase()));
  }
  forms.add(JSON.stringify(value).slice(1, -1));
  forms.add(value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;'));
  const bytes = Buffer.from(value);
  forms.add(bytes.toString('hex'));
  forms.add(bytes.toString('hex').toUpperCase());
  for (const inner of [0, 1, 2].map((offset) => base64Within(bytes, offset))) {
    if (inner.length < leastEncoded) continue;
    forms.add(inner);
    forms.add(inner.replaceAll('+', '-').replaceAll('/', '_'));
  }
  return [...forms];
}

/** The digits of base64 that depend on the value alone, where `offset` bytes modulo 3 stand before it, as in `Basic user:key`. */
function base64Within(bytes: Buffer, offset: number): string {
  const encoded = Buffer.concat([Buffer.alloc(offset), bytes])
    .toString('base64')
    .replaceAll('=', '');
  const first = Math.ceil((offset * 8) / 6);
  const end = Math.floor(((offset + bytes.length) * 8) / 6);
  return encoded.slice(first, end);
}
