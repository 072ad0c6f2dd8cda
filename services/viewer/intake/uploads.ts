/** Resumable uploads (tus) and how far they are. */
import { signal } from '@preact/signals'
import { DetailedError, Upload } from 'tus-js-client'
import { goToSignIn } from '../api.ts'
import { newId } from '../id.ts'
import type { OfferedFile } from './dropped.ts'
import { fingerprint, forgetSet, setId, urlStorage } from './resume.ts'
import type { PlannedSlide } from './upload-plan.ts'
import { planUploads } from './upload-plan.ts'

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
  const plans = new Map<string, PlannedSlide<OfferedFile>>()
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
    const print = fingerprint(traits)
    const set = plan.files.length > 1 ? { set: setId(localStorage, print), setSize: String(plan.files.length) } : null
    try {
      let before = 0
      for (const [index, { file, path }] of plan.files.entries()) {
        const metadata = { filename: file.file.name, ...(set && { ...set, path }) }
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
        onSuccess: () => resolve(),
        onError: reject,
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
    /** Adds what was dropped or chosen; answers with the number of files that are no slides. */
    add(files: readonly OfferedFile[]): number {
      const { slides, ignored } = planUploads(files)
      const added = slides.map((plan): SlideUpload => {
        const key = newId()
        plans.set(key, plan)
        const total = plan.files.reduce((sum, { file }) => sum + file.size, 0)
        return { key, name: plan.name, sent: 0, total, state: 'waiting', reason: '', slideId: null }
      })
      list.value = [...list.value, ...added]
      void work()
      return ignored.length
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

function reasonOf(error: unknown): string {
  const status = error instanceof DetailedError ? error.originalResponse?.getStatus() : undefined
  if (status === 401) goToSignIn()
  if (status === 403) return 'You may not upload slides.'
  if (status === 413) return 'The file is larger than this server takes.'
  if (status === 507) return 'The server has no room left.'
  return status ? `The server refused it (${status}).` : 'The connection broke; what has arrived is kept.'
}
