/** Looking for fake patient data in what the system gives out or keeps. */
import { FAKE_PATIENT } from '@coverslip/wsi/synthetic/index.ts'

/** The words that every made slide of the project is full of. */
export const plantedWords: string[] = Object.values(FAKE_PATIENT)

/** Which of the strings occur in the bytes, any case, as ASCII or UTF-16; four characters or less would come by chance. */
export function stringsFound(bytes: Buffer, strings: readonly string[]): string[] {
  const ascii = bytes.toString('latin1').toLowerCase()
  const wide = ascii.replaceAll('\0', '')
  return strings.filter(
    text => text.length > 4 && (ascii.includes(text.toLowerCase()) || wide.includes(text.toLowerCase())),
  )
}
