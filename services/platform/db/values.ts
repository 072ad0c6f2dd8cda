/**
 * How column values arrive in JavaScript, the same from both adapters: bigint as a number (a bigint beyond 2^53), bytea
 * as a Buffer, date as `YYYY-MM-DD`, timestamptz as a Date, numeric as a string, json and jsonb parsed.
 */
export type Parser = (text: string) => unknown

const parseBigint: Parser = text => {
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : BigInt(text)
}

/** By type oid (pg_type.dat); types not listed are read the same way by both clients. */
export const parsers: Readonly<Record<number, Parser>> = {
  17: text => Buffer.from(text.slice(2), 'hex'),
  20: parseBigint,
  1082: text => text,
}

/** Elements of arrays: oid of `_int8` and `_date`, by the parser of their element. */
export const arrayElements: Readonly<Record<number, Parser>> = { 1016: parseBigint, 1182: text => text }
