import type { User } from '@coverslip/proto/api.ts'
import { useState } from 'preact/hooks'
import { thumbnailUrl } from '../api.ts'
import { projectPath } from '../projects/address.ts'
import { maySteward } from '../rights.ts'
import { bytesText, magnificationOf, magnificationText, savingText } from '../slide/units.ts'
import { type Row, reasonsOf } from '../slides/rows.ts'
import { IconButton } from './button.tsx'
import { Progress } from './progress.tsx'

interface SlideRowProps {
  row: Row
  user: User | null
  /** Where slides of several projects are shown, each tells its own. */
  tellsProject: boolean
  onDelete(row: Row): void
}

export function SlideRow({ row, user, tellsProject, onDelete }: SlideRowProps) {
  const viewable = row.slide?.state === 'ready' || row.slide?.state === 'tiling'
  const project = row.slide?.project ?? row.intake?.project ?? 'default'
  return (
    <li class="slide-row">
      <Thumbnail key={row.slide?.state} id={row.id} viewable={viewable} />
      <div class="grow">
        <h2>{row.slide ? <a href={`/slides/${row.id}`}>{row.name}</a> : row.name}</h2>
        {row.sourceName && row.slide ? <p class="source">{row.sourceName}</p> : null}
        {tellsProject ? <p class="source">{project}</p> : null}
        {row.tone === 'moving' ? (
          <Progress label={row.state} value={row.progress} secondsLeft={row.slide?.secondsLeft ?? null} />
        ) : (
          <State row={row} project={project} />
        )}
        {row.tone === 'moving' ? null : <Reasons of={reasonsOf(row)} />}
      </div>
      <Facts row={row} />
      {user && maySteward(user, project) ? (
        <IconButton icon="trash" label={`Delete ${row.name}`} onClick={() => onDelete(row)} />
      ) : null}
    </li>
  )
}

/** What waits for review leads there; what is held leads to those whose consent or attestation may be missing. */
function State({ row, project }: { row: Row; project: string }) {
  const tag = <span class={`tag ${row.tone}`}>{row.state}</span>
  const state = row.slide ? null : row.intake?.state
  if (state === 'review') return <a href="/review">{tag}</a>
  return state === 'held' ? <a href={projectPath(project, 'subjects')}>{tag}</a> : tag
}

/** One reason is a sentence; several, of rules that are not met, are a list that opens. */
function Reasons({ of: reasons }: { of: readonly string[] }) {
  if (reasons.length < 2) return reasons[0] ? <p class="reason">{reasons[0]}</p> : null
  return (
    <details class="reasons">
      <summary>{reasons.length} rules are not met</summary>
      <ul>
        {reasons.map(reason => (
          <li key={reason}>{reason}</li>
        ))}
      </ul>
    </details>
  )
}

function Thumbnail({ id, viewable }: { id: string; viewable: boolean }) {
  const [broken, setBroken] = useState(false)
  if (!viewable || broken) return <span class="thumbnail empty" />
  return (
    <a class="thumbnail" href={`/slides/${id}`} tabIndex={-1}>
      <img src={thumbnailUrl(id, 256)} alt="Open the slide" loading="lazy" onError={() => setBroken(true)} />
    </a>
  )
}

function Facts({ row }: { row: Row }) {
  const { slide, intake } = row
  if (!slide) return <p class="row-facts">{intake?.sourceBytes ? bytesText(intake.sourceBytes) : ''}</p>
  const { width, height, mpp, objectivePower, sizes } = slide
  const scan = objectivePower ? `${objectivePower}x` : mpp ? magnificationText(magnificationOf(mpp, 1)) : ''
  return (
    <p class="row-facts">
      {width > 0 ? <span>{`${width.toLocaleString('en')} × ${height.toLocaleString('en')} px`}</span> : null}
      {width > 0 ? (
        <span>{mpp ? `${Number(mpp.toFixed(4))} µm/px${scan ? ` · ${scan}` : ''}` : 'uncalibrated'}</span>
      ) : null}
      <span>
        {bytesText(sizes.source)}
        {sizes.pyramid !== null ? ` → ${bytesText(sizes.pyramid)}` : ''}{' '}
        <small>{savingText(sizes.source, sizes.pyramid)}</small>
      </span>
    </p>
  )
}
