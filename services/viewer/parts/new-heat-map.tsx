import { useRef, useState } from 'preact/hooks'
import { Icons } from './icons.tsx'
import { OneFile } from './one-file.tsx'

/** What is measured, then the file with its values; a file's own name is not asked for and goes nowhere. */
export function NewHeatMap({ onFile }: { onFile(name: string, file: File): Promise<void> }) {
  const picker = useRef<HTMLInputElement>(null)
  const [name, setName] = useState('')
  const [busy, setBusy] = useState(false)
  const take = (file: File) => {
    setBusy(true)
    void onFile(name.trim(), file).finally(() => setBusy(false))
  }
  return (
    <form
      class="inline"
      onSubmit={event => {
        event.preventDefault()
        picker.current?.click()
      }}
    >
      <input
        aria-label="What the heat map shows"
        placeholder="What it shows"
        maxLength={100}
        value={name}
        ref={input => input?.focus()}
        onInput={event => setName(event.currentTarget.value)}
      />
      <button
        type="submit"
        title="npy, PNG, TIFF, or rows of JSON; over the whole slide"
        disabled={!name.trim() || busy}
      >
        <Icons.upload />
        {busy ? 'Laying…' : 'File…'}
      </button>
      <OneFile
        picker={picker}
        label="File with the values of a heat map"
        accept=".npy,.png,.tif,.tiff,.json"
        onFile={take}
      />
    </form>
  )
}
