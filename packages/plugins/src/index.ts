/** The built-in plugins: names to lazy imports. Importing this loads none of them. */
export { registry } from './_registry.gen.ts';
