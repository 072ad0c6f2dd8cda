/**
 * Configuration: each setting is declared once with its type, default and help; values come from environment variables.
 * READMEs, the chart's schema and the error texts derive from the declarations.
 */
import { readFileSync } from 'node:fs'
import { folderOf } from '@coverslip/proto/services.ts'
import { z } from 'zod'

export interface Setting<Value = unknown> {
  /** Parses the text of the variable; its error says what was expected. */
  type: z.ZodType<Value, string>
  /** As it would be written in the environment; `{data}` stands for COVERSLIP_DATA, `{port}` for PORT. */
  default: string
  help: string
  /** Never printed; the variable NAME_FILE may name a file that holds the value (a mounted secret). */
  secret?: boolean
}
export type Settings = Record<string, Setting>
export type ValuesOf<S extends Settings> = {
  readonly [Name in keyof S]: S[Name] extends Setting<infer Value> ? Value : never
}

const UNITS: Record<string, number> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 }
const TIMES: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** A text as it stands. */
export const text = z.string()
/** A whole number within bounds. */
export const integer = (min: number, max: number): z.ZodType<number, string> =>
  z.string().transform((value, context) => {
    const number = Number(value)
    if (/^-?\d+$/.test(value) && number >= min && number <= max) return number
    context.addIssue(`expected a whole number from ${min} to ${max}`)
    return z.NEVER
  })
/** `1` or `true`, `0`, `false` or empty. */
export const flag: z.ZodType<boolean, string> = z.string().transform((value, context) => {
  if (['1', 'true'].includes(value)) return true
  if (['', '0', 'false'].includes(value)) return false
  context.addIssue('expected 1 or 0')
  return z.NEVER
})
/** A number of bytes such as `512m`; k, m, g and t are powers of 1024. */
export const bytes: z.ZodType<number, string> = z.string().transform((value, context) => {
  const match = /^(\d+(?:\.\d+)?)([kmgt]?)(?:i?b)?$/i.exec(value)
  if (match) return Math.round(Number(match[1]) * UNITS[(match[2] ?? '').toLowerCase()]!)
  context.addIssue('expected a size such as 512m or 2g')
  return z.NEVER
})
/** Milliseconds from a duration such as `10m`. */
export const duration: z.ZodType<number, string> = z.string().transform((value, context) => {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(value)
  if (match) return Number(match[1]) * TIMES[match[2]!]!
  context.addIssue('expected a duration such as 500ms, 30s, 10m or 7d')
  return z.NEVER
})
/** What a function reads of a text; null: it is of another form. */
export const readBy = <Value>(read: (value: string) => Value | null, form: string): z.ZodType<Value, string> =>
  z.string().transform((value, context) => {
    const found = read(value)
    if (found !== null) return found
    context.addIssue(form)
    return z.NEVER
  })
/** A URL whose scheme is one of the given. */
export const urlOf = (...schemes: string[]): z.ZodType<string, string> =>
  z.string().refine(value => schemes.some(scheme => value.startsWith(`${scheme}:`)), {
    message: `expected a URL that begins with ${schemes.map(scheme => `${scheme}:`).join(' or ')}`,
  })

/** All wrong settings at once, by name. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: string[]
  constructor(problems: string[]) {
    super(`the configuration is wrong:\n${problems.map(problem => `  ${problem}`).join('\n')}`)
    this.problems = problems
  }
}

/**
 * Parses the settings of every part of a process together.
 * @param parts settings by the name of the part (for the pointer to its README)
 * @throws ConfigError that names every wrong variable; secrets are not quoted
 */
export function readConfig<Parts extends Record<string, Settings>>(
  parts: Parts,
  environment: Record<string, string | undefined>,
): { [Part in keyof Parts]: ValuesOf<Parts[Part]> } {
  const problems: string[] = []
  const values: Record<string, Record<string, unknown>> = {}
  // A default may refer to two settings that everything hangs on.
  const named: Record<string, string> = {
    '{data}': environment.COVERSLIP_DATA || './data',
    '{port}': environment.PORT || '8080',
  }
  const expand = (value: string) => value.replaceAll(/\{data\}|\{port\}/g, found => named[found]!)
  for (const [part, settings] of Object.entries(parts)) {
    const read: Record<string, unknown> = {}
    values[part] = read
    for (const [name, setting] of Object.entries(settings)) {
      const given = readGiven(name, setting, environment) ?? expand(setting.default)
      const parsed = typeof given === 'string' ? setting.type.safeParse(given) : given
      if (parsed.success) {
        read[name] = parsed.data
        continue
      }
      const quoted = setting.secret ? '' : `, got "${given}"`
      const expected = parsed.error.issues.map(issue => issue.message).join('; ')
      problems.push(`${name}: ${expected}${quoted} (services/${folderOf(part)}/README.md)`)
    }
  }
  if (problems.length > 0) throw new ConfigError([...new Set(problems)])
  return values as { [Part in keyof Parts]: ValuesOf<Parts[Part]> }
}

/** The variable's text, or that of the file which a secret's NAME_FILE names; undefined when neither is set. */
function readGiven(name: string, setting: Setting, environment: Record<string, string | undefined>) {
  const file = setting.secret ? environment[`${name}_FILE`] : undefined
  if (file === undefined) return environment[name]
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return {
      success: false,
      error: { issues: [{ message: `the file named by ${name}_FILE cannot be read` }] },
    } as const
  }
}

/** The settings as a Markdown table, for READMEs. */
export function configTable(settings: Settings): string {
  const rows = Object.entries(settings).map(([name, { default: value, help, secret }]) => {
    const shown = value === '' ? '' : `\`${value}\``
    return `| \`${name}\` | ${shown} | ${help}${secret ? ` (secret; \`${name}_FILE\` may name a file that holds it)` : ''} |`
  })
  return ['| variable | default | meaning |', '| --- | --- | --- |', ...rows].join('\n')
}
