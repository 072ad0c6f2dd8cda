/** Resumable uploads (tus) and how far they are. */
import { signal } from '@preact/signals'
import { DetailedError, Upload } from 'tus-js-client'
import { goToSignIn } from '../api.ts'
import { newId } from '../id.ts'
import type { OfferedFile } from './dropped.ts'
import { fingerprint, forgetSet, setId, urlStorage } from './resume.ts'
import type { PlannedSlide } from './upload-plan.ts'

const ENDPOINT = '/api/intake/uploads'
const RETRIES = [0, 1000, 2000, 5000, 10_000, 20_000, 30_000]

export interface SlideUpload {
  key: string
  name: string
  sent: number
  total: number
  state: 'waiting' | 'sending' | 'done' | 'failed' | 'cancelled'
  reason: string
  /** Known from the first answer on. */
  slideId: string | null
}

export type Uploads = ReturnType<typeof createUploads>

/** Slides go up one after the other, so that the first ones are ready early. */
export function createUploads(onArrived: () => void) {
  const list = signal<readonly SlideUpload[]>([])
  const plans = new Map<string, PlannedSlide<OfferedFile> & { project: string }>()
  const running = new Map<string, Upload>()
  let busy = false

  const find = (key: string) => list.value.find(upload => upload.key === key)
  const patch = (key: string, changes: Partial<SlideUpload>) => {
    list.value = list.value.map(upload => (upload.key === key ? { ...upload, ...changes } : upload))
  }

  async function work() {
    if (busy) return
    busy = true
    for (let next = waiting(); next; next = waiting()) await sendSlide(next.key)
    busy = false
  }
  const waiting = () => list.value.find(upload => upload.state === 'waiting')

  async function sendSlide(key: string) {
    const plan = plans.get(key)
    if (!plan) return
    patch(key, { state: 'sending', reason: '', sent: 0 })
    const traits = plan.files.map(({ file, path }) => ({ path, size: file.size, lastModified: file.file.lastModified }))
    // The same files for another project are another upload.
    const print = `${plan.project}-${fingerprint(traits)}`
    const set = plan.files.length > 1 ? { set: setId(localStorage, print), setSize: String(plan.files.length) } : null
    try {
      let before = 0
      for (const [index, { file, path }] of plan.files.entries()) {
        const metadata = { filename: file.file.name, project: plan.project, ...(set && { ...set, path }) }
        await sendFile(key, file.file, metadata, `${print}-${index}`, sent => patch(key, { sent: before + sent }))
        before += file.size
      }
      forgetSet(localStorage, print)
      patch(key, { state: 'done' })
      onArrived()
    } catch (error) {
      if (find(key)?.state !== 'cancelled') patch(key, { state: 'failed', reason: reasonOf(error) })
    }
  }

  function sendFile(
    key: string,
    file: File,
    metadata: Record<string, string>,
    print: string,
    onProgress: (sent: number) => void,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const upload = new Upload(file, {
        endpoint: ENDPOINT,
        metadata,
        retryDelays: RETRIES,
        removeFingerprintOnSuccess: true,
        fingerprint: async () => print,
        urlStorage: urlStorage(localStorage),
        onProgress,
        onAfterResponse: (_request, response) => {
          const slideId = response.getHeader('Coverslip-Slide-Id')
          if (slideId) {
            patch(key, { slideId })
            onArrived()
          }
        },
        // A busy server says when to come back; the library does not know Retry-After.
        onShouldRetry: error => askedToWait(error) === undefined && mayPass(error),
        onSuccess: () => resolve(),
        onError: error => {
          const wait = askedToWait(error)
          if (wait === undefined) return reject(error)
          setTimeout(() => (find(key)?.state === 'sending' ? upload.start() : reject(error)), wait)
        },
      })
      running.set(key, upload)
      upload.findPreviousUploads().then(previous => {
        if (previous[0]) upload.resumeFromPreviousUpload(previous[0])
        upload.start()
      }, reject)
    })
  }

  return {
    list,
    /** Adds the slides of a plan, for a project. */
    add(slides: readonly PlannedSlide<OfferedFile>[], project: string) {
      const added = slides.map((plan): SlideUpload => {
        const key = newId()
        plans.set(key, { ...plan, project })
        const total = plan.files.reduce((sum, { file }) => sum + file.size, 0)
        return { key, name: plan.name, sent: 0, total, state: 'waiting', reason: '', slideId: null }
      })
      list.value = [...list.value, ...added]
      void work()
    },
    retry(key: string) {
      patch(key, { state: 'waiting', reason: '' })
      void work()
    },
    /** Stops sending and takes back what the server has of it. */
    async cancel(key: string) {
      patch(key, { state: 'cancelled' })
      await running
        .get(key)
        ?.abort(true)
        .catch(() => {})
      this.dismiss(key)
    },
    dismiss(key: string) {
      plans.delete(key)
      running.delete(key)
      list.value = list.value.filter(upload => upload.key !== key)
    },
  }
}

const answerOf = (error: unknown) => (error instanceof DetailedError ? error.originalResponse : null)

/** How long a busy server (429, 503) asks to wait, in milliseconds. */
function askedToWait(error: unknown): number | undefined {
  const answer = answerOf(error)
  const seconds = Number(answer?.getHeader('Retry-After') || Number.NaN)
  if (!answer || ![429, 503].includes(answer.getStatus()) || Number.isNaN(seconds)) return undefined
  // Not all at the same moment.
  return seconds * 1000 * (1 + Math.random() / 2)
}

/** As the library decides when it is not told: a broken connection, a server's fault, another offset, a held lock. */
function mayPass(error: unknown): boolean {
  const status = answerOf(error)?.getStatus() ?? 0
  return (status < 400 || status >= 500 || status === 409 || status === 423) && navigator.onLine
}

/** The sentence of an answer that is a problem (RFC 9457). */
function sentenceOf(body: string | undefined): string | undefined {
  try {
    const { detail } = JSON.parse(body ?? '') as { detail?: unknown }
    return typeof detail === 'string' ? detail : undefined
  } catch {
    return undefined
  }
}

function reasonOf(error: unknown): string {
  const status = answerOf(error)?.getStatus()
  if (status === 401) goToSignIn()
  if (status === 403) return 'You may not upload slides.'
  if (status === 413) return 'The file is larger than this server takes.'
  if (status === 507) return 'The server has no room left.'
  const sentence = sentenceOf(answerOf(error)?.getBody())
  if (sentence) return `${sentence}.`
  return status ? `The server refused it (${status}).` : 'The connection broke; what has arrived is kept.'
}
