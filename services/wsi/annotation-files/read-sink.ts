import type { Content } from './annotation.ts'

/** What became of one entry of a file, with its place in words. */
export interface ReadContent {
  place: string
  /** A UUID that the entry brings along. */
  id?: string | undefined
  content: Content
}
export interface Skipped {
  place: string
  reason: string
}
export interface ReadSink {
  content(read: ReadContent): void
  skip(skipped: Skipped): void
}
