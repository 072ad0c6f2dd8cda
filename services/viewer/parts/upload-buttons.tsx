import { useRef } from 'preact/hooks'
import type { OfferedFile } from '../intake/dropped.ts'
import { fromInput } from '../intake/dropped.ts'
import { Icons } from './icons.tsx'

/** Files, or a whole folder (a MIRAX slide is a file and its folder). */
export function UploadButtons({ onFiles }: { onFiles(files: OfferedFile[]): void }) {
  const files = useRef<HTMLInputElement>(null)
  const folder = useRef<HTMLInputElement>(null)
  const take = (event: { currentTarget: HTMLInputElement }) => {
    onFiles(fromInput(event.currentTarget.files ?? []))
    event.currentTarget.value = ''
  }
  return (
    <>
      <button type="button" class="primary" onClick={() => files.current?.click()}>
        <Icons.upload />
        Upload slides
      </button>
      <button
        type="button"
        title="A folder with slides; needed for MIRAX (.mrxs and its folder)"
        onClick={() => folder.current?.click()}
      >
        <Icons.folder />
        Folder
      </button>
      <input ref={files} type="file" multiple class="hidden" tabIndex={-1} aria-label="Slide files" onChange={take} />
      <input
        ref={folder}
        type="file"
        class="hidden"
        tabIndex={-1}
        aria-label="Folder with slides"
        onChange={take}
        {...{ webkitdirectory: true }}
      />
    </>
  )
}
