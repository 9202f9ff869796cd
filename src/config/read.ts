import type { Variable } from './declaration.js';
import { SECTIONS, type Values } from './variables.js';

/** Environment variables by name, such as `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Characters of an invalid value that an error repeats. */
const SHOWN_LENGTH = 60;

/**
 * Reads all variables. `faults` maps the name of each invalid variable to a sentence about it. In `values`,
 * such a variable has its default.
 */
export function readVariables(env: Environment): { values: Values; faults: Map<string, string> } {
  const isProduction = env.NODE_ENV === 'production';
  const values: Record<string, unknown> = {};
  const faults = new Map<string, string>();
  for (const [name, variable] of SECTIONS.flatMap(({ variables }) => Object.entries<Variable>(variables))) {
    values[name] = isProduction ? variable.productionDefault : variable.default;
    const text = env[name];
    if (text === undefined || text === '') continue;
    const parsed = variable.parser.schema.safeParse(text);
    if (parsed.success) values[name] = parsed.data;
    else faults.set(name, faultOf(name, variable, text));
  }
  // Each value comes from the parser or the default of its own variable.
  return { values: values as Values, faults };
}

function faultOf(name: string, { parser, isSecret }: Variable, text: string): string {
  if (isSecret) return `${name} must be ${parser.form}.`;
  const shown = text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text;
  return `${name} must be ${parser.form}, got ${JSON.stringify(shown)}.`;
}
