import { useRef, useState } from 'preact/hooks'
import { api, messageOf, signedIn } from '../api.ts'
import type { Page } from '../slide/commands.ts'
import { Icons } from './icons.tsx'
import { OneFile } from './one-file.tsx'

/** Import and export of annotation files. */
export function Files({ page }: { page: Page }) {
  const { state } = page
  const { id } = state.slide
  const picker = useRef<HTMLInputElement>(null)
  const [busy, setBusy] = useState(false)

  async function importFile(file: File) {
    setBusy(true)
    try {
      const { imported, skipped } = await signedIn(api.importAnnotations(id, file))
      state.notices.show(`${imported} annotation${imported === 1 ? '' : 's'} imported.`, skipped)
    } catch (error) {
      state.notices.show(`Nothing imported: ${messageOf(error)}`)
    } finally {
      setBusy(false)
    }
  }

  return (
    <section>
      <h2 class="hidden">Files</h2>
      <div class="buttons compact">
        {state.writable ? (
          <button
            type="button"
            title="ImageScope XML, ASAP XML or GeoJSON"
            disabled={busy}
            onClick={() => picker.current?.click()}
          >
            <Icons.upload />
            {busy ? 'Importing…' : 'Import…'}
          </button>
        ) : null}
        <a
          class="button"
          title="Export as GeoJSON (QuPath)"
          href={`/api/slides/${id}/annotations.geojson`}
          download={`${state.slide.name}.geojson`}
        >
          <Icons.download />
          GeoJSON
        </a>
        <a
          class="button"
          title="Export as ImageScope XML"
          href={`/api/slides/${id}/annotations.xml`}
          download={`${state.slide.name}.xml`}
        >
          <Icons.download />
          ImageScope
        </a>
        <a
          class="button"
          title="Export as ASAP XML"
          href={`/api/slides/${id}/annotations.asap.xml`}
          download={`${state.slide.name}.asap.xml`}
        >
          <Icons.download />
          ASAP
        </a>
      </div>
      <OneFile
        picker={picker}
        label="Annotation file: ImageScope XML, ASAP XML or GeoJSON"
        accept=".xml,.geojson,.json"
        onFile={file => void importFile(file)}
      />
    </section>
  )
}
