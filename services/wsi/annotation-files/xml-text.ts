/** All digits, so that nothing moves; without the exponents of the tiniest numbers, which some readers do not take. */
export const decimal = (value: number): string =>
  value !== 0 && Math.abs(value) < 1e-6 ? value.toFixed(9) : String(value)

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
}

/** As the value of an attribute; characters that XML 1.0 cannot hold become U+FFFD. */
export function escaped(text: string): string {
  const holdable = text.replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
  return holdable.replaceAll(/[&<>"\t\n\r]/g, found => ENTITIES[found]!)
}
