import { useEffect, useMemo, useState } from 'preact/hooks'
import { api, messageOf, signedIn } from '../api.ts'
import type { OfferedFile } from '../intake/dropped.ts'
import { fromDrop } from '../intake/dropped.ts'
import { takeManifest } from '../intake/manifest.ts'
import { planUploads } from '../intake/upload-plan.ts'
import { createUploads } from '../intake/uploads.ts'
import { Account } from '../parts/account.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { GateBanner } from '../parts/gate-banner.tsx'
import { Logo } from '../parts/logo.tsx'
import { NoticeList } from '../parts/notice-list.tsx'
import { newNotices } from '../parts/notices.ts'
import { Search } from '../parts/search.tsx'
import { SlideRow } from '../parts/slide-row.tsx'
import { UploadButtons } from '../parts/upload-buttons.tsx'
import { UploadList } from '../parts/upload-list.tsx'
import { projectPath } from '../projects/address.ts'
import { projectToBeginWith, rememberedProjects, rememberProject, stewardedProjects } from '../projects/known.ts'
import { ProjectPicker } from '../projects/picker.tsx'
import { maySteward } from '../rights.ts'
import type { SlideList } from '../slides/list.ts'
import { createSlideList } from '../slides/list.ts'
import { projectsOf, type Row } from '../slides/rows.ts'

export function SlidesPage() {
  const list = useMemo(createSlideList, [])
  const uploads = useMemo(() => createUploads(list.lookSoon), [list])
  const notices = useMemo(newNotices, [])
  const [doomed, setDoomed] = useState<Row | null>(null)
  const [chosen, setChosen] = useState<string | null>(null)
  useEffect(list.open, [list])
  useEffect(() => {
    document.title = 'Slides · Coverslip'
  }, [])
  const user = list.user.value
  const mayUpload = user !== null && maySteward(user) && list.intakeOpen.value
  const remembered = rememberedProjects(localStorage)
  const seen = list.rows.value.flatMap(({ slide, intake }) => slide?.project ?? intake?.project ?? [])
  const projects = user ? stewardedProjects(user, [...seen, ...remembered, ...(chosen ? [chosen] : [])]) : []
  const project = chosen ?? projectToBeginWith(projects, remembered)
  const take = async (files: OfferedFile[]) => {
    const { slides, manifests, ignored } = planUploads(files)
    // Rules look at the manifest when a slide arrives.
    for (const { file } of manifests) await takeManifest(file, notices, project)
    uploads.add(slides, project)
    const [isAre, stay] = ignored.length === 1 ? ['is', 'stays'] : ['are', 'stay']
    if (ignored.length > 0)
      notices.show(
        `${ignored.length} file${ignored.length === 1 ? '' : 's'} ${isAre} not part of a slide and ${stay} here.`,
      )
  }
  return (
    <DropTarget enabled={mayUpload} onFiles={files => void take(files)}>
      <header class="page-header">
        <h1>
          <Logo /> Coverslip
        </h1>
        <span class="grow" />
        {mayUpload ? (
          <a class="button plain-button" href={projectPath(project, 'subjects')}>
            Project “{project}”
          </a>
        ) : null}
        {user ? <Account user={user} /> : null}
      </header>
      <main>
        <div class="actions">
          <Search label="Search slides" maxLength={100} searched={list.query.value} onSearch={list.search} />
          <span class="grow" />
          {user && mayUpload ? (
            <ProjectPicker
              label="Upload into"
              user={user}
              projects={projects}
              value={project}
              onChange={name => {
                rememberProject(localStorage, name)
                setChosen(name)
              }}
            />
          ) : null}
          {mayUpload ? <UploadButtons onFiles={files => void take(files)} /> : null}
        </div>
        {user && list.intakeOpen.value ? (
          <GateBanner user={user} projects={projectsOf(user.roles, list.rows.value)} />
        ) : null}
        {list.failure.value ? <p class="banner">{list.failure.value}</p> : null}
        <UploadList uploads={uploads} />
        <ul class="slide-rows">
          {list.rows.value.map(row => (
            <SlideRow key={row.id} row={row} user={user} tellsProject={new Set(seen).size > 1} onDelete={setDoomed} />
          ))}
        </ul>
        {list.loaded.value && list.rows.value.length === 0 ? <Empty list={list} mayUpload={mayUpload} /> : null}
        <Paging list={list} />
      </main>
      <NoticeList notices={notices} />
      {doomed ? <DeleteDialog row={doomed} onClose={() => setDoomed(null)} onDeleted={list.lookSoon} /> : null}
    </DropTarget>
  )
}

interface DropTargetProps {
  enabled: boolean
  onFiles(files: OfferedFile[]): void
  children: preact.ComponentChildren
}
/** The whole page takes dropped files and folders. */
function DropTarget({ enabled, onFiles, children }: DropTargetProps) {
  const [over, setOver] = useState(false)
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the upload buttons do the same by keyboard
    <div
      class={over ? 'page over' : 'page'}
      onDragOver={event => {
        event.preventDefault()
        setOver(enabled && (event.dataTransfer?.types.includes('Files') ?? false))
      }}
      onDragLeave={event => event.currentTarget === event.target && setOver(false)}
      onDrop={event => {
        event.preventDefault()
        setOver(false)
        if (enabled && event.dataTransfer) void fromDrop(event.dataTransfer).then(onFiles)
      }}
    >
      {children}
      {over ? <div class="drop-hint">Drop slides or folders to upload them</div> : null}
    </div>
  )
}

function Empty({ list, mayUpload }: { list: SlideList; mayUpload: boolean }) {
  if (list.query.value) return <p class="empty-list">No slide matches “{list.query.value}”.</p>
  return (
    <div class="empty-list">
      <h2>No slides yet</h2>
      {mayUpload ? (
        <p>
          Drop slide files or folders anywhere on this page, press “Upload slides”, or run{' '}
          <code>npx coverslip ingest FILE…</code>
        </p>
      ) : (
        <p>Slides appear here as soon as somebody has uploaded them.</p>
      )}
    </div>
  )
}

function Paging({ list }: { list: SlideList }) {
  if (list.page.value === 1 && !list.hasNext.value) return null
  return (
    <nav class="paging" aria-label="Pages">
      <button type="button" disabled={list.page.value === 1} onClick={list.previous}>
        Newer
      </button>
      <span>Page {list.page.value}</span>
      <button type="button" disabled={!list.hasNext.value} onClick={list.next}>
        Older
      </button>
    </nav>
  )
}

function DeleteDialog({ row, onClose, onDeleted }: { row: Row; onClose(): void; onDeleted(): void }) {
  const [failure, setFailure] = useState('')
  async function remove() {
    try {
      await signedIn(row.slide ? api.deleteSlide(row.id) : api.deleteIntakeSlide(row.id))
      onDeleted()
      onClose()
    } catch (error) {
      setFailure(messageOf(error))
    }
  }
  return (
    <Dialog title={`Delete ${row.name}?`} onClose={onClose}>
      <p>The slide, every copy of it and everything drawn on it are deleted. This cannot be undone.</p>
      {failure ? <p class="reason">{failure}</p> : null}
      <div class="buttons">
        <button type="button" class="danger" onClick={() => void remove()}>
          Delete
        </button>
        <button type="button" onClick={onClose}>
          Keep
        </button>
      </div>
    </Dialog>
  )
}
