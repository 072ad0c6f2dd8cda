import type { WatchedFolders } from '@coverslip/proto/api/schemas.ts'
import { watchedFolders } from '../intake/watched.ts'
import { Answered } from '../parts/answered.tsx'
import { Table } from '../parts/table.tsx'
import { Time } from '../parts/time.tsx'
import { useAnswer } from '../use-answer.ts'
import type { InProject } from './project.tsx'

type Folder = WatchedFolders['folders'][number]

const LOOK_EVERY = 3000

/** What the watched folders have seen, and why a file of them was not taken. */
export function FoldersPage({ project }: InProject) {
  const answer = useAnswer(
    project,
    () => watchedFolders(project),
    () => LOOK_EVERY,
  )
  return (
    <>
      <h1>Watched folders</h1>
      <p class="lead">
        A slide that a scanner writes into a watched folder is taken when it has stopped growing and opens. Coverslip
        only reads there.
      </p>
      <Answered answer={answer}>
        {folders =>
          folders.length === 0 ? (
            <div class="empty-list">
              <h2>No folder is watched for this project</h2>
              <p>
                The setting <code>WATCH_FOLDERS</code> names folders and their projects.
              </p>
            </div>
          ) : (
            folders.map(folder => <FolderCard key={folder.folder} folder={folder} />)
          )
        }
      </Answered>
    </>
  )
}

function FolderCard({ folder }: { folder: Folder }) {
  return (
    <section class="box">
      <header>
        <h2 class="path">{folder.folder}</h2>
        <span class="tags">
          {folder.settling > 0 ? <span class="tag held">{folder.settling} coming</span> : null}
          {folder.unreadable > 0 ? <span class="tag bad">{folder.unreadable} cannot be read</span> : null}
          {folder.refused > 0 ? <span class="tag bad">{folder.refused} refused</span> : null}
          <span class="tag good">{folder.taken} taken</span>
        </span>
      </header>
      {folder.problem ? <p class="reason">{folder.problem}</p> : null}
      <p class="hint">
        {folder.lookedAt ? (
          <>
            {folder.files} file{folder.files === 1 ? '' : 's'} when it was last looked at, <Time at={folder.lookedAt} />
          </>
        ) : (
          'It has not been looked at yet.'
        )}
      </p>
      {folder.waiting.length > 0 ? <Waiting list={folder.waiting} /> : null}
    </section>
  )
}

const STATES: Readonly<Record<string, { text: string; tone: string }>> = {
  settling: { text: 'Settling', tone: 'held' },
  unreadable: { text: 'Cannot be read yet', tone: 'bad' },
  copying: { text: 'Being taken', tone: 'held' },
  refused: { text: 'Refused', tone: 'bad' },
}

function Waiting({ list }: { list: Folder['waiting'] }) {
  return (
    <Table columns={['File', 'State', 'Why', 'Since']}>
      {list.map(({ name, state, reason, since }) => (
        <tr key={`${name} ${since}`}>
          <th scope="row" class="path">
            {name}
          </th>
          <td>
            <span class={`tag ${STATES[state]?.tone ?? ''}`}>{STATES[state]?.text ?? state}</span>
          </td>
          <td class="why">{reason}</td>
          <td>
            <Time at={since} />
          </td>
        </tr>
      ))}
    </Table>
  )
}
