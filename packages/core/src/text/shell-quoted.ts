/** A path as an argument of a command that a message tells: bare where a shell takes it so, else in single quotes. */
export const shellQuoted = (path: string): string =>
  /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
