/** What the pictures that leave this service can be coded as. */

export const FORMATS = ['jpeg', 'webp', 'png', 'avif'] as const
export type Format = (typeof FORMATS)[number]

/** Whether a path's extension or a parameter names one. */
export const isFormat = (text: string): text is Format => (FORMATS as readonly string[]).includes(text)

export const MEDIA_TYPE: Readonly<Record<Format, string>> = {
  jpeg: 'image/jpeg',
  webp: 'image/webp',
  png: 'image/png',
  avif: 'image/avif',
}

/** Of what is coded anew, 1 to 100: stored pixels have lost what they may lose, and lose little more. */
export const QUALITY = 80
