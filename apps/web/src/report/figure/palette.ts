/** Every colour of the report, once: the page takes them as CSS variables, files of figures as they are. Contrast is checked by axe-core. */
export const light = {
  page: '#ffffff',
  raised: '#f5f5f2',
  text: '#1c1d1f',
  muted: '#5b5f66',
  rule: '#1c1d1f',
  grid: '#dcdcd7',
  shadow: 'rgb(0 0 0 / 22%)',
  accent: '#1a5a96',
  diffusion: '#1f6fb2',
  mllm: '#b9500f',
  unknown: '#5d6470',
  authentic: '#3c7a43',
  image: '#7c8794',
  refused: '#c79a1e',
  blocked: '#b9500f',
  empty: '#b8bcc2',
  placeholder: '#8a63a8',
  error: '#a8323e',
  timeout: '#6d2b33',
  supported: '#1f6b33',
  warn: '#8a4b00',
} as const;
export type ColourName = keyof typeof light;

const dark: Readonly<Record<ColourName, string>> = {
  page: '#15171a',
  raised: '#1f2226',
  text: '#e8e8e4',
  muted: '#a7adb5',
  rule: '#8d939b',
  grid: '#33383e',
  shadow: 'rgb(255 255 255 / 26%)',
  accent: '#86bdf0',
  diffusion: '#6db1ee',
  mllm: '#f0955a',
  unknown: '#a5acb6',
  authentic: '#83c48b',
  image: '#8b97a5',
  refused: '#dcb64a',
  blocked: '#f0955a',
  empty: '#5c636b',
  placeholder: '#bb97d8',
  error: '#ea7480',
  timeout: '#a94d58',
  supported: '#83c48b',
  warn: '#f0b46a',
};

/** Where a drawing goes decides how it names a colour. */
export type Paint = (name: ColourName) => string;
/** Follows the reader's light or dark setting. */
export const onPage: Paint = (name) => `var(--${name})`;
/** Hexadecimal, for a file that stands alone and is printed on white. */
export const onPaper: Paint = (name) => light[name];

const variables = (colours: Readonly<Record<ColourName, string>>): string =>
  Object.entries(colours)
    .map(([name, value]) => `--${name}:${value}`)
    .join(';');

/** On paper the light colours hold, whatever the screen shows. */
export const paletteStyle = `:root{${variables(light)}}\n@media screen and (prefers-color-scheme:dark){:root{${variables(dark)}}}\n`;
